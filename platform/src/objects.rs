//! Media bytes under opaque keys, in a local folder or in an S3 bucket.
//!
//! An object appears whole or not at all, and is never changed afterwards: keys are random, so nothing is overwritten but
//! a part of an upload that is sent again.

mod error;
mod folder;
mod key;
mod s3;

use std::ops::Range;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use tracing::{Instrument, field};
use url::Url;

pub use error::{ObjectsError, PutError};
use folder::Folder;
use s3::Bucket;

use crate::config::{Config, ConfigError, ObjectsAddress};

/// What the store knows of an object; its content type is the row's matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: DateTime<Utc>,
}

/// An object being read.
pub struct ObjectRead {
    /// The whole object's facts.
    pub meta: ObjectMeta,
    /// The bytes that `stream` gives, as offsets into the object.
    pub range: Range<u64>,
    /// The bytes, chunk by chunk.
    pub stream: BoxStream<'static, Result<Bytes, ObjectsError>>,
}

/// The object store. Clones share connections.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Store,
}

#[derive(Debug, Clone)]
enum Store {
    Folder(Folder),
    S3(Bucket),
}

impl Objects {
    /// Opens the folder (and makes it) or prepares the bucket's client; talks to no server yet, see [`Objects::ping`].
    ///
    /// # Errors
    /// When the folder cannot be made or the `AWS_` variables cannot work.
    pub fn connect(config: &Config) -> Result<Self, ConfigError> {
        let store = match config.objects_address()? {
            ObjectsAddress::Folder(path) => Store::Folder(Folder::open(&path)?),
            ObjectsAddress::S3 { bucket, prefix } => Store::S3(Bucket::open(config, &bucket, &prefix)?),
        };
        Ok(Self { store })
    }

