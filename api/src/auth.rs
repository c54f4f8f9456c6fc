//! Who asks: `Authorization: Bearer <token>`.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::refusal::Refusal;

/// Said to a person whose session does not stand any more.
pub(crate) const ENDED: &str = "The session has ended. Sign in again.";

/// The token of the request; none if the header is missing.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(token).filter(|_| values.next().is_none());
    token.map(Some).ok_or_else(|| Refusal::unauthenticated("Send one header, Authorization: Bearer <token>."))
}

/// The token in the value of the header, or of a WebSocket's `connection_init`.
pub(crate) fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// 401: the token is unknown, revoked or expired.
pub(crate) fn ended() -> Refusal {
    Refusal::unauthenticated(ENDED)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn one_bearer_token_or_none() {
        let mut headers = HeaderMap::new();
        assert!(bearer(&headers).unwrap().is_none());
        for good in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(good).unwrap());
            assert_eq!(bearer(&headers).unwrap(), Some("abc"), "{good}");
        }
        for bad in ["", "abc", "Bearer", "Bearer ", "Basic YTpi"] {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(bad).unwrap());
            assert!(bearer(&headers).is_err(), "{bad}");
        }
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer xyz"));
        assert!(bearer(&headers).is_err());
    }
}
