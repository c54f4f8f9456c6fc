//! The parts of a multipart body, one after the other, on multer.
//!
//! multer takes from its source whatever is ready, before it looks at what it has, and keeps what it can't place yet. So
//! it gets a chunk only when it can't go on without, and none after [`UNPLACED_MAX`] bytes out of which no part came.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use multer::{Field, Multipart};

use crate::graphql::inbound::{BodyError, Inbound, InboundStream};

/// Room for a part's headers, or for what stands before the first part.
const UNPLACED_MAX: u64 = 64 * 1024;

/// Why there is no next part or chunk.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartError {
    /// The body failed.
    #[error(transparent)]
    Body(BodyError),
    /// It is no multipart body.
    #[error("{0}")]
    Malformed(String),
}

/// What a part says of itself. Its file name is never looked at.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The form field.
    pub(super) name: Option<String>,
    /// What the client takes it for.
    pub(super) content_type: Option<String>,
}

/// A multipart body being read.
pub(super) struct Parts {
    multipart: Multipart<'static>,
    current: Option<Field<'static>>,
    feed: Arc<Feed>,
}

/// What the parser's source and its user know of each other.
#[derive(Default)]
struct Feed {
    /// The parser can't go on without a chunk.
    hungry: AtomicBool,
    /// Bytes that it was given since something came out.
    unplaced: AtomicU64,
}

impl Parts {
    /// Reads nothing yet.
    pub(super) fn new(inbound: &Inbound, boundary: &str) -> Self {
        let feed = Arc::new(Feed::default());
        let source = Source { stream: inbound.stream(), feed: Arc::clone(&feed) };
        Self { multipart: Multipart::new(source, boundary), current: None, feed }
    }

    /// The next part, after what is left of the current one is thrown away; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, PartError> {
        while self.current.is_some() {
            self.chunk().await?;
        }
        let Self { multipart, feed, .. } = self;
        let field = poll_fn(|context| feed.feed(|| multipart.poll_next_field(context))).await;
        self.current = field.map_err(failure)?;
        Ok(self.current.as_ref().map(|field| Part {
            name: field.name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
        }))
    }

    /// The next bytes of the current part; none at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, PartError> {
        let Some(field) = &mut self.current else { return Ok(None) };
        let feed = &self.feed;
        let chunk = poll_fn(|context| feed.feed(|| Pin::new(&mut *field).poll_next(context))).await;
        let chunk = chunk.transpose().map_err(failure);
        if !matches!(chunk, Ok(Some(_))) {
            self.current = None;
        }
        chunk
    }
}

fn failure(error: multer::Error) -> PartError {
    let error = match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<PartError>() {
            Ok(error) => return *error,
            Err(source) => return PartError::Malformed(source.to_string()),
        },
        other => other,
    };
    match error {
        multer::Error::IncompleteStream | multer::Error::IncompleteFieldData { .. } => {
            PartError::Malformed("it ends before its closing boundary".to_owned())
        }
        other => PartError::Malformed(other.to_string()),
    }
}

impl Feed {
    /// Polls the parser, and lets it have a chunk as often as it can't go on.
    fn feed<T>(&self, mut poll: impl FnMut() -> Poll<T>) -> Poll<T> {
        loop {
            if let Poll::Ready(value) = poll() {
                self.unplaced.store(0, Ordering::Relaxed);
                return Poll::Ready(value);
            }
            // Still hungry: the source itself has nothing at the moment, and will wake the task.
            if self.hungry.swap(true, Ordering::Relaxed) {
                return Poll::Pending;
            }
        }
    }
}

/// Gives the parser a chunk when it is hungry, and only as long as they lead somewhere.
struct Source {
    stream: InboundStream,
    feed: Arc<Feed>,
}

impl Stream for Source {
    type Item = Result<Bytes, PartError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.feed.hungry.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        if self.feed.unplaced.load(Ordering::Relaxed) > UNPLACED_MAX {
            let what = format!("more than {UNPLACED_MAX} bytes stand where a part should begin");
            return Poll::Ready(Some(Err(PartError::Malformed(what))));
        }
        let chunk = ready!(Pin::new(&mut self.stream).poll_next(context));
        self.feed.hungry.store(false, Ordering::Relaxed);
        Poll::Ready(chunk.map(|chunk| {
            let chunk = chunk.map_err(PartError::Body)?;
            self.feed.unplaced.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            Ok(chunk)
        }))
    }
}
