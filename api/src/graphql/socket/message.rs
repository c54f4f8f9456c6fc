//! The messages of `graphql-transport-ws`.

use async_graphql::{Request, Response, ServerError, Value, Variables};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;

use crate::graphql::operation::coded;
use crate::graphql::persisted;
use crate::graphql::respond;

/// Longest id that a client may give an operation, bytes.
const ID_MAX: usize = 128;

/// What clients send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromClient {
    /// The first message: who connects.
    ConnectionInit {
        /// An object, perhaps with `Authorization`.
        payload: Option<serde_json::Value>,
    },
    /// Begins an operation.
    Subscribe {
        /// The client's name for it.
        id: String,
        /// The operation.
        payload: Operation,
    },
    /// Ends an operation.
    Complete {
        /// Which.
        id: String,
    },
    /// Are you there?
    Ping {
        /// Ignored.
        #[serde(rename = "payload")]
        _payload: Option<serde::de::IgnoredAny>,
    },
    /// I am here.
    Pong {
        /// Ignored.
        #[serde(rename = "payload")]
        _payload: Option<serde::de::IgnoredAny>,
    },
}

/// An operation as clients write it.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    query: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<HashMap<String, Value>>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
}

impl Operation {
    /// Whether it says what to run.
    fn is_one(&self) -> bool {
        self.query.is_some() || self.document_id.is_some() || self.extensions.is_some()
    }

    /// For the executor.
    pub(super) fn into_request(self) -> Request {
        let mut request = Request::new(self.query.unwrap_or_default()).variables(self.variables.unwrap_or_default());
        request.operation_name = self.operation_name.filter(|name| !name.is_empty());
        request.extensions = async_graphql::Extensions(self.extensions.unwrap_or_default());
        persisted::name(&mut request.extensions, self.document_id);
        request
    }
}

/// Reads a message; none if it breaks the protocol.
pub(super) fn parse(text: &str) -> Option<FromClient> {
    let message: FromClient = serde_json::from_str(text).ok()?;
    let sane = match &message {
        FromClient::ConnectionInit { payload } => payload.as_ref().is_none_or(|payload| payload.is_object()),
        FromClient::Subscribe { id, payload } => (1..=ID_MAX).contains(&id.len()) && payload.is_one(),
        FromClient::Complete { id } => (1..=ID_MAX).contains(&id.len()),
        FromClient::Ping { .. } | FromClient::Pong { .. } => true,
    };
    sane.then_some(message)
}

/// The entry `Authorization` of `connection_init`, in whatever case.
pub(super) fn authorization(payload: &serde_json::Value) -> Option<&serde_json::Value> {
    let fields = payload.as_object()?;
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
}

/// What the server sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient<'a> {
    /// The connection stands.
    ConnectionAck,
    /// A response of an operation.
    Next {
        /// Which.
        id: &'a str,
        /// The response.
        payload: Box<RawValue>,
    },
    /// The operation was not begun, and its id is free again.
    Error {
        /// Which.
        id: &'a str,
        /// Why, at least one.
        payload: Vec<ServerError>,
    },
    /// The operation is over.
    Complete {
        /// Which.
        id: &'a str,
    },
    /// The answer to `ping`.
    Pong,
}

impl<'a> ToClient<'a> {
    /// A response of an operation.
    pub(super) fn next(id: &'a str, response: &Response) -> Self {
        let json = respond::to_json(response).ok().and_then(|json| String::from_utf8(json).ok());
        match json.and_then(|json| RawValue::from_string(json).ok()) {
            Some(payload) => Self::Next { id, payload },
            None => Self::Error { id, payload: vec![coded("INTERNAL", "Something went wrong on our side.")] },
        }
    }

    /// The operation was not begun.
    pub(super) fn error(id: &'a str, response: &Response) -> Self {
        Self::Error { id, payload: response.errors.clone() }
    }

    /// No further operation fits on this socket.
    pub(super) fn too_many(id: &'a str, request_id: &str) -> Self {
        let mut error = coded("RATE_LIMITED", "Too many operations at once on this connection: complete some first.");
        error.extensions.get_or_insert_default().set("requestId", request_id);
        Self::Error { id, payload: vec![error] }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_and_nothing_else() {
        for good in [
            r#"{"type": "connection_init"}"#,
            r#"{"type": "connection_init", "payload": null}"#,
            r#"{"type": "connection_init", "payload": {"x": 1}}"#,
            r#"{"type": "subscribe", "id": "1", "payload": {"query": "{ a }"}}"#,
            r#"{"type": "complete", "id": "1"}"#,
            r#"{"type": "ping"}"#,
            r#"{"type": "pong", "payload": {"deep": [1]}}"#,
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        let long = format!(r#"{{"type": "complete", "id": "{}"}}"#, "x".repeat(ID_MAX + 1));
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"type": "start"}"#,
            r#"{"type": "connection_ack"}"#,
            r#"{"type": "connection_init", "payload": 1}"#,
            r#"{"type": "subscribe", "id": "1"}"#,
            r#"{"type": "subscribe", "id": "1", "payload": {}}"#,
            r#"{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}"#,
            r#"{"type": "subscribe", "payload": {"query": "{ a }"}}"#,
            r#"{"type": "complete"}"#,
            &long,
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn authorization_in_any_case() {
        let payload = serde_json::json!({ "other": 1, "authorization": "Bearer x" });
        assert_eq!(authorization(&payload).unwrap(), "Bearer x");
        assert!(authorization(&serde_json::json!({ "token": "x" })).is_none());
    }
}
