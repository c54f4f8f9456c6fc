//! What can't be read as HTTP: a head that breaks its rules, or is too long.
//!
//! hyper answers that by itself, with a status and nothing else, before there is a request that a route could see. Here it
//! gets the form that every refusal has.

use http::{HeaderMap, StatusCode};

use crate::refusal::Refusal;
use crate::request_id::{RequestId, X_REQUEST_ID};

/// Longer is no answer of hyper's own.
const LONGEST: usize = 512;

/// What to write instead of these bytes, if they are an answer of hyper's own: an error without a body and without the
/// request's id, which every answer of ours has.
pub(super) fn instead_of(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"HTTP/1.") || bytes.len() > LONGEST || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let status: StatusCode = head.split(' ').nth(1)?.parse().ok()?;
    let is_bare = head.contains("\r\ncontent-length: 0\r\n") && !head.contains(X_REQUEST_ID.as_str());
    (status.is_client_error() && is_bare).then(|| answer(status))
}

fn answer(status: StatusCode) -> Vec<u8> {
    let message = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "The request's head is too large: 64 KiB and 100 headers are the most."
        }
        StatusCode::URI_TOO_LONG => "The request's address is too long.",
        _ => "This is no HTTP request that can be read.",
    };
    let id = RequestId::accept(&HeaderMap::new());
    tracing::info!(status = status.as_u16(), request_id = %id, "request");
    let body = Refusal::new(status, "INVALID", message).body(id.as_str());
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-content-type-options: nosniff\r\n\
         {X_REQUEST_ID}: {id}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_refusal_gets_a_form_and_nothing_else_is_touched() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let told = String::from_utf8(instead_of(bare).expect("an answer")).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 431 ") && head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let id = body["errors"][0]["extensions"]["requestId"].as_str().unwrap();
        assert!(head.contains(&format!("x-request-id: {id}")), "{head}");
        for ours in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: x\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "{\"errors\":[]}",
        ] {
            assert_eq!(instead_of(ours.as_bytes()), None, "{ours}");
        }
    }
}
