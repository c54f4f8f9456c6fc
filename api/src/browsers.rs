//! What browsers are told: whose pages may use the API, and to come by HTTPS only.

use std::time::Duration;

use axum::Router;
use darkroom_platform::config::Origins;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, STRICT_TRANSPORT_SECURITY};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// What a page may send beyond what any form can.
const SENT: [HeaderName; 9] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("apollo-require-preflight"),
    HeaderName::from_static("apollographql-client-name"),
    HeaderName::from_static("graphql-client-name"),
    HeaderName::from_static("graphql-require-preflight"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-request-id"),
];

/// What a page may read beyond the body.
const READ: [HeaderName; 5] = [
    RETRY_AFTER,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("x-request-id"),
];

/// A browser asks again after so long whether it may: Chromium keeps no answer longer.
const REMEMBERED: Duration = Duration::from_secs(7200);

/// The settings for browsers.
pub(crate) struct Browsers {
    /// Whose pages may use the API.
    pub(crate) origins: Origins,
    /// So long they come by HTTPS only (RFC 6797); 0 for no word of it.
    pub(crate) hsts_seconds: u64,
}

impl Browsers {
    /// Adds to the answers of these routes what browsers are told, and answers what they ask beforehand (Fetch, section "CORS
    /// protocol"). Credentials are never allowed: a session is a header that the page sets, and no cookie.
    pub(crate) fn tell(&self, routes: Router) -> Router {
        let routes = match self.allowed() {
            None => routes,
            Some(allowed) => routes.layer(
                CorsLayer::new()
                    .allow_origin(allowed)
                    .allow_methods([Method::GET, Method::POST, Method::PUT])
                    .allow_headers(SENT)
                    .expose_headers(READ)
                    .max_age(REMEMBERED),
            ),
        };
        match HeaderValue::try_from(format!("max-age={}", self.hsts_seconds)) {
            Ok(value) if self.hsts_seconds > 0 => {
                routes.layer(SetResponseHeaderLayer::overriding(STRICT_TRANSPORT_SECURITY, value))
            }
            _ => routes,
        }
    }

    /// None if nobody else's pages may.
    fn allowed(&self) -> Option<AllowOrigin> {
        match &self.origins {
            Origins::All => Some(AllowOrigin::any()),
            Origins::Listed(listed) if listed.is_empty() => None,
            listed => {
                let listed = listed.clone();
                let allow = move |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| listed.allow(origin));
                Some(AllowOrigin::predicate(move |origin, _| allow(origin)))
            }
        }
    }
}
