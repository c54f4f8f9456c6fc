//! A GraphQL response as bytes.

use std::collections::BTreeMap;

use async_graphql::{Response, ServerError, Value};
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::graphql::accept::MediaType;
use crate::refusal::Refusal;

/// The response on the wire: without `data` if the operation was not begun.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

/// Whether the operation was not begun: it could not be parsed, is not valid, or its variables don't fit.
///
/// What fails while it runs has a path.
pub(crate) fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// The response as JSON.
pub(crate) fn to_json(response: &Response) -> Result<Vec<u8>, Refusal> {
    let data = (!is_request_error(response)).then_some(&response.data);
    let wire = Wire { errors: &response.errors, data, extensions: &response.extensions };
    serde_json::to_vec(&wire).map_err(|error| {
        tracing::error!(%error, "a response could not be written");
        Refusal::internal()
    })
}

/// The HTTP response in the form that the client asked for.
pub(crate) fn write(response: Response, media_type: MediaType) -> Result<axum::response::Response, Refusal> {
    let status = match media_type {
        MediaType::GraphQlResponse if is_request_error(&response) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let body = to_json(&response)?;
    let mut written = axum::response::Response::new(Body::from(body));
    *written.status_mut() = status;
    *written.headers_mut() = response.http_headers;
    written.headers_mut().insert(CONTENT_TYPE, media_type.content_type());
    // Answers depend on who asks, and some hold tokens.
    written.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(written)
}
