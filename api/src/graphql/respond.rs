//! A GraphQL response as bytes.

use std::collections::BTreeMap;
use std::io;

use async_graphql::{Response, ServerError, Value};
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::graphql::accept::MediaType;
use crate::refusal::Refusal;

/// Whether the operation was not begun: it could not be parsed, is not valid, or its variables don't fit.
///
/// What fails while it runs has a path.
pub(crate) fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// The response as JSON: without `data` if the operation was not begun.
pub(crate) fn to_json(response: &Response) -> Result<Vec<u8>, Refusal> {
    written(response).map_err(|error| {
        tracing::error!(%error, "a response could not be written");
        Refusal::internal()
    })
}

fn written(response: &Response) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024 + bytes_of(&response.data));
    if !response.errors.is_empty() {
        field::<[ServerError]>(&mut out, "errors", &response.errors)?;
    }
    if !is_request_error(response) {
        out.extend_from_slice(if out.is_empty() { b"{\"data\":" } else { b",\"data\":" });
        write_value(&mut out, &response.data)?;
    }
    if !response.extensions.is_empty() {
        field::<BTreeMap<String, Value>>(&mut out, "extensions", &response.extensions)?;
    }
    if out.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(out)
}

fn field<T: Serialize + ?Sized>(out: &mut Vec<u8>, name: &str, value: &T) -> io::Result<()> {
    out.push(if out.is_empty() { b'{' } else { b',' });
    serde_json::to_writer(&mut *out, name)?;
    out.push(b':');
    Ok(serde_json::to_writer(out, value)?)
}

/// Of a value what is JSON already, bytes.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Binary(json) => json.len(),
        Value::List(values) => values.iter().map(bytes_of).sum(),
        Value::Object(fields) => fields.values().map(bytes_of).sum(),
        _ => 0,
    }
}

/// Writes a value. `Binary` is JSON already: the schema has no scalar of bytes, only lists that it wrote itself
/// (`darkroom_schema::hot`), and they are put where they belong as they are.
fn write_value(out: &mut Vec<u8>, value: &Value) -> io::Result<()> {
    match value {
        Value::Binary(json) => out.extend_from_slice(json),
        Value::List(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_value(out, value)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name.as_str())?;
                out.push(b':');
                write_value(out, value)?;
            }
            out.push(b'}');
        }
        leaf => serde_json::to_writer(out, leaf)?,
    }
    Ok(())
}

/// The HTTP response in the form that the client asked for.
pub(crate) fn write(response: Response, media_type: MediaType) -> Result<axum::response::Response, Refusal> {
    let body = to_json(&response)?;
    let mut written = write_json(body, is_request_error(&response), media_type);
    written.headers_mut().extend(response.http_headers);
    Ok(written)
}

/// The same of a body that is written already.
pub(crate) fn write_json(body: Vec<u8>, is_request_error: bool, media_type: MediaType) -> axum::response::Response {
    let mut written = axum::response::Response::new(Body::from(body));
    if is_request_error && media_type == MediaType::GraphQlResponse {
        *written.status_mut() = StatusCode::BAD_REQUEST;
    }
    written.headers_mut().insert(CONTENT_TYPE, media_type.content_type());
    // Answers depend on who asks, and some hold tokens.
    written.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    written
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use async_graphql::value;

    #[test]
    fn bytes_are_put_where_they_belong_and_all_else_is_written_as_serde_does() {
        let plain = value!({ "a": [1, 2.5, null, true, "\"\u{2028}\n🌅"], "b": { "c": {}, "d": [] }, "e": -3 });
        let mut response = Response::new(plain.clone());
        let text = |response: &Response| String::from_utf8(to_json(response).unwrap()).unwrap();
        assert_eq!(text(&response), format!("{{\"data\":{}}}", serde_json::to_string(&plain).unwrap()));

        response.data = value!({ "list": null, "after": 1 });
        let Value::Object(fields) = &mut response.data else { panic!("an object") };
        fields["list"] = Value::Binary("[{\"x\":1}]".into());
        assert_eq!(text(&response), r#"{"data":{"list":[{"x":1}],"after":1}}"#);

        response.errors.push(ServerError::new("no", None));
        response.errors[0].path = vec![async_graphql::PathSegment::Field("after".to_owned())];
        response.extensions.insert("x".to_owned(), value!([1]));
        let errors = serde_json::to_string(&response.errors).unwrap();
        assert_eq!(
            text(&response),
            format!(
                "{{\"errors\":{errors},\"data\":{{\"list\":[{{\"x\":1}}],\"after\":1}},\"extensions\":{{\"x\":[1]}}}}"
            )
        );
        response.data = Value::Null;
        response.errors[0].path.clear();
        let errors = serde_json::to_string(&response.errors).unwrap();
        assert_eq!(text(&response), format!("{{\"errors\":{errors},\"extensions\":{{\"x\":[1]}}}}"));
    }
}
