//! The tests' S3 server speaks what the media store needs, through the client that the media store uses.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{Error, ObjectStore, ObjectStoreExt, WriteMultipart};

const ACCESS_KEY: &str = "test-access";
const SECRET_KEY: &str = "test-secret-key";
const BUCKET: &str = "darkroom-media";

/// A server on a free port and a folder of its own, both gone when it is dropped.
struct Server {
    process: Child,
    endpoint: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        // object_store's HTTP client looks for a process-wide TLS provider even for http:// endpoints.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_darkroom-test-s3"))
            .args(["--listen", "127.0.0.1:0", "--bucket", BUCKET])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg("--root")
            .arg(folder.path().join("root"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.strip_prefix("listening on ").expect(&line).trim_end().to_owned();
        Self { process, endpoint, _folder: folder }
    }

    fn store(&self, secret_key: &str) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(secret_key)
            .build()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn an_object_is_put_read_in_parts_listed_and_deleted() {
    let server = Server::start();
    let store = server.store(SECRET_KEY);
    let key = Path::from("photos/ab/cd.jpg");

    store.put(&key, Bytes::from_static(b"0123456789").into()).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap().size, 10);
    assert_eq!(store.get(&key).await.unwrap().bytes().await.unwrap(), "0123456789");
    assert_eq!(store.get_range(&key, 3..7).await.unwrap(), "3456");
    let listed: Vec<_> = store.list(Some(&Path::from("photos"))).try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|meta| &meta.location).collect::<Vec<_>>(), [&key]);

    store.delete(&key).await.unwrap();
    assert!(matches!(store.get(&key).await, Err(Error::NotFound { .. })));
    store.delete(&key).await.expect("deleting what is not there is fine on S3");
}

#[tokio::test]
async fn many_objects_are_deleted_by_one_request() {
    let server = Server::start();
    let store = server.store(SECRET_KEY);
    let keys: Vec<Path> = (0..20).map(|n| Path::from(format!("stories/{n}"))).collect();
    for key in &keys {
        store.put(key, Bytes::from_static(b"x").into()).await.unwrap();
    }

    let gone: Vec<Path> = store.delete_stream(stream::iter(keys.clone()).map(Ok).boxed()).try_collect().await.unwrap();

    assert_eq!(gone.len(), keys.len());
    assert_eq!(store.list(None).count().await, 0);
}

#[tokio::test]
async fn a_multipart_upload_appears_whole_or_not_at_all() {
    let server = Server::start();
    let store = server.store(SECRET_KEY);
    let key = Path::from("videos/one.mp4");
    let bytes: Vec<u8> = (0..11 << 20).map(|n: u32| (n % 251) as u8).collect();

    let mut writer = WriteMultipart::new_with_chunk_size(store.put_multipart(&key).await.unwrap(), 5 << 20);
    writer.write(&bytes);
    assert!(matches!(store.head(&key).await, Err(Error::NotFound { .. })), "nothing is seen before completion");
    writer.finish().await.unwrap();
    assert!(store.get(&key).await.unwrap().bytes().await.unwrap() == bytes, "the parts come back in order");

    let other = Path::from("videos/two.mp4");
    let mut writer = WriteMultipart::new_with_chunk_size(store.put_multipart(&other).await.unwrap(), 5 << 20);
    writer.write(&bytes);
    writer.wait_for_capacity(0).await.unwrap();
    writer.abort().await.unwrap();
    assert!(matches!(store.head(&other).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_presigned_url_opens_one_object_without_a_key() {
    let server = Server::start();
    let store = server.store(SECRET_KEY);
    let key = Path::from("photos/public.jpg");
    store.put(&key, Bytes::from_static(b"0123456789").into()).await.unwrap();

    let url = store.signed_url(http::Method::GET, &key, Duration::from_secs(60)).await.unwrap();
    let client = reqwest::Client::new();
    let whole = client.get(url.as_str()).send().await.unwrap();
    assert_eq!(whole.status(), 200);
    assert!(whole.headers().contains_key("etag"));
    assert_eq!(whole.bytes().await.unwrap(), "0123456789");
    let part = client.get(url.as_str()).header("range", "bytes=2-4").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 2-4/10");
    assert_eq!(part.bytes().await.unwrap(), "234");

    let mut unsigned = url.clone();
    unsigned.set_query(None);
    assert_eq!(client.get(unsigned.as_str()).send().await.unwrap().status(), 403);
    let mut foreign = url;
    foreign.set_path(&format!("/{BUCKET}/photos/other.jpg"));
    assert_eq!(client.get(foreign.as_str()).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_wrong_secret_key_is_refused() {
    let server = Server::start();
    let refused = server.store("another-secret").put(&Path::from("photos/x"), Bytes::from_static(b"x").into()).await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. } | Error::Unauthenticated { .. })), "{refused:?}");
}
