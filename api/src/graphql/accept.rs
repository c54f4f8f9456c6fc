//! What the client wants the answer to be: `Accept`, by the GraphQL-over-HTTP specification.

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::refusal::Refusal;

/// How a single response is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`: 200 for everything that is well-formed, the form that older clients know.
    Json,
    /// `application/graphql-response+json`: 400 if the operation was not begun.
    GraphQlResponse,
}

impl MediaType {
    /// The `Content-Type` of a response in this form.
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One response.
    Single(MediaType),
    /// `text/event-stream`: a response an event.
    EventStream,
}

/// What can be had, the preferred one first among those that the client likes equally well.
const OFFERS: [(&str, Form); 3] = [
    ("application/graphql-response+json", Form::Single(MediaType::GraphQlResponse)),
    ("application/json", Form::Single(MediaType::Json)),
    ("text/event-stream", Form::EventStream),
];

/// Chooses the form of the answer; 406 if the client takes none of ours.
///
/// Without the header, and for a client that takes anything, it is `application/json`. An event stream must be named.
pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Form, Refusal> {
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let Ok(text) = value.to_str() else { return Err(not_acceptable()) };
        ranges.extend(text.split(',').map(str::trim).filter(|range| !range.is_empty()).map(Range::parse));
    }
    if ranges.is_empty() {
        return Ok(Form::Single(MediaType::Json));
    }
    let mut best: Option<((u16, u8), Form)> = None;
    for (name, form) in OFFERS {
        // The most specific range decides about an offer, whatever a wider one says.
        let Some(range) = ranges.iter().filter(|range| range.matches(name, form)).max_by_key(|r| r.specificity())
        else {
            continue;
        };
        let rank = (range.quality, range.specificity());
        let wins = match best {
            None => true,
            Some((other, _)) if rank == other => range.specificity() < 2 && form == Form::Single(MediaType::Json),
            Some((other, _)) => rank > other,
        };
        if range.quality > 0 && wins {
            best = Some((rank, form));
        }
    }
    best.map(|(_, form)| form).ok_or_else(not_acceptable)
}

fn not_acceptable() -> Refusal {
    Refusal::new(
        StatusCode::NOT_ACCEPTABLE,
        "INVALID",
        "Accept application/graphql-response+json, application/json or text/event-stream, in UTF-8.",
    )
}

/// One media range of the header.
#[derive(Debug)]
struct Range {
    name: String,
    /// In thousandths; 0 means "not this".
    quality: u16,
    utf8: bool,
}

impl Range {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut quality, mut utf8) = (1000, true);
        for parameter in parts {
            let Some((key, value)) = parameter.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            if key.trim().eq_ignore_ascii_case("q") {
                quality = value.parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).map_or(0, thousandths);
            } else if key.trim().eq_ignore_ascii_case("charset") {
                utf8 = value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8");
            }
        }
        Self { name, quality, utf8 }
    }

    fn matches(&self, offer: &str, form: Form) -> bool {
        let named = self.name == offer;
        let wild = self.name == "*/*" || (self.name == "application/*" && offer.starts_with("application/"));
        self.utf8 && (named || (wild && form != Form::EventStream))
    }

    fn specificity(&self) -> u8 {
        match self.name.as_str() {
            "*/*" => 0,
            name if name.ends_with("/*") => 1,
            _ => 2,
        }
    }
}

fn thousandths(quality: f32) -> u16 {
    // 0 to 1000: the cast loses nothing but digits behind the third.
    (quality * 1000.0).round() as u16
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn form(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        negotiate(&headers).ok()
    }

    #[test]
    fn the_table() {
        const JSON: Option<Form> = Some(Form::Single(MediaType::Json));
        const GRAPHQL: Option<Form> = Some(Form::Single(MediaType::GraphQlResponse));
        const EVENTS: Option<Form> = Some(Form::EventStream);
        let table = [
            ("application/json", JSON),
            ("APPLICATION/JSON; charset=UTF-8", JSON),
            ("application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
            ("application/json, application/graphql-response+json", GRAPHQL),
            ("application/json, application/graphql-response+json;q=0.5", JSON),
            ("application/json;q=0, application/graphql-response+json;q=0.1", GRAPHQL),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/json, */*", JSON),
            ("application/graphql-response+json, */*", GRAPHQL),
            ("*/*, application/json;q=0", GRAPHQL),
            ("text/html, */*;q=0.1", JSON),
            ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", GRAPHQL),
            ("text/event-stream", EVENTS),
            ("text/event-stream, */*;q=0.5", EVENTS),
            ("text/html", None),
            ("text/*", None),
            ("application/json;q=0", None),
            ("application/json;q=x", None),
            ("application/json; charset=utf-16", None),
            ("image/png, text/plain", None),
        ];
        for (accept, expected) in table {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }

    #[test]
    fn nothing_said_is_json() {
        assert_eq!(negotiate(&HeaderMap::new()).unwrap(), Form::Single(MediaType::Json));
    }

    #[test]
    fn several_headers_count_as_one() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(ACCEPT, HeaderValue::from_static("application/graphql-response+json"));
        assert_eq!(negotiate(&headers).unwrap(), Form::Single(MediaType::GraphQlResponse));
    }
}
