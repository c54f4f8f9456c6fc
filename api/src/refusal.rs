//! An answer that is an error: GraphQL-shaped JSON, on every route and whatever was asked for.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use darkroom_service::Error;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use crate::graphql::accept::MediaType;

/// Why a request was not carried out. The outermost middleware, which knows the request's id, writes the body.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    media_type: MediaType,
    /// Seconds until it is worth trying again.
    retry_after: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// A refusal with a code of the schema's `ErrorCode` and a sentence for people.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            media_type: MediaType::Json,
            retry_after: None,
            headers: Vec::new(),
        }
    }

    /// 400: the request can't be understood.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID", message)
    }

    /// 401: who asks is not who they say. `Unauthenticated` by way of the header that asks for it.
    pub(crate) fn unauthenticated(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 404: nothing is here, or nothing that may be seen.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing here.")
    }

    /// 405, naming what is allowed.
    pub(crate) fn method_not_allowed(message: &'static str, allow: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "INVALID", message).header(ALLOW, HeaderValue::from_static(allow))
    }

    /// 413: more bytes than are taken.
    pub(crate) fn too_large(what: &str, max_bytes: u64) -> Self {
        let message = format!("{what} is too large: {max_bytes} bytes are the most.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "INVALID", message)
    }

    /// 500: a fault of ours, which the caller has logged.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Something went wrong on our side.")
    }

    /// Its code, one of the schema's `ErrorCode`.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The media type that the client asked for.
    pub(crate) fn media_type(mut self, media_type: MediaType) -> Self {
        self.media_type = media_type;
        self
    }

    /// The body, naming the request.
    pub(crate) fn body(&self, request_id: &str) -> String {
        let mut extensions = json!({ "code": self.code, "requestId": request_id });
        if let Some(seconds) = self.retry_after {
            extensions["retryAfter"] = seconds.into();
        }
        json!({ "errors": [{ "message": self.message, "extensions": extensions }] }).to_string()
    }

    /// The response with its body.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let mut response = Response::new(Body::from(self.body(request_id)));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, self.media_type.content_type());
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated => Self::unauthenticated("Sign in first."),
            Error::RateLimited { retry_after } => {
                let seconds = retry_after.as_secs().max(1);
                let message = Error::RateLimited { retry_after }.to_string();
                let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message);
                Self { retry_after: Some(seconds), ..refusal }.header(RETRY_AFTER, HeaderValue::from(seconds))
            }
            Error::Unavailable { message, source } => {
                tracing::warn!(%source, "a store is away");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
                    .header(RETRY_AFTER, HeaderValue::from_static("1"))
            }
            Error::Rejected { .. } => Self::bad_request(error.to_string()),
            Error::Internal(source) => {
                tracing::error!(%source, "internal error");
                Self::internal()
            }
        }
    }
}
