//! The operators' job page, at `/admin`.
//!
//! It holds nothing of anybody: what it shows it asks of `/admin/graphql`, with the session of whoever signs in on it. So whoever
//! comes may have it. Three files from `web/`, served as they stand.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

/// Nothing but its own two files and this server's answers; the icon is a data URL.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    connect-src 'self'; img-src data:; script-src 'self'; style-src 'self'";

macro_rules! web {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../web/", $name))
    };
}

/// The routes.
pub(super) fn routes() -> Router {
    let html = || async { file("text/html; charset=utf-8", web!("jobs.html")) };
    let css = || async { file("text/css; charset=utf-8", web!("jobs.css")) };
    let script = || async { file("text/javascript; charset=utf-8", web!("jobs.js")) };
    Router::new().route("/admin", get(html)).route("/admin/jobs.css", get(css)).route("/admin/jobs.js", get(script))
}

/// Asked for anew each time: operators are few, and a page must fit its script.
fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}
