//! Request heads that begin and do not end.
//!
//! hyper has one time-out for a head that trickles in and for a kept connection on which nothing comes
//! (`header_read_timeout`), and the two want different lengths: a slow head is an attack (slowloris) and must end soon, an
//! idle connection must outlive whatever the proxy in front keeps open, or requests meet a connection that is being closed.
//! So hyper's counts for idle connections, and heads are watched here, by what is read and what is answered.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::garbled;

/// What is known of a connection's heads.
#[derive(Debug, Clone)]
pub(super) struct Heads(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// When the head that is not complete yet began.
    begun: Option<Instant>,
    /// Requests whose head is complete and whose answer is not.
    under_way: usize,
    /// HTTP/2: what is read between requests are frames of the connection.
    multiplexed: bool,
}

impl Heads {
    /// Of a connection on which the first head is expected from now on: whoever says nothing at first is slow, too.
    pub(super) fn expected() -> Self {
        Self(Arc::new(Mutex::new(State { begun: Some(Instant::now()), under_way: 0, multiplexed: false })))
    }

    /// Returns when a head has taken longer than `limit`; never, while each is complete in time.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            match self.begun().map(|begun| begun + limit) {
                Some(due) if due <= now => return,
                Some(due) => tokio::time::sleep_until(due).await,
                None => tokio::time::sleep_until(now + limit).await,
            }
        }
    }

    /// When the head began that is not complete yet.
    fn begun(&self) -> Option<Instant> {
        self.with(|state| state.begun)
    }

    /// A request is here: its head is complete. It is under way until the guard is dropped.
    pub(super) fn complete(&self, version: http::Version) -> UnderWay {
        self.with(|state| {
            state.begun = None;
            state.under_way += 1;
            state.multiplexed = version == http::Version::HTTP_2;
        });
        UnderWay(self.clone())
    }

    fn read(&self) {
        self.with(|state| {
            if state.under_way == 0 && !state.multiplexed && state.begun.is_none() {
                state.begun = Some(Instant::now());
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request from its head to the last byte of its answer: what is read meanwhile is its body.
#[derive(Debug)]
pub(super) struct UnderWay(Heads);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.with(|state| state.under_way -= 1);
    }
}

/// A connection whose reads are told, and on which nothing is refused without a word.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    heads: Heads,
    /// What is to be written before anything else, instead of what hyper said; mostly nothing.
    instead: Box<[u8]>,
}

impl<S> Watched<S> {
    /// Tells these heads of what is read.
    pub(super) fn new(stream: S, heads: Heads) -> Self {
        Self { stream, heads, instead: Box::default() }
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    /// Writes what was left to write.
    fn poll_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead = self.instead[written..].into();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.heads.read();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        if let Some(instead) = garbled::instead_of(bytes) {
            self.instead = instead.into();
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(context))?;
        // An answer of hyper's own is one piece.
        if let [only] = slices {
            return self.poll_write(context, only);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An answer's body, which keeps its request under way.
#[derive(Debug)]
pub(super) struct Answered<B> {
    body: B,
    _under_way: UnderWay,
}

impl<B> Answered<B> {
    /// Until this body is dropped, the request is under way.
    pub(super) fn new(body: B, under_way: UnderWay) -> Self {
        Self { body, _under_way: under_way }
    }
}

impl<B: Body + Unpin> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_first_head_is_expected_at_once() {
        let heads = Heads::expected();
        assert!(heads.begun().is_some());
        heads.overdue(Duration::from_millis(1)).await;
    }

    #[tokio::test]
    async fn neither_an_idle_connection_nor_a_body_is_a_head() {
        let heads = Heads::expected();
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = Watched::new(server, heads.clone());
        let mut byte = [0];

        let body = Answered::new(String::new(), heads.complete(http::Version::HTTP_11));
        client.write_all(b"b").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        assert!(heads.begun().is_none(), "a request's body is taken for a head");
        drop(body);
        assert!(heads.begun().is_none(), "an idle connection is taken for a head");

        client.write_all(b"G").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        let begun = heads.begun();
        assert!(begun.is_some(), "a head is not seen");
        client.write_all(b"E").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        assert_eq!(heads.begun(), begun, "each byte gives it more time");
    }

    #[tokio::test]
    async fn frames_between_requests_are_no_heads() {
        let heads = Heads::expected();
        drop(heads.complete(http::Version::HTTP_2));
        heads.read();
        assert!(heads.begun().is_none());
    }
}
