//! Whether the client's copy is still right (RFC 9110, section 13).

use chrono::{DateTime, NaiveDateTime, Utc};
use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE};

/// The form of dates in headers.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// What tells two versions of an object apart.
pub(super) struct Validators<'a> {
    /// Strong, with its quotes.
    pub(super) etag: &'a str,
    /// Whole seconds count.
    pub(super) modified: DateTime<Utc>,
}

/// A moment as headers write it.
pub(super) fn http_date(moment: DateTime<Utc>) -> String {
    moment.format(HTTP_DATE).to_string()
}

/// Whether `If-None-Match` names this tag (or any).
pub(super) fn has_tag(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|tag| {
        // The weak comparison: a proxy may have marked the tag when it compressed.
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

/// Whether the client's copy is current. Tags, if there are any, decide alone.
pub(super) fn is_current(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return has_tag(headers, validators.etag);
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| date(value.to_str().ok()?));
    since.is_some_and(|since| validators.modified.timestamp() <= since.timestamp())
}

/// Whether `Range` may be honoured: yes without `If-Range`, and with one that names this very version.
pub(super) fn range_applies(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else { return true };
    let Ok(condition) = condition.to_str().map(str::trim) else { return false };
    if condition.starts_with('"') || condition.starts_with("W/") {
        return condition == validators.etag;
    }
    date(condition).is_some_and(|date| date.timestamp() == validators.modified.timestamp())
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE).ok().map(|date| date.and_utc())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const ETAG: &str = "\"photos.r.x.jpg\"";

    fn validators() -> Validators<'static> {
        Validators { etag: ETAG, modified: "2026-05-01T10:00:00.9Z".parse().unwrap() }
    }

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn dates_go_there_and_back() {
        let text = http_date(validators().modified);
        assert_eq!(text, "Fri, 01 May 2026 10:00:00 GMT");
        assert_eq!(date(&text).unwrap().timestamp(), validators().modified.timestamp());
    }

    #[test]
    fn tags_decide_before_dates() {
        for current in [ETAG, "*", "\"a\", W/\"photos.r.x.jpg\"", "\"photos.r.x.jpg\",\"b\""] {
            assert!(is_current(&with(IF_NONE_MATCH, current), &validators()), "{current}");
        }
        let mut other = with(IF_NONE_MATCH, "\"other\"");
        other.insert(IF_MODIFIED_SINCE, HeaderValue::from_static("Fri, 01 May 2026 10:00:00 GMT"));
        assert!(!is_current(&other, &validators()));
    }

    #[test]
    fn dates_count_in_seconds() {
        let at = |text| is_current(&with(IF_MODIFIED_SINCE, text), &validators());
        assert!(at("Fri, 01 May 2026 10:00:00 GMT"));
        assert!(at("Sat, 02 May 2026 10:00:00 GMT"));
        assert!(!at("Fri, 01 May 2026 09:59:59 GMT"));
        assert!(!at("yesterday"));
        assert!(!is_current(&HeaderMap::new(), &validators()));
    }

    #[test]
    fn a_range_of_another_version_is_not_given() {
        assert!(range_applies(&HeaderMap::new(), &validators()));
        let table = [
            (ETAG, true),
            ("Fri, 01 May 2026 10:00:00 GMT", true),
            ("\"other\"", false),
            ("W/\"photos.r.x.jpg\"", false),
            ("Fri, 01 May 2026 10:00:01 GMT", false),
            ("rubbish", false),
        ];
        for (condition, expected) in table {
            assert_eq!(range_applies(&with(IF_RANGE, condition), &validators()), expected, "{condition}");
        }
    }
}
