//! A client that costs next to nothing, so that what is measured is the server: HTTP/1.1 on one kept connection, one
//! request after another, bodies with a length.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest head or body that is taken for an answer, bytes.
const LARGEST: usize = 8 << 20;

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the body of its answer, which must be 200.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let body = loop {
            self.more().await?;
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let length = content_length(&self.buffer[..body])?;
        while self.buffer.len() < body + length {
            self.more().await?;
        }
        Ok(&self.buffer[body..body + length])
    }

    /// Sends a request and reads its answer, a stream, until one of `words` has come; which one.
    pub(crate) async fn send_until(&mut self, request: &[u8], words: &[&str]) -> anyhow::Result<usize> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            self.more().await?;
            if let Some(at) = words.iter().position(|word| find(&self.buffer, word.as_bytes()).is_some()) {
                return Ok(at);
            }
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        ensure!(self.buffer.len() < LARGEST, "an answer is larger than {LARGEST} bytes");
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server hung up: {}", String::from_utf8_lossy(&self.buffer));
        Ok(())
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head).context("a head that is no text")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "the server refused: {head}");
    for line in head.lines() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok(value.trim().parse()?);
        }
    }
    bail!("an answer without a length: {head}")
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

/// The bytes of a request with a body; `token` is a session's, or empty.
pub(crate) fn post(accept: &str, content_type: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let signed = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let mut request = format!(
        "POST /graphql HTTP/1.1\r\nHost: bench\r\nAccept: {accept}\r\nContent-Type: {content_type}\r\n{signed}\
         GraphQL-Require-Preflight: 1\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// The bytes of a GraphQL request whose answer is one JSON document.
pub(crate) fn graphql(token: &str, query: &str, variables: &Value) -> Vec<u8> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    post("application/json", "application/json", token, body.as_bytes())
}

/// Reads an answer to a GraphQL request; errors in it are errors.
pub(crate) fn data(body: &[u8]) -> anyhow::Result<Value> {
    let mut answer: Value = serde_json::from_slice(body).context("an answer that is no JSON")?;
    ensure!(answer.get("errors").is_none(), "the server answered with errors: {answer}");
    Ok(answer["data"].take())
}
