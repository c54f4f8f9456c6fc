//! Connections: refused uploads, and an orderly end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{TestEdge, test_edge};
use crate::serve::Bounds;

async fn listen(edge: &TestEdge) -> (TcpStream, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = edge.edge.shutdown.clone();
    let bounds = Bounds { connections: 10, head: Duration::from_secs(30), idle: Duration::from_secs(30) };
    let server = tokio::spawn(crate::serve::run(edge.router(), listener, bounds, shutdown, edge.edge.sockets.clone()));
    (TcpStream::connect(address).await.unwrap(), server)
}

/// Sends `head` and then file bytes without looking up, as simple clients do; gives the answer and what was sent.
async fn push(stream: TcpStream, head: String) -> (String, u64) {
    let (mut reading, mut writing) = stream.into_split();
    let pushing = tokio::spawn(async move {
        let mut sent = 0;
        writing.write_all(head.as_bytes()).await.unwrap();
        let chunk = vec![7; 64 * 1024];
        while sent < 200 << 20 && writing.write_all(&chunk).await.is_ok() {
            sent += chunk.len() as u64;
        }
        sent
    });
    let mut answer = Vec::new();
    // The connection may be reset once the answer is out: what came before counts.
    let _ = reading.read_to_end(&mut answer).await;
    drop(reading);
    (String::from_utf8(answer).unwrap(), pushing.await.unwrap())
}

#[tokio::test]
async fn an_upload_that_is_too_large_gets_its_answer_while_it_is_being_sent() {
    let edge = test_edge().upload_max(30 << 20);
    let (stream, _server) = listen(&edge).await;
    let operations = r#"{"query":"mutation($f: String!) { upload(file: $f) }","variables":{"f":null}}"#;
    let part =
        |name: &str, value: &str| format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=XX\r\n\
         graphql-require-preflight: 1\r\ncontent-length: {}\r\n\r\n{}{}--XX\r\n\
         content-disposition: form-data; name=\"0\"\r\n\r\n",
        200 << 20,
        part("operations", operations),
        part("map", r#"{"0":["variables.f"]}"#),
    );
    let (answer, sent) = push(stream, head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close") && answer.contains("\"code\":\"INVALID\""), "{answer}");
    // What the sockets of both sides hold, and the little that is read to be polite.
    assert!(sent < 30 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn json_that_is_too_large_is_refused_by_its_announcement() {
    let (mut stream, _server) = listen(&test_edge()).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_connection_serves_again_after_an_upload() {
    let (mut stream, _server) = listen(&test_edge()).await;
    let body = "--XX\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n\
                {\"query\":\"mutation($f: String!) { upload(file: $f) }\",\"variables\":{\"f\":null}}\r\n\
                --XX\r\ncontent-disposition: form-data; name=\"map\"\r\n\r\n{\"0\":[\"variables.f\"]}\r\n\
                --XX\r\ncontent-disposition: form-data; name=\"0\"\r\n\r\npixels\r\n--XX--\r\n";
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=XX\r\n\
         graphql-require-preflight: 1\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "closed");
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"upload\":\"6:"), "{answer}");
    }
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_has_begun() {
    let edge = test_edge();
    let (mut stream, server) = listen(&edge).await;
    let body = r#"{"query":"{ hello }"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server has the request and waits for its body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    edge.edge.shutdown.cancel();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("world"), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), server).await.expect("the server stops").unwrap();
}
