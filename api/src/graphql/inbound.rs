//! A request's body on its way in: counted, bounded, and let go politely when nobody wants the rest.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Version};
use tokio::time::{Instant, Sleep};

/// A client that sends nothing for so long has left.
const IDLE: Duration = Duration::from_secs(30);

/// A body that is waited for may take so long before its pace counts: what a slow network swallows at the start.
const GRACE: Duration = Duration::from_secs(30);

/// What is still read of a body that nobody wants, so that the client reads the answer before the connection closes.
const LINGER_BYTES: u64 = 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(3);
const LINGER_PAUSE: Duration = Duration::from_millis(25);

/// What may remain of a body that was used, before the connection is given up: a closing boundary.
const TAIL_BYTES: u64 = 64 * 1024;
const TAIL_TIME: Duration = Duration::from_millis(100);

/// Why the body can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// More than was allowed.
    #[error("the body has more than {0} bytes")]
    TooLarge(u64),
    /// The client went away or broke the framing.
    #[error("the client stopped in the middle of the body")]
    Aborted,
    /// The client sends nothing any more.
    #[error("the client sent nothing for {} s", IDLE.as_secs())]
    Idle,
    /// Bytes come so slowly that they hold their place for as long as somebody likes.
    #[error("the client sends fewer than {0} bytes a second")]
    Slow(u64),
    /// Another reader has it: a fault of ours.
    #[error("the body is being read already")]
    Busy,
}

/// For whoever reads a file, which may come from elsewhere too.
impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::TooLarge(_) => io::ErrorKind::FileTooLarge,
            BodyError::Aborted => io::ErrorKind::UnexpectedEof,
            BodyError::Idle | BodyError::Slow(_) => io::ErrorKind::TimedOut,
            BodyError::Busy => io::ErrorKind::Other,
        };
        Self::new(kind, error.to_string())
    }
}

/// The body of one request; clones read from the same one.
#[derive(Clone)]
pub(crate) struct Inbound(Arc<Shared>);

struct Shared {
    source: Mutex<Source>,
    limit: AtomicU64,
    ended: AtomicBool,
    /// What the header says.
    announced: Option<u64>,
    /// Bytes a second that the client must send in the mean while it is waited for; 0 for any number.
    pace: u64,
}

struct Source {
    body: BodyDataStream,
    read: u64,
    /// While a chunk is waited for: since when, and until when at most.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
    /// How long was waited for all chunks before.
    waited: Duration,
}

impl Inbound {
    /// Reads nothing yet. After half a minute of waiting, the client must have sent `pace` bytes for each further second
    /// of it: what is slow is slow on its side, since only waiting counts.
    pub(crate) fn new(body: Body, headers: &HeaderMap, limit: u64, pace: u64) -> Self {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self(Arc::new(Shared {
            source: Mutex::new(Source { body: body.into_data_stream(), read: 0, wait: None, waited: Duration::ZERO }),
            limit: AtomicU64::new(limit),
            ended: AtomicBool::new(false),
            announced,
            pace,
        }))
    }

    /// The most bytes that are read in all. Refused at once if the client announced more.
    pub(crate) fn bound(&self, limit: u64) -> Result<(), BodyError> {
        self.0.limit.store(limit, Ordering::Relaxed);
        match self.0.announced {
            Some(announced) if announced > limit => Err(BodyError::TooLarge(limit)),
            _ => Ok(()),
        }
    }

    /// The whole body.
    pub(crate) async fn read_all(&self) -> Result<Bytes, BodyError> {
        let mut stream = self.stream();
        // Grown as bytes come: an announced length costs its sender nothing.
        let mut whole = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(whole.freeze())
    }

    /// The bytes as they come.
    pub(crate) fn stream(&self) -> InboundStream {
        InboundStream(self.clone())
    }

    /// Sends the answer off: unless the body has ended, the connection serves no other request.
    pub(crate) async fn answered(self, version: Version, mut response: Response) -> Response {
        if self.finish().await {
            return response;
        }
        if version <= Version::HTTP_11 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.linger();
        response
    }

