//! A name for every request, in its response, its errors and its log lines.

use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Where clients and proxies send it, and find it in the answer.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The client's, if it is 1 to 64 letters, digits and hyphens; else a fresh one.
    pub(crate) fn accept(headers: &HeaderMap) -> Self {
        let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        let sane = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        Self(sent.filter(sane).map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned))
    }

    /// The one that the outermost middleware has set.
    pub(crate) fn of(extensions: &Extensions) -> &str {
        extensions.get::<Self>().map_or("", |id| &id.0)
    }

    /// As the value of the response's header.
    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_one_is_kept_and_another_replaced() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(text).unwrap());
            RequestId::accept(&headers).to_string()
        };
        assert_eq!(id("abc-DEF-1"), "abc-DEF-1");
        let long = "a".repeat(65);
        for other in ["", "a b", "a\"b", "ä", long.as_str()] {
            let made = id(other);
            assert!(made != other && made.len() == 32, "{other}: {made}");
        }
    }
}
