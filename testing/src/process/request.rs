//! An upload byte by byte, which ends when the server has had enough: HTTP clients go on until they are thrown out.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

const BOUNDARY: &str = "a-boundary-of-a-test";

/// Bytes in one write.
const CHUNK: usize = 64 * 1024;

/// Longest silence of the server.
const SILENCE: Duration = Duration::from_secs(30);

/// An upload by the multipart request specification, whose file begins with `head` and goes on with noughts.
pub struct RawUpload<'a> {
    /// Where to.
    pub address: SocketAddr,
    /// A session's token.
    pub token: &'a str,
    /// How the file begins.
    pub head: &'a [u8],
    /// Bytes of the file in all.
    pub size: u64,
    /// Whether the length is announced by `Content-Length`; else the body comes in chunks of unknown number.
    pub announced: bool,
}

/// What became of it.
#[derive(Debug)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// Bytes of the body that the connection took before the answer came.
    pub sent: u64,
}

impl RawUpload<'_> {
    /// Sends until everything is sent or the server answers. Blocks; call it off the async threads.
    pub fn send(&self) -> RawAnswer {
        let operations = json!({
            "query": "mutation($file: Upload!) { uploadMedia(input: { file: $file }) {
                media { id } userErrors { code field message mediaFailure } } }",
            "variables": { "file": null },
        });
        let before = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{operations}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"0\"; filename=\"a\"\r\n\r\n"
        );
        let after = format!("\r\n--{BOUNDARY}--\r\n");
        let framing = match self.announced {
            true => format!("Content-Length: {}", before.len() as u64 + self.size + after.len() as u64),
            false => "Transfer-Encoding: chunked".to_owned(),
        };
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        stream.set_write_timeout(Some(SILENCE)).unwrap();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nGraphQL-Require-Preflight: 1\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{framing}\r\nConnection: close\r\n\r\n",
            self.address, self.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let sent = self.body(&mut stream, before.as_bytes(), after.as_bytes());
        answer(stream, sent)
    }

    fn body(&self, stream: &mut TcpStream, before: &[u8], after: &[u8]) -> u64 {
        let mut sent = 0;
        let mut send = |bytes: &[u8]| -> bool {
            sent += bytes.len() as u64;
            let written = match self.announced {
                true => stream.write_all(bytes),
                false => stream
                    .write_all(format!("{:x}\r\n", bytes.len()).as_bytes())
                    .and_then(|()| stream.write_all(bytes))
                    .and_then(|()| stream.write_all(b"\r\n")),
            };
            written.is_ok() && !has_answered(stream)
        };
        let noughts = [0; CHUNK];
        let mut left = self.size - self.head.len() as u64;
        if !send(before) || !send(self.head) {
            return sent;
        }
        while left > 0 {
            let now = left.min(CHUNK as u64) as usize;
            if !send(&noughts[..now]) {
                return sent;
            }
            left -= now as u64;
        }
        if send(after) && !self.announced {
            let _ = stream.write_all(b"0\r\n\r\n");
        }
        sent
    }
}

/// Whether there is something to read, without taking it.
fn has_answered(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let there = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    !matches!(there, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn answer(mut stream: TcpStream, sent: u64) -> RawAnswer {
    let mut bytes = Vec::new();
    // Reset after the answer: what was read counts.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer after {sent} bytes: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    // A chunked answer has lengths around its JSON.
    let json = body.find('{').zip(body.rfind('}')).map_or("null", |(from, to)| &body[from..=to]);
    RawAnswer { status, body: serde_json::from_str(json).unwrap_or_default(), sent }
}
