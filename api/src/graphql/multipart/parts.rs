//! The parts of a multipart body, one after the other, on multer.
//!
//! multer takes from its source as long as the source is ready, and keeps what it can't place yet. So it gets one chunk at
//! a time, and no further one while more than [`UNPLACED_MAX`] bytes came without a part, a header or content coming out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    unplaced: Arc<AtomicU64>,
}

impl Parts {
    /// Reads nothing yet.
    pub(super) fn new(inbound: &Inbound, boundary: &str) -> Self {
        let unplaced = Arc::new(AtomicU64::new(0));
        let source = Paced { stream: inbound.stream(), unplaced: Arc::clone(&unplaced), paused: false };
        Self { multipart: Multipart::new(source, boundary), current: None, unplaced }
    }

    /// The next part, after what is left of the current one is thrown away; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, PartError> {
        while self.current.is_some() {
            self.chunk().await?;
        }
        let field = self.multipart.next_field().await.map_err(failure)?;
        self.unplaced.store(0, Ordering::Relaxed);
        self.current = field;
        Ok(self.current.as_ref().map(|field| Part {
            name: field.name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
        }))
    }

    /// The next bytes of the current part; none at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, PartError> {
        let Some(field) = &mut self.current else { return Ok(None) };
        let chunk = field.chunk().await.map_err(failure);
        self.unplaced.store(0, Ordering::Relaxed);
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

/// One chunk a poll, and only as long as they lead somewhere.
struct Paced {
    stream: InboundStream,
    unplaced: Arc<AtomicU64>,
    paused: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, PartError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.paused) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.unplaced.load(Ordering::Relaxed) > UNPLACED_MAX {
            let what = format!("more than {UNPLACED_MAX} bytes stand where a part should begin");
            return Poll::Ready(Some(Err(PartError::Malformed(what))));
        }
        let chunk = ready!(Pin::new(&mut self.stream).poll_next(context));
        Poll::Ready(chunk.map(|chunk| {
            let chunk = chunk.map_err(PartError::Body)?;
            self.unplaced.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            self.paused = true;
            Ok(chunk)
        }))
    }
}
