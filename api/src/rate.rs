//! What clients are told of their limits (draft-ietf-httpapi-ratelimit-headers-10).
//!
//! A request over the limit is refused at the door with 429, as one with a dead session is with 401, in either media type: GraphQL has
//! not begun, and proxies and clients know what to do with the status. What a mutation refuses while it runs is an error of its field.

use async_graphql::{Response, ServerError};
use darkroom_service::Error;
use darkroom_service::rate::Charge;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::graphql::operation::coded;
use crate::refusal::Refusal;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The request may go on, or is refused with everything that a client should know.
pub(crate) fn admit(charge: &Charge) -> Result<(), Refusal> {
    if charge.verdict.allowed {
        return Ok(());
    }
    let retry_after = charge.verdict.retry_after;
    let refusal = Refusal::from(Error::RateLimited { retry_after });
    Err(headers(charge).into_iter().fold(refusal, |refusal, (name, value)| refusal.header(name, value)))
}

/// Tells in an answer what is left.
pub(crate) fn tell(answer: &mut HeaderMap, charge: &Charge) {
    answer.extend(headers(charge));
}

/// The same refusal as a response, where there is no status.
pub(crate) fn refused(charge: &Charge) -> Response {
    let retry_after = charge.verdict.retry_after;
    let mut error: ServerError = coded("RATE_LIMITED", Error::RateLimited { retry_after }.to_string());
    error.extensions.get_or_insert_default().set("retryAfter", retry_after.as_secs());
    Response::from_errors(vec![error])
}

fn headers(charge: &Charge) -> [(HeaderName, HeaderValue); 2] {
    let Charge { policy, verdict } = charge;
    let policy_text = format!("\"{}\";q={};w={}", policy.name, policy.quota, policy.window.as_secs());
    // `t` is when more is there: for one who is refused, when enough is.
    let wait = if verdict.allowed { verdict.reset_after } else { verdict.retry_after };
    let limit_text = format!("\"{}\";r={};t={}", policy.name, verdict.remaining, wait.as_secs());
    [(RATE_LIMIT_POLICY, policy_text), (RATE_LIMIT, limit_text)]
        .map(|(name, text)| (name, HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::time::Duration;

    use super::*;
    use darkroom_platform::rates::{Policy, Verdict};

    #[test]
    fn what_the_headers_say() {
        let policy = Policy { name: "session", quota: 500, window: Duration::from_secs(60) };
        let (reset_after, retry_after) = (Duration::from_secs(59), Duration::from_secs(7));
        let mut verdict = Verdict { allowed: true, remaining: 12, reset_after, retry_after: Duration::ZERO };
        let mut answer = HeaderMap::new();
        tell(&mut answer, &Charge { policy, verdict });
        assert_eq!(answer[RATE_LIMIT_POLICY], "\"session\";q=500;w=60");
        assert_eq!(answer[RATE_LIMIT], "\"session\";r=12;t=59");
        verdict = Verdict { allowed: false, retry_after, ..verdict };
        let refused = admit(&Charge { policy, verdict }).unwrap_err().render("x");
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "7");
        assert_eq!(refused.headers()[RATE_LIMIT], "\"session\";r=12;t=7");
    }
}
