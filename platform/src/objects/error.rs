//! What can go wrong with objects, in the terms that callers decide by.

use std::error::Error as StdError;

/// A failure of the object store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// No object has this key.
    #[error("no such object")]
    NotFound,
    /// The disk is full.
    #[error("the disk is full; free space in the folder of objects_url")]
    Full,
    /// The key holds a character that keys never hold.
    #[error("{0:?} is no object key")]
    BadKey(String),
    /// The range is empty or begins behind the object's end.
    #[error("the range lies outside of the object")]
    OutOfRange,
    /// The object is larger than the caller takes.
    #[error("the object has {size} bytes, {limit} are the most")]
    TooLarge {
        /// The object's bytes.
        size: u64,
        /// The most that was asked for.
        limit: u64,
    },
    /// The store does not answer, or refuses.
    #[error("the object store failed: {0}")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
}

/// Why a stream was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError<E> {
    /// The stream's own error (a client that went away, a limit that was passed).
    #[error("the upload failed")]
    Source(E),
    /// The store's error.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
}

impl From<object_store::Error> for ObjectsError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::NotFound;
        }
        let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if inner.downcast_ref::<std::io::Error>().is_some_and(is_full) {
                return Self::Full;
            }
            cause = inner.source();
        }
        Self::Unavailable(Box::new(error))
    }
}

impl From<std::io::Error> for ObjectsError {
    fn from(error: std::io::Error) -> Self {
        if is_full(&error) { Self::Full } else { Self::Unavailable(Box::new(error)) }
    }
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
