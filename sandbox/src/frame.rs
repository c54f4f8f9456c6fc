//! What goes between parent and child: a head in JSON and a body in bytes, each with its length before it.
//!
//! ```text
//!   u32 length of head │ u64 length of body │ head │ body        little endian
//! ```
//!
//! Whoever receives sets caps before it allocates.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes before the head.
const PREFIX: usize = 12;

/// What is reserved for a body before its bytes are there; more grows as they come.
const RESERVED: u64 = 1 << 20;

/// A message, received whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// JSON.
    pub(crate) head: Vec<u8>,
    /// Bytes that would be too many for JSON.
    pub(crate) body: Vec<u8>,
}

/// The most that is taken of a message, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) head: u32,
    pub(crate) body: u64,
}

impl Caps {
    fn check(self, prefix: [u8; PREFIX]) -> io::Result<(u64, u64)> {
        let [a, b, c, d, body @ ..] = prefix;
        let (head, body) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(body));
        if head > self.head || body > self.body {
            let text = format!("a message of {head} + {body} bytes, where {} + {} are the most", self.head, self.body);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok((u64::from(head), body))
    }
}

fn prefix(head: &[u8], body: usize) -> io::Result<[u8; PREFIX]> {
    let head = u32::try_from(head.len()).map_err(io::Error::other)?;
    let mut prefix = [0; PREFIX];
    prefix[..4].copy_from_slice(&head.to_le_bytes());
    prefix[4..].copy_from_slice(&(body as u64).to_le_bytes());
    Ok(prefix)
}

/// Reads a message; `None` if the other side has closed the channel instead.
pub(crate) fn read(from: &mut impl Read, caps: Caps) -> io::Result<Option<Frame>> {
    let mut prefix = [0; PREFIX];
    let first = from.read(&mut prefix)?;
    if first == 0 {
        return Ok(None);
    }
    from.read_exact(&mut prefix[first..])?;
    let (head, body) = caps.check(prefix)?;
    // The parent is trusted: what it announces comes, and is read into one allocation.
    let mut part = |length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
        from.by_ref().take(length).read_to_end(&mut bytes)?;
        whole(bytes, length)
    };
    Ok(Some(Frame { head: part(head)?, body: part(body)? }))
}

/// Writes a message whose body is these parts, one after the other.
pub(crate) fn write(to: &mut impl Write, head: &[u8], body: &[Vec<u8>]) -> io::Result<()> {
    to.write_all(&prefix(head, body.iter().map(Vec::len).sum())?)?;
    to.write_all(head)?;
    for part in body {
        to.write_all(part)?;
    }
    to.flush()
}

/// As [`read()`], for the parent: that the channel is closed is an error here.
pub(crate) async fn receive(from: &mut (impl AsyncRead + Unpin), caps: Caps) -> io::Result<Frame> {
    let mut prefix = [0; PREFIX];
    from.read_exact(&mut prefix).await?;
    let (head, body) = caps.check(prefix)?;
    let mut parts = [Vec::new(), Vec::new()];
    for (part, length) in parts.iter_mut().zip([head, body]) {
        let mut bytes = Vec::with_capacity(length.min(RESERVED) as usize);
        (&mut *from).take(length).read_to_end(&mut bytes).await?;
        *part = whole(bytes, length)?;
    }
    let [head, body] = parts;
    Ok(Frame { head, body })
}

/// As [`write()`], for the parent.
pub(crate) async fn send(to: &mut (impl AsyncWrite + Unpin), head: &[u8], body: &[u8]) -> io::Result<()> {
    let mut start = prefix(head, body.len())?.to_vec();
    start.extend_from_slice(head);
    to.write_all(&start).await?;
    to.write_all(body).await?;
    to.flush().await
}

fn whole(bytes: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { head: 10, body: 20 };

    fn written(head: &[u8], body: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, head, body).unwrap();
        bytes
    }

    #[tokio::test]
    async fn both_sides_speak_the_same() {
        let bytes = written(b"head", &[b"bo".to_vec(), b"dy".to_vec()]);
        let expected = Frame { head: b"head".to_vec(), body: b"body".to_vec() };
        assert_eq!(read(&mut bytes.as_slice(), CAPS).unwrap().unwrap(), expected);
        assert_eq!(receive(&mut bytes.as_slice(), CAPS).await.unwrap(), expected);
        let mut sent = Vec::new();
        send(&mut sent, b"head", b"body").await.unwrap();
        assert_eq!(sent, bytes);
    }

    #[tokio::test]
    async fn too_much_and_too_little_are_refused() {
        for (head, body) in [(11, 0), (0, 21)] {
            let bytes = written(&vec![b'x'; head], &[vec![b'y'; body]]);
            let kind = receive(&mut bytes.as_slice(), CAPS).await.unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::InvalidData);
            assert_eq!(read(&mut bytes.as_slice(), CAPS).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        let bytes = written(b"head", &[b"body".to_vec()]);
        for end in 1..bytes.len() {
            let kind = receive(&mut &bytes[..end], CAPS).await.unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "cut after {end} bytes");
            assert_eq!(read(&mut &bytes[..end], CAPS).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
        assert_eq!(read(&mut [].as_slice(), CAPS).unwrap(), None, "closed between two messages");
    }
}
