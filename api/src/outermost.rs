//! The middleware around everything: request id, panics, error bodies, headers for browsers, one log line, one span.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use darkroom_platform::config::Networks;
use darkroom_platform::metrics::{self, HttpRequest};
use darkroom_platform::telemetry::trace;
use futures::FutureExt;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::{Instrument, Span, field};

use crate::address;
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
pub(crate) async fn around(State(trusted): State<Arc<Networks>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = RequestId::accept(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = route(request.extensions().get::<MatchedPath>());
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request_id = %id);
    let traced = span.in_scope(|| traced(&request, route, &id, &trusted));
    let run = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(traced.clone()).instrument(span.clone());
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
        traced.record("error.type", refusal.code());
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
    traced.record("http.response.status_code", status);
    if status >= 500 {
        traced.record("otel.status_code", "error");
    }
    metrics::record(|metrics| _ = metrics.http_requests.get_or_create(&HttpRequest { route, status }).inc());
    tracing::info!(%method, path, status, ms, request_id = %id, "request");
    response
}

/// The span of a request, if somebody wants it. Whoever may say which trace a request belongs to may also have it kept: so only
/// trusted proxies do.
fn traced(request: &Request, route: &'static str, id: &RequestId, trusted: &Networks) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    // There is no end of the methods that strangers make up.
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    };
    let span = tracing::trace_span!(
        "http.request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        "error.type" = field::Empty,
        request.id = id.as_str(),
    );
    let parent = request.headers().get("traceparent").filter(|_| address::is_trusted(request.extensions(), trusted));
    if let Some(parent) = parent.and_then(|value| value.to_str().ok()) {
        trace::follow(&span, parent);
    }
    span
}

/// A route as metrics name it: by its pattern, since paths hold secrets and there is no end of them.
fn route(matched: Option<&MatchedPath>) -> &'static str {
    match matched.map_or("", MatchedPath::as_str) {
        "/" => "/",
        "/graphql" => "/graphql",
        "/graphql/ws" => "/graphql/ws",
        "/admin/graphql" => "/admin/graphql",
        "/healthz" => "/healthz",
        "/readyz" => "/readyz",
        "/admin" | "/admin/jobs.css" | "/admin/jobs.js" => "/admin",
        path if path.starts_with("/media/") => "/media",
        path if path.starts_with("/uploads/") => "/uploads",
        path if path.starts_with("/ide/") => "/ide",
        _ => "other",
    }
}

/// 404 for every path that is no route.
pub(crate) async fn unknown_path() -> Refusal {
    Refusal::not_found()
}

/// 405 for every method that a route does not have; the router adds `Allow`.
pub(crate) async fn unknown_method() -> Refusal {
    Refusal::new(http::StatusCode::METHOD_NOT_ALLOWED, "INVALID", "This path has no such method.")
}