    /// Takes in a short rest and says whether the body has ended: only then can the connection serve another request.
    async fn finish(&self) -> bool {
        let rest = self.discard(TAIL_BYTES, Duration::ZERO);
        let _ = tokio::time::timeout(TAIL_TIME, rest).await;
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Goes on reading and throwing away, a bounded amount and time, after the answer is on its way.
    ///
    /// Closing a connection on a client that is still sending resets it, and the client never sees why.
    fn linger(self) {
        tokio::spawn(async move {
            let _ = tokio::time::timeout(LINGER_TIME, self.discard(LINGER_BYTES, LINGER_PAUSE)).await;
        });
    }

    async fn discard(&self, max_bytes: u64, pause: Duration) {
        let mut left = max_bytes;
        loop {
            match std::future::poll_fn(|context| self.poll_chunk(context)).await {
                Some(Ok(chunk)) if (chunk.len() as u64) < left => left -= chunk.len() as u64,
                _ => return,
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// The next chunk, whatever the limit.
    fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut source = self.0.source.lock().unwrap_or_else(PoisonError::into_inner);
        let source = &mut *source;
        if self.0.ended.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        let Poll::Ready(chunk) = source.body.poll_next_unpin(context) else {
            let patience = self.0.patience(source);
            let (_, end) = source.wait.get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(patience))));
            ready!(end.as_mut().poll(context));
            let error = if patience < IDLE { BodyError::Slow(self.0.pace) } else { BodyError::Idle };
            return Poll::Ready(Some(Err(error)));
        };
        if let Some((since, _)) = source.wait.take() {
            source.waited += since.elapsed();
        }
        Poll::Ready(match chunk {
            Some(Ok(chunk)) => {
                source.read += chunk.len() as u64;
                Some(Ok(chunk))
            }
            Some(Err(_)) => Some(Err(BodyError::Aborted)),
            None => {
                self.0.ended.store(true, Ordering::Relaxed);
                None
            }
        })
    }

    fn check(&self) -> Result<(), BodyError> {
        let limit = self.0.limit.load(Ordering::Relaxed);
        let source = self.0.source.try_lock().map_err(|_| BodyError::Busy)?;
        if source.read > limit { Err(BodyError::TooLarge(limit)) } else { Ok(()) }
    }
}

impl Shared {
    /// How long the next chunk may be waited for.
    fn patience(&self, source: &Source) -> Duration {
        // Without a pace there is nothing to divide by, and no end to patience but idleness.
        let Some(earned) = source.read.checked_div(self.pace) else { return IDLE };
        (GRACE + Duration::from_secs(earned)).saturating_sub(source.waited).min(IDLE)
    }
}

/// The bytes of an [`Inbound`].
pub(crate) struct InboundStream(Inbound);

impl Stream for InboundStream {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(self.0.poll_chunk(context));
        Poll::Ready(match chunk {
            Some(Ok(chunk)) => Some(self.0.check().map(|()| chunk)),
            other => other,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    /// How long the next chunk is waited for after so many bytes and so many seconds of waiting.
    fn patience(pace: u64, read: u64, waited: u64) -> u64 {
        let inbound = Inbound::new(Body::empty(), &HeaderMap::new(), 0, pace);
        let mut source = inbound.0.source.lock().unwrap();
        source.read = read;
        source.waited = Duration::from_secs(waited);
        inbound.0.patience(&source).as_secs()
    }

    #[test]
    fn a_body_may_be_slow_and_not_as_slow_as_it_likes() {
        // At the start, and after as much as was waited for.
        assert_eq!(patience(1024, 0, 0), 30);
        assert_eq!(patience(1024, 0, 20), 10);
        assert_eq!(patience(1024, 0, 31), 0);
        // A byte now and then does not help; what comes at the pace may go on for ever.
        assert_eq!(patience(1024, 500, 40), 0);
        assert_eq!(patience(1024, 1024 * 100, 100), 30);
        assert_eq!(patience(1024, 1024 * 100, 125), 5);
        // Without a pace only silence ends it.
        assert_eq!(patience(0, 0, 1_000_000), 30);
    }
}
