//! Objects in an S3 bucket, of Amazon's or of anyone who speaks the protocol.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as ObjectPath;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions,
    RetryConfig,
};
use tokio::task::JoinHandle;
use url::Url;

use super::{ObjectsError, PutError};
use crate::config::{Config, ConfigError};

/// Size of every part but the last; a body up to this goes as one request. All parts alike, as some stores want, and the
/// least that S3 takes: each upload under way holds two of them in memory.
const PART: usize = 5 << 20;

#[derive(Debug, Clone)]
pub(super) struct Bucket {
    store: AmazonS3,
    prefix: String,
}

impl Bucket {
    pub(super) fn open(config: &Config, bucket: &str, prefix: &str) -> Result<Self, ConfigError> {
        crate::tls::provide();
        let mut builder = AmazonS3Builder::new().with_region("us-east-1").with_bucket_name(bucket);
        let mut plain_http = false;
        for (name, value) in config.aws().filter(|(_, value)| !value.is_empty()) {
            if matches!(name, "AWS_ENDPOINT_URL" | "AWS_ENDPOINT_URL_S3" | "AWS_ENDPOINT") {
                plain_http |= value.starts_with("http://");
            }
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        // Bounded: a request that hangs fails within seconds and the job or the client comes again.
        let client = ClientOptions::new()
            .with_allow_http(plain_http)
            .with_connect_timeout(Duration::from_secs(3))
            .with_timeout(Duration::from_secs(60))
            .with_pool_idle_timeout(Duration::from_secs(30));
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(2),
                base: 2.0,
            },
            max_retries: 3,
            retry_timeout: Duration::from_secs(20),
        };
        let store = builder.with_client_options(client).with_retry(retry).build().map_err(|error| {
            ConfigError::new("objects_url", format!("{error}; check AWS_REGION, AWS_ENDPOINT_URL and the AWS_ keys"))
        })?;
        Ok(Self { store, prefix: prefix.to_owned() })
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        &self.store
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key as the bucket knows it.
    pub(super) fn full_key(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    fn path(&self, key: &str) -> ObjectPath {
        ObjectPath::from(self.full_key(key))
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), ObjectsError> {
        let options = PutOptions { attributes: typed(content_type), ..Default::default() };
        self.store.put_opts(&self.path(key), bytes.into(), options).await?;
        Ok(())
    }

    pub(super) async fn put_stream<E>(
        &self,
        key: &str,
        mut stream: Pin<&mut (impl Stream<Item = Result<Bytes, E>> + Send)>,
        content_type: &str,
    ) -> Result<u64, PutError<E>> {
        // Chunks are copied: held as they come, tiny ones would keep the large buffers alive that they were cut from.
        let mut buffer = BytesMut::new();
        let mut size = 0;
        let mut upload: Option<Upload> = None;
        while let Some(chunk) = stream.next().await {
            let mut chunk = chunk.map_err(PutError::Source)?;
            size += chunk.len() as u64;
            while buffer.len() + chunk.len() > PART {
                buffer.extend_from_slice(&chunk.split_to(PART - buffer.len()));
                let part = std::mem::replace(&mut buffer, BytesMut::with_capacity(PART)).freeze();
                if upload.is_none() {
                    let options = PutMultipartOptions { attributes: typed(content_type), ..Default::default() };
                    let inner = self.store.put_multipart_opts(&self.path(key), options).await;
                    upload = Some(Upload::new(inner.map_err(ObjectsError::from)?));
                }
                if let Some(upload) = &mut upload {
                    upload.send(part).await?;
                }
            }
            buffer.extend_from_slice(&chunk);
        }
        match upload {
            None => self.put(key, buffer.freeze(), content_type).await?,
            Some(mut upload) => {
                upload.send(buffer.freeze()).await?;
                upload.complete().await?;
            }
        }
        Ok(size)
    }

    pub(super) async fn presign_get(&self, key: &str, expires_in: Duration) -> Result<Url, ObjectsError> {
        self.presign(reqwest::Method::GET, key, expires_in).await
    }

    pub(super) async fn presign_put(&self, key: &str, expires_in: Duration) -> Result<Url, ObjectsError> {
        self.presign(reqwest::Method::PUT, key, expires_in).await
    }

    async fn presign(&self, method: reqwest::Method, key: &str, expires_in: Duration) -> Result<Url, ObjectsError> {
        // Seven days are the most that the signature's rules allow.
        let expires_in = expires_in.clamp(Duration::from_secs(1), Duration::from_secs(7 * 24 * 3600));
        Ok(self.store.signed_url(method, &self.path(key), expires_in).await?)
    }
}

fn typed(content_type: &str) -> Attributes {
    Attributes::from_iter([(Attribute::ContentType, content_type.to_owned())])
}

/// A multipart upload with one part on its way while the next one fills. Aborted when dropped unfinished: a bucket
/// keeps, and bills, the parts of an upload that nobody ends.
struct Upload {
    inner: Option<Box<dyn MultipartUpload>>,
    sending: Option<JoinHandle<object_store::Result<()>>>,
}

impl Upload {
    fn new(inner: Box<dyn MultipartUpload>) -> Self {
        Self { inner: Some(inner), sending: None }
    }

    async fn send(&mut self, part: Bytes) -> Result<(), ObjectsError> {
        self.settle().await?;
        if let Some(inner) = &mut self.inner {
            self.sending = Some(tokio::spawn(inner.put_part(part.into())));
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), ObjectsError> {
        if let Some(sending) = &mut self.sending {
            let sent = sending.await;
            self.sending = None;
            sent.map_err(|error| ObjectsError::Unavailable(Box::new(error)))??;
        }
        Ok(())
    }

    async fn complete(mut self) -> Result<(), ObjectsError> {
        self.settle().await?;
        if let Some(inner) = &mut self.inner {
            inner.complete().await?;
        }
        self.inner = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(mut inner), Ok(runtime)) = (self.inner.take(), tokio::runtime::Handle::try_current()) else { return };
        let sending = self.sending.take();
        runtime.spawn(async move {
            // A part that arrives after the abort would stay: first end it, then abort.
            if let Some(sending) = sending {
                sending.abort();
                let _ = sending.await;
            }
            if let Err(error) = inner.abort().await {
                tracing::warn!(%error, "an unfinished upload could not be aborted; give the bucket a lifecycle rule for them");
            }
        });
    }
}
