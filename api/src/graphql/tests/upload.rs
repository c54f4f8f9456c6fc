//! Uploads by multipart: streamed, in any order, bounded, with a reason for whatever goes wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use ::http::Request;
use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use super::{Answer, TestEdge, test_edge};

const ONE: &str = "mutation($file: String!) { upload(file: $file) }";
const ALL: &str = "mutation($files: [String!]!) { uploadAll(files: $files) }";

fn part(name: &str, content: &str) -> String {
    format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

fn file(name: &str, content: &str) -> String {
    format!(
        "--XX\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"../../x\"\r\n\
         content-type: image/jpeg\r\n\r\n{content}\r\n"
    )
}

fn head(query: &str, variables: &serde_json::Value, map: &serde_json::Value) -> String {
    let operations = json!({ "query": query, "variables": variables });
    part("operations", &operations.to_string()) + &part("map", &map.to_string())
}

fn one() -> String {
    head(ONE, &json!({ "file": null }), &json!({ "0": ["variables.file"] }))
}

fn two() -> String {
    let map = json!({ "a": ["variables.files.0"], "b": ["variables.files.1"] });
    head(ALL, &json!({ "files": [null, null] }), &map)
}

/// One file for two variables.
fn both() -> String {
    let map = json!({ "0": ["variables.files.0", "variables.files.1"] });
    head(ALL, &json!({ "files": [null, null] }), &map)
}

fn request(body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql")
        .header("content-type", "multipart/form-data; boundary=XX")
        .header("graphql-require-preflight", "1")
        .body(body.into())
        .unwrap()
}

async fn send(body: impl Into<Body>) -> Answer {
    test_edge().send(request(body)).await
}

/// What the schema says of a file with this content.
fn told(content: &str) -> String {
    let sum = content.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{}:{sum}:image/jpeg", content.len())
}

#[tokio::test]
async fn a_file_reaches_its_variable() {
    let answer = send(one() + &file("0", "pixels\r\n--X") + "--XX--\r\n").await;
    assert_eq!(answer.json(), json!({ "data": { "upload": told("pixels\r\n--X") } }));
}

#[tokio::test]
async fn files_in_any_order_and_in_any_cut() {
    let body = two() + &file("b", &"second".repeat(1000)) + &file("a", "first") + "--XX--\r\n";
    let expected = json!({ "data": { "uploadAll": [told("first"), told(&"second".repeat(1000))] } });
    assert_eq!(send(body.clone()).await.json(), expected);
    for size in [1, 2, 3, 7, 64, 1000] {
        let bytes = body.clone().into_bytes();
        let chunks: Vec<_> =
            bytes.chunks(size).map(|chunk| Ok::<_, io::Error>(Bytes::copy_from_slice(chunk))).collect();
        let answer = send(Body::from_stream(stream::iter(chunks))).await;
        assert_eq!(answer.json(), expected, "cut into {size}");
    }
}

#[tokio::test]
async fn one_file_for_two_variables() {
    assert_eq!(
        send(both() + &file("0", "same") + "--XX--\r\n").await.json(),
        json!({ "data": { "uploadAll": [told("same"), told("same")] } })
    );
}

#[tokio::test]
async fn one_variable_used_twice_says_how_to_do_it() {
    let query = "mutation($f: String!) { a: upload(file: $f) b: upload(file: $f) }";
    let body = head(query, &json!({ "f": null }), &json!({ "0": ["variables.f"] })) + &file("0", "x") + "--XX--\r\n";
    let answer = send(body).await;
    assert!(answer.message().contains("read already"), "{}", answer.body);
}

#[tokio::test]
async fn a_file_left_in_the_middle_does_not_stand_in_the_way() {
    let query = "mutation($a: String!, $b: String!) { uploadPart(file: $a, then: $b) }";
    let map = json!({ "a": ["variables.a"], "b": ["variables.b"] });
    let body = head(query, &json!({ "a": null, "b": null }), &map)
        + &file("a", &"x".repeat(200_000))
        + &file("b", "rest")
        + "--XX--\r\n";
    let chunks: Vec<_> = body.as_bytes().chunks(1000).map(|c| Ok::<_, io::Error>(Bytes::copy_from_slice(c))).collect();
    let answer = send(Body::from_stream(stream::iter(chunks))).await;
    assert_eq!(answer.json(), json!({ "data": { "uploadPart": told("rest") } }));
}

/// A body whose file is `mebibytes` long, and how much of the body has been taken from it.
fn long_body(mebibytes: usize) -> (BoxStream<'static, io::Result<Bytes>>, Arc<AtomicU64>) {
    const CHUNK: usize = 16 * 1024;
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&taken);
    let start = one() + "--XX\r\ncontent-disposition: form-data; name=\"0\"\r\n\r\n";
    let chunk = Bytes::from(vec![7; CHUNK]);
    let file = stream::iter((0..mebibytes * 64).map(move |_| chunk.clone()));
    let body = stream::iter([Bytes::from(start)])
        .chain(file)
        .chain(stream::iter([Bytes::from_static(b"\r\n--XX--\r\n")]))
        .map(move |chunk| {
            counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            Ok(chunk)
        })
        .boxed();
    (body, taken)
}

