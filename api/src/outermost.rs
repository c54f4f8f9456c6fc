//! The middleware around everything: request id, panics, error bodies, headers for browsers, one log line.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument;

use crate::refusal::Refusal;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// What browsers are told unless a route has said otherwise: nothing of ours is a page but the IDE.
const DEFAULTS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Runs a request and logs it: the path without its query (links are secrets), never a header or a body.
pub(crate) async fn around(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = RequestId::accept(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request_id = %id);
    let run = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = match run.await {
        Ok(response) => response,
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            span.in_scope(|| tracing::error!(message, "a request panicked"));
            Refusal::internal().into_response()
        }
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        // What a layer on the way has added (Allow, Connection) stays.
        let added: HeaderMap = std::mem::take(response.headers_mut());
        response = refusal.render(id.as_str());
        for (name, value) in &added {
            if *name != http::header::CONTENT_LENGTH && *name != http::header::CONTENT_TYPE {
                response.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(value);
    }
    if let Some(value) = id.header_value() {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
    tracing::info!(%method, path, status, ms, request_id = %id, "request");
    response
}

/// 404 for every path that is no route.
pub(crate) async fn unknown_path() -> Refusal {
    Refusal::not_found()
}

/// 405 for every method that a route does not have; the router adds `Allow`.
pub(crate) async fn unknown_method() -> Refusal {
    Refusal::new(http::StatusCode::METHOD_NOT_ALLOWED, "INVALID", "This path has no such method.")
}