    /// Whether the bytes are in a bucket, so that URLs can lead there.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.store, Store::S3(_))
    }

    /// Stores the bytes.
    ///
    /// # Errors
    /// [`ObjectsError::Full`], [`ObjectsError::Unavailable`], [`ObjectsError::BadKey`].
    pub async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), ObjectsError> {
        key::check(key)?;
        let span = tracing::trace_span!("object.put", otel.kind = "client", object.bytes = bytes.len());
        let put = async {
            match &self.store {
                Store::Folder(folder) => folder.put(key, bytes).await,
                Store::S3(bucket) => bucket.put(key, bytes, content_type).await,
            }
        };
        put.instrument(span).await
    }

    /// Stores a stream of unknown length and returns its length. Holds at most two parts of 5 MiB in memory (a folder:
    /// one chunk). When the stream or the store fails, or the future is dropped, nothing is left behind.
    ///
    /// # Errors
    /// [`PutError::Source`] with the stream's own error, or [`PutError::Objects`].
    pub async fn put_stream<E>(
        &self,
        key: &str,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
        content_type: &str,
    ) -> Result<u64, PutError<E>> {
        key::check(key)?;
        let stream = std::pin::pin!(stream);
        let span = tracing::trace_span!("object.put_stream", otel.kind = "client", object.bytes = field::Empty);
        let put = async {
            match &self.store {
                Store::Folder(folder) => folder.put_stream(key, stream).await,
                Store::S3(bucket) => bucket.put_stream(key, stream, content_type).await,
            }
        };
        let put = put.instrument(span.clone()).await;
        if let Ok(bytes) = put {
            span.record("object.bytes", bytes);
        }
        put
    }

    /// The whole object.
    ///
    /// # Errors
    /// [`ObjectsError::NotFound`]; [`ObjectsError::TooLarge`] when it has more than `max_bytes`.
    pub async fn get(&self, key: &str, max_bytes: u64) -> Result<Bytes, ObjectsError> {
        let span = tracing::trace_span!("object.get", otel.kind = "client", object.bytes = field::Empty);
        let get = async {
            let read = self.read(key, None).await?;
            if read.meta.size > max_bytes {
                return Err(ObjectsError::TooLarge { size: read.meta.size, limit: max_bytes });
            }
            let mut whole = BytesMut::with_capacity(usize::try_from(read.meta.size).unwrap_or(0));
            let mut stream = read.stream;
            while let Some(chunk) = stream.try_next().await? {
                whole.extend_from_slice(&chunk);
            }
            Ok(whole.freeze())
        };
        let got = get.instrument(span.clone()).await;
        if let Ok(bytes) = &got {
            span.record("object.bytes", bytes.len());
        }
        got
    }

    /// Reads the object, or `range` of it (its end may lie beyond the object's).
    ///
    /// # Errors
    /// [`ObjectsError::NotFound`]; [`ObjectsError::OutOfRange`] when `range` is empty or begins behind the end.
    pub async fn read(&self, key: &str, range: Option<Range<u64>>) -> Result<ObjectRead, ObjectsError> {
        if let Some(range) = &range
            && range.is_empty()
        {
            return Err(ObjectsError::OutOfRange);
        }
        let path = self.path(key)?;
        let options = GetOptions { range: range.clone().map(GetRange::Bounded), ..Default::default() };
        let result = match self.store().get_opts(&path, options).await {
            Ok(result) => result,
            Err(error) => {
                let error = ObjectsError::from(error);
                // The stores word this one each in its own way.
                if let (Some(range), ObjectsError::Unavailable(_)) = (range, &error)
                    && self.size(key).await?.is_some_and(|size| range.start >= size)
                {
                    return Err(ObjectsError::OutOfRange);
                }
                return Err(error);
            }
        };
        let meta = ObjectMeta { size: result.meta.size, last_modified: result.meta.last_modified };
        let range = result.range.clone();
        let stream = result.into_stream().map_err(ObjectsError::from).boxed();
        Ok(ObjectRead { meta, range, stream })
    }

    /// The object's size in bytes; none if there is no such object.
    ///
    /// # Errors
    /// [`ObjectsError::Unavailable`].
    pub async fn size(&self, key: &str) -> Result<Option<u64>, ObjectsError> {
        match self.store().head(&self.path(key)?).await.map_err(ObjectsError::from) {
            Ok(meta) => Ok(Some(meta.size)),
            Err(ObjectsError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes the objects; those that are not there count as deleted.
    ///
    /// # Errors
    /// The first one, after all keys were tried.
    pub async fn delete<K: AsRef<str>>(&self, keys: &[K]) -> Result<(), ObjectsError> {
        let paths = keys.iter().map(|key| self.path(key.as_ref()));
        let paths: Vec<ObjectPath> = paths.collect::<Result<_, _>>()?;
        let mut first = Ok(());
        let mut results = self.store().delete_stream(futures::stream::iter(paths.into_iter().map(Ok)).boxed());
        while let Some(result) = results.next().await {
            match result.map_err(ObjectsError::from) {
                Ok(_) | Err(ObjectsError::NotFound) => {}
                Err(error) if first.is_ok() => first = Err(error),
                Err(_) => {}
            }
        }
        first
    }

    /// The keys under a prefix that ends at a `/` (or all, for ""), in no order: for verification and tests.
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<String, ObjectsError>> {
        self.sizes(prefix).map_ok(|(key, _)| key).boxed()
    }

    /// The keys under a prefix, as in [`Objects::list`], each with its object's bytes. One request for a thousand of them.
    pub fn sizes(&self, prefix: &str) -> BoxStream<'static, Result<(String, u64), ObjectsError>> {
        self.entries(prefix).map_ok(|(key, meta)| (key, meta.size)).boxed()
    }

    /// The keys under a prefix, as in [`Objects::list`], each with what the store knows of its object.
    pub fn entries(&self, prefix: &str) -> BoxStream<'static, Result<(String, ObjectMeta), ObjectsError>> {
        let (root, under) = match &self.store {
            Store::Folder(_) => (String::new(), prefix.to_owned()),
            Store::S3(bucket) => (bucket.prefix().to_owned(), bucket.full_key(prefix)),
        };
        let under = ObjectPath::from(under.as_str());
        let under = (!under.as_ref().is_empty()).then_some(under);
        let listed = self.store().list(under.as_ref());
        let strip = move |full: &str| match root.as_str() {
            "" => full.to_owned(),
            root => full.strip_prefix(root).unwrap_or(full).trim_start_matches('/').to_owned(),
        };
        listed
            .map(move |entry| {
                let known =
                    |meta: &object_store::ObjectMeta| ObjectMeta { size: meta.size, last_modified: meta.last_modified };
                entry.map(|meta| (strip(meta.location.as_ref()), known(&meta))).map_err(ObjectsError::from)
            })
            // Keys never begin with a dot: those are unfinished uploads of a folder.
            .try_filter(|(key, _)| std::future::ready(!key.starts_with('.')))
            .boxed()
    }

    /// A URL at which anyone can read the object until it expires; none for a folder.
    ///
    /// # Errors
    /// When the credentials cannot be had.
    pub async fn presign_get(&self, key: &str, expires_in: Duration) -> Result<Option<Url>, ObjectsError> {
        key::check(key)?;
        match &self.store {
            Store::Folder(_) => Ok(None),
            Store::S3(bucket) => bucket.presign_get(key, expires_in).await.map(Some),
        }
    }

    /// A URL at which anyone can write the object, of whatever size and as often as they like, until it expires; none for a
    /// folder. Whoever gives it out looks at what came, and removes the object after the URL has expired.
    ///
    /// # Errors
    /// When the credentials cannot be had.
    pub async fn presign_put(&self, key: &str, expires_in: Duration) -> Result<Option<Url>, ObjectsError> {
        key::check(key)?;
        match &self.store {
            Store::Folder(_) => Ok(None),
            Store::S3(bucket) => bucket.presign_put(key, expires_in).await.map(Some),
        }
    }

    /// A cheap look whether the store answers: for readiness.
    ///
    /// # Errors
    /// When it does not, or not with these credentials.
    pub async fn ping(&self) -> Result<(), ObjectsError> {
        match &self.store {
            Store::Folder(folder) => folder.ping().await,
            Store::S3(_) => self.size("darkroom-ping").await.map(drop),
        }
    }

    /// Writes, reads and deletes a small object: shows that the credentials suffice.
    ///
    /// # Errors
    /// The first step that failed.
    pub async fn probe(&self) -> Result<(), ObjectsError> {
        let key = format!("probe/{}", uuid::Uuid::new_v4().simple());
        let text = Bytes::from_static(b"darkroom");
        self.put(&key, text.clone(), "text/plain").await?;
        let read = self.get(&key, 1024).await;
        self.delete(&[&key]).await?;
        if read? != text {
            return Err(ObjectsError::Unavailable("the store gave back other bytes than it was given".into()));
        }
        Ok(())
    }

    fn store(&self) -> &dyn ObjectStore {
        match &self.store {
            Store::Folder(folder) => folder.store(),
            Store::S3(bucket) => bucket.store(),
        }
    }

    fn path(&self, key: &str) -> Result<ObjectPath, ObjectsError> {
        key::check(key)?;
        Ok(match &self.store {
            Store::Folder(_) => ObjectPath::from(key),
            Store::S3(bucket) => ObjectPath::from(bucket.full_key(key)),
        })
    }
}

#[cfg(test)]
mod tests;
