//! What must hold for any bytes, for `api/fuzz` and for a test that keeps it alive: functions that panic where it does not.

use std::sync::LazyLock;

use async_graphql::Variables;
use async_graphql::parser::parse_query;
use axum::body::Body;
use bytes::Bytes;
use darkroom_schema::{Mutation, Query, Subscription};
use futures::{FutureExt, stream};
use http::HeaderMap;

use crate::graphql::check::{Check, Limits, Shape};
use crate::graphql::gateway::BodyLimits;
use crate::graphql::inbound::Inbound;
use crate::graphql::multipart;

/// A text as a document: what the scan lets through, the parser takes; what the parser takes, the walk does; and the cost
/// does not depend on when it is asked for.
///
/// # Panics
/// If the check is wrong.
pub fn document(text: &str) {
    static CHECK: LazyLock<Check> =
        LazyLock::new(|| Check::new(Shape::of::<Query, Mutation, Subscription>(), Limits::default()));
    if CHECK.text(text).is_err() {
        return;
    }
    let Ok(document) = parse_query(text) else { return };
    let Ok(costs) = CHECK.document(&document) else { return };
    let none = Variables::default();
    for (name, _) in document.operations.iter() {
        let name = name.map(|name| name.as_str());
        assert_eq!(costs.of(name, &none), costs.of(name, &none));
        assert!(costs.of(name, &none).is_some(), "an operation without a cost");
    }
}

/// Bytes as a multipart body whose boundary is `X`: the same comes of it in one chunk and in many.
///
/// # Panics
/// If the reading is wrong.
pub fn multipart(bytes: &[u8]) {
    let whole = read(vec![Bytes::copy_from_slice(bytes)]);
    let chunks = bytes.chunks(7).map(Bytes::copy_from_slice).collect();
    assert_eq!(read(chunks), whole, "in chunks");
}

/// What was asked for, and for how many files; none if it is refused. Nothing waits, since all chunks are there.
fn read(chunks: Vec<Bytes>) -> Option<(String, usize)> {
    let body = Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)));
    let limits = BodyLimits { request: 4096, upload: 4096, pace: 0 };
    let inbound = Inbound::new(body, &HeaderMap::new(), limits.whole(1), limits.pace);
    let received = multipart::receive(&inbound, "X", limits, std::env::temp_dir());
    let (request, files) = received.now_or_never()?.ok()?;
    Some((format!("{request:?}"), files.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_for_any_bytes_holds_for_some() {
        for text in
            ["", "{", "{ a }", "{ a", "{ ...A } fragment A on Query { ...A }", "query a { b } query c { d }", "\u{0}"]
        {
            document(text);
        }
        let part = |name: &str, value: &str| {
            format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let whole = [
            part("operations", r#"{"query":"{ a }","variables":{"f":null}}"#),
            part("map", r#"{"0":["variables.f"]}"#),
            part("0", "bytes"),
            "--X--\r\n".to_owned(),
        ]
        .concat();
        assert!(read(vec![Bytes::from(whole.clone())]).is_some_and(|(_, files)| files == 1));
        for end in (0..whole.len()).step_by(11) {
            multipart(&whole.as_bytes()[..end]);
        }
        multipart(whole.as_bytes());
    }
}