#[tokio::test]
async fn a_long_file_is_never_in_memory() {
    use crate::graphql::inbound::Inbound;
    use crate::graphql::multipart;
    use darkroom_schema::upload::UploadSource;

    let (body, taken) = long_body(64);
    let edge = test_edge();
    let limits = crate::graphql::gateway::Gateway::limits(&edge.edge.gateway);
    let inbound = Inbound::new(Body::from_stream(body), &::http::HeaderMap::new(), limits.whole(1), limits.pace);
    let (_, files) = multipart::receive(&inbound, "XX", limits, std::env::temp_dir()).await.unwrap();
    let mut opened = files.open(0).await.unwrap();
    let (mut read, mut ahead) = (0, 0);
    while let Some(chunk) = opened.body.next().await {
        read += chunk.unwrap().len() as u64;
        ahead = ahead.max(taken.load(Ordering::Relaxed) - read);
    }
    assert_eq!(read, 64 << 20);
    // The source was ready all the time; yet no more was taken from it than the reader asked for.
    assert!(ahead <= 16 * 1024, "{ahead} bytes were read ahead");
}

#[tokio::test]
async fn a_long_file_passes_through_the_whole_edge() {
    let (body, _) = long_body(64);
    let answer = send(Body::from_stream(body)).await;
    let told = answer.json()["data"]["upload"].as_str().unwrap().to_owned();
    assert!(told.starts_with("67108864:"), "{told}");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle() {
    let start = one() + "--XX\r\ncontent-disposition: form-data; name=\"0\"\r\n\r\nabc";
    let cut = stream::iter([Ok(Bytes::from(start.clone())), Err(io::Error::other("gone"))]);
    let answer = send(Body::from_stream(cut)).await;
    assert!(answer.message().starts_with("UnexpectedEof"), "{}", answer.body);
    // The same without an error of the connection: the closing boundary is missing.
    let answer = send(start).await;
    assert!(answer.message().starts_with("InvalidData"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_said() {
    let cases = [
        (one() + "--XX--\r\n", "missing from the body"),
        (one() + &file("1", "x") + "--XX--\r\n", "is not in \"map\""),
        (two() + &file("b", "x") + &file("b", "y") + "--XX--\r\n", "twice in the body"),
        (two() + &file("a", "x") + "--XX--\r\n", "missing from the body"),
        // Behind the last file too, whether it is read from the body or waits on disk.
        (one() + &file("0", "x") + &file("0", "y") + "--XX--\r\n", "twice in the body"),
        (one() + &file("0", "x") + &file("1", "y") + "--XX--\r\n", "is not in \"map\""),
        (both() + &file("0", "x") + &file("0", "y") + "--XX--\r\n", "twice in the body"),
        (two() + &file("a", "x") + &file("b", "y") + &part("map", "{}") + "--XX--\r\n", "is not in \"map\""),
    ];
    for (body, expected) in cases {
        let answer = send(body).await;
        assert!(answer.message().contains(expected), "{expected}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_form_is_a_400() {
    let variables = json!({ "file": null });
    let operations = part("operations", &json!({ "query": ONE, "variables": variables }).to_string());
    let map = part("map", r#"{"0": ["variables.file"]}"#);
    let cases = [
        String::new(),
        "--XX--\r\n".to_owned(),
        "rubbish".to_owned(),
        map.clone() + &operations + "--XX--\r\n",
        operations.clone() + &file("0", "x") + "--XX--\r\n",
        operations.clone() + "--XX--\r\n",
        operations.clone() + &part("map", "[]") + "--XX--\r\n",
        operations.clone() + &part("map", r#"{"0": ["variables.other"]}"#) + "--XX--\r\n",
        operations.clone() + &part("map", r#"{"0": ["variables.file", "variables.file"]}"#) + "--XX--\r\n",
        part("operations", "{") + &map + "--XX--\r\n",
        part("operations", &format!("[{}]", json!({ "query": ONE }))) + &map + "--XX--\r\n",
    ];
    for body in cases {
        send(body).await.assert_refused(400, "INVALID");
    }
}

#[tokio::test]
async fn without_a_preflight_header_it_is_refused() {
    let mut bare = request(one() + &file("0", "x") + "--XX--\r\n");
    bare.headers_mut().remove("graphql-require-preflight");
    let answer = test_edge().send(bare).await;
    answer.assert_refused(400, "INVALID");
    for name in ["Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"] {
        assert!(answer.message().contains(name), "{}", answer.message());
    }
    for name in ["apollo-require-preflight", "x-apollo-operation-name"] {
        let mut named = request(one() + &file("0", "x") + "--XX--\r\n");
        named.headers_mut().remove("graphql-require-preflight");
        named.headers_mut().insert(name, "Upload".parse().unwrap());
        assert_eq!(test_edge().send(named).await.status, 200);
    }
}

fn never() -> Body {
    Body::from_stream(stream::poll_fn(|_| Poll::<Option<io::Result<Bytes>>>::Pending))
}

#[tokio::test]
async fn an_announced_length_that_no_request_has_is_refused_unread() {
    let edge = test_edge().upload_max(1 << 20);
    let mut announced = request(never());
    announced.headers_mut().insert("content-length", (20_u64 << 20).into());
    edge.send(announced).await.assert_refused(413, "INVALID");
}

#[tokio::test]
async fn an_announced_length_beyond_the_mapped_files_is_refused_before_any_of_them() {
    let edge = test_edge().upload_max(1 << 20);
    let body = stream::iter([Ok::<_, io::Error>(Bytes::from(one() + "--XX\r\n"))]).chain(stream::pending());
    let mut announced = request(Body::from_stream(body));
    announced.headers_mut().insert("content-length", (5_u64 << 20).into());
    edge.send(announced).await.assert_refused(413, "INVALID");
}

#[tokio::test]
async fn an_unannounced_length_is_refused_on_the_way() {
    let edge: TestEdge = test_edge().upload_max(1 << 20);
    let (body, taken) = long_body(8);
    let answer = edge.send(request(Body::from_stream(body))).await;
    assert!(answer.message().starts_with("FileTooLarge"), "{}", answer.body);
    assert!(taken.load(Ordering::Relaxed) < 3 << 20);
}

#[tokio::test]
async fn a_file_that_must_wait_is_bounded_too() {
    let edge = test_edge().upload_max(10_000);
    let body = two() + &file("b", &"x".repeat(15_000)) + &file("a", "y") + "--XX--\r\n";
    let answer = edge.send(request(body)).await;
    assert!(answer.message().starts_with("FileTooLarge"), "{}", answer.body);
}

#[tokio::test]
async fn endless_rubbish_before_a_part_is_given_up() {
    let taken = Arc::new(AtomicU64::new(0));
    let endless = |start: String| {
        let taken = Arc::clone(&taken);
        let rubbish = stream::repeat(Bytes::from_static(&[b'x'; 4096]));
        stream::iter([Bytes::from(start)]).chain(rubbish).map(move |chunk| {
            taken.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            Ok::<_, io::Error>(chunk)
        })
    };
    let answer = send(Body::from_stream(endless(String::new()))).await;
    answer.assert_refused(400, "INVALID");
    let answer = send(Body::from_stream(endless(one() + "--XX\r\nx-header: "))).await;
    assert!(answer.message().contains("where a part should begin"), "{}", answer.body);
    // What is read while the client reads the answer is in it.
    assert!(taken.load(Ordering::Relaxed) < 3 << 20);
}

#[tokio::test]
async fn operations_and_map_are_bounded() {
    let long = "x".repeat(super::REQUEST_MAX as usize + 1);
    send(part("operations", &long)).await.assert_refused(413, "INVALID");
    let operations = part("operations", &json!({ "query": ONE }).to_string());
    send(operations + &part("map", &" ".repeat(20_000))).await.assert_refused(413, "INVALID");
}

#[tokio::test]
async fn files_that_nobody_reads_are_let_go() {
    let query = "mutation($file: String!) { ignore(file: $file) }";
    let start = head(query, &json!({ "file": null }), &json!({ "0": ["variables.file"] }));
    let body = start + &file("0", &"x".repeat(500_000)) + "--XX--\r\n";
    let chunks: Vec<_> = body.as_bytes().chunks(1000).map(|c| Ok::<_, io::Error>(Bytes::copy_from_slice(c))).collect();
    let answer = send(Body::from_stream(stream::iter(chunks))).await;
    assert_eq!(answer.json(), json!({ "data": { "ignore": true } }));
    assert_eq!(answer.header("connection"), "close");
}
