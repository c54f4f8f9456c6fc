#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream;

use super::*;
use crate::config::Role;

fn open() -> (tempfile::TempDir, Objects) {
    let folder = tempfile::tempdir().unwrap();
    let env = [("DARKROOM_DATA_DIR".to_owned(), folder.path().to_str().unwrap().to_owned())];
    let objects = Objects::connect(&Config::load_from(Role::Single, None, env).unwrap()).unwrap();
    (folder, objects)
}

/// Every file below the objects' folder, finished or not.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![folder.join("objects")];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { out.push(path) }
        }
    }
    out
}

async fn keys(objects: &Objects, prefix: &str) -> Vec<String> {
    let mut keys: Vec<String> = objects.list(prefix).try_collect().await.unwrap();
    keys.sort();
    keys
}

fn chunks(parts: &[&'static [u8]]) -> impl Stream<Item = Result<Bytes, &'static str>> + Send + use<> {
    stream::iter(parts.iter().map(|part| Ok(Bytes::from_static(part))).collect::<Vec<_>>())
}

async fn collect(read: ObjectRead) -> Vec<u8> {
    read.stream
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn stores_reads_lists_and_deletes() {
    let (_folder, objects) = open();
    assert!(!objects.is_remote());
    let size = objects.put_stream("photos/ab/one", chunks(&[b"hello ", b"", b"world"]), "image/jpeg").await.unwrap();
    assert_eq!(size, 11);
    objects.put("photos/ab/two.jpg", Bytes::from_static(b"2"), "image/jpeg").await.unwrap();
    objects.put("stories/x", Bytes::new(), "image/jpeg").await.unwrap();

    assert_eq!(objects.get("photos/ab/one", 11).await.unwrap(), "hello world");
    assert_eq!(objects.size("photos/ab/one").await.unwrap(), Some(11));
    assert_eq!(objects.size("stories/x").await.unwrap(), Some(0));
    assert_eq!(objects.size("photos/ab/none").await.unwrap(), None);
    assert_eq!(objects.size("photos/ab").await.unwrap(), None, "a folder is no object");
    assert_eq!(keys(&objects, "").await, ["photos/ab/one", "photos/ab/two.jpg", "stories/x"]);
    assert_eq!(keys(&objects, "photos/").await, ["photos/ab/one", "photos/ab/two.jpg"]);
    assert_eq!(objects.presign_get("photos/ab/one", Duration::from_secs(60)).await.unwrap(), None);
    assert_eq!(objects.presign_put("photos/ab/one", Duration::from_secs(60)).await.unwrap(), None);
    let mut sizes: Vec<(String, u64)> = objects.sizes("photos/ab/").try_collect().await.unwrap();
    sizes.sort();
    assert_eq!(sizes, [("photos/ab/one".to_owned(), 11), ("photos/ab/two.jpg".to_owned(), 1)]);
    assert_eq!(keys(&objects, "uploads/none/").await, Vec::<String>::new());

    objects.delete(&["photos/ab/one", "photos/ab/none", "stories/x"]).await.unwrap();
    objects.delete(&["photos/ab/one"]).await.unwrap();
    assert_eq!(keys(&objects, "").await, ["photos/ab/two.jpg"]);
}

#[tokio::test]
async fn reads_ranges() {
    let (_folder, objects) = open();
    objects.put("a/b", Bytes::from_static(b"0123456789"), "text/plain").await.unwrap();
    let read = objects.read("a/b", Some(2..5)).await.unwrap();
    assert_eq!((read.meta.size, read.range.clone()), (10, 2..5));
    assert_eq!(collect(read).await, b"234");
    let read = objects.read("a/b", Some(8..u64::MAX)).await.unwrap();
    assert_eq!(read.range, 8..10);
    assert_eq!(collect(read).await, b"89");
    assert_eq!(collect(objects.read("a/b", None).await.unwrap()).await, b"0123456789");
    for range in [10..11, 5..5, u64::MAX - 1..u64::MAX] {
        assert!(matches!(objects.read("a/b", Some(range)).await, Err(ObjectsError::OutOfRange)));
    }
    assert!(matches!(objects.read("a/c", Some(0..1)).await, Err(ObjectsError::NotFound)));
    assert!(matches!(objects.get("a/c", 1).await, Err(ObjectsError::NotFound)));
    assert!(matches!(objects.get("a/b", 9).await, Err(ObjectsError::TooLarge { size: 10, limit: 9 })));
}

#[tokio::test]
async fn a_failing_stream_leaves_nothing() {
    let (folder, objects) = open();
    let broken = chunks(&[b"begun"]).chain(stream::iter([Err("gone away")]));
    let failed = objects.put_stream("photos/x", broken, "image/jpeg").await;
    assert!(matches!(failed, Err(PutError::Source("gone away"))));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    assert_eq!(objects.size("photos/x").await.unwrap(), None);
}

#[tokio::test]
async fn a_dropped_upload_leaves_nothing() {
    let (folder, objects) = open();
    let endless = chunks(&[b"begun"]).chain(stream::pending());
    let mut upload = Box::pin(objects.put_stream("photos/x", endless, "image/jpeg"));
    // Until the first chunk lies on the disk.
    while files(folder.path()).is_empty() {
        assert!(futures::poll!(&mut upload).is_pending());
        tokio::task::yield_now().await;
    }
    drop(upload);
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_unfinished_object_is_not_seen() {
    let (_folder, objects) = open();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, &'static str>>(1);
    let receiver = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let writer = tokio::spawn({
        let objects = objects.clone();
        async move { objects.put_stream("photos/x", receiver, "image/jpeg").await }
    });
    for _ in 0..3 {
        sender.send(Ok(Bytes::from_static(b"part"))).await.unwrap();
    }
    assert_eq!(keys(&objects, "").await, Vec::<String>::new());
    assert_eq!(objects.size("photos/x").await.unwrap(), None);
    drop(sender);
    assert_eq!(writer.await.unwrap().unwrap(), 12);
    assert_eq!(keys(&objects, "").await, ["photos/x"]);
}

#[tokio::test]
async fn deleting_the_last_object_clears_its_folders() {
    let (folder, objects) = open();
    objects.put("photos/ab/cd/x", Bytes::from_static(b"1"), "image/jpeg").await.unwrap();
    objects.delete(&["photos/ab/cd/x"]).await.unwrap();
    assert!(!folder.path().join("objects/photos").exists());
    objects.put("photos/ab/cd/x", Bytes::from_static(b"1"), "image/jpeg").await.unwrap();
    assert_eq!(objects.size("photos/ab/cd/x").await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writing_survives_the_clearing_of_folders() {
    let (_folder, objects) = open();
    let delete = async {
        for i in 0..100 {
            let key = format!("p/q/r/a{i}");
            objects.put(&key, Bytes::from_static(b"1"), "image/jpeg").await.unwrap();
            objects.delete(&[key]).await.unwrap();
        }
    };
    let write = async {
        for i in 0..100 {
            let key = format!("p/q/r/b{i}");
            objects.put(&key, Bytes::from_static(b"1"), "image/jpeg").await.unwrap();
            assert_eq!(objects.size(&key).await.unwrap(), Some(1));
            objects.delete(&[key]).await.unwrap();
        }
    };
    tokio::join!(delete, write);
    assert_eq!(keys(&objects, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn refuses_keys_that_could_lead_astray() {
    let (_folder, objects) = open();
    let long = "x".repeat(513);
    for key in [
        "", "/", "/a", "a/", "a//b", "..", "a/../b", "a/..", ".a", "a/.b", "a b", "a\\b", "ä", "a%2fb", "a#1", "a\0b",
        &long,
    ] {
        assert!(matches!(objects.put(key, Bytes::new(), "x").await, Err(ObjectsError::BadKey(_))), "{key:?}");
        assert!(matches!(objects.size(key).await, Err(ObjectsError::BadKey(_))), "{key:?}");
        assert!(matches!(objects.delete(&[key]).await, Err(ObjectsError::BadKey(_))), "{key:?}");
        let put = objects.put_stream(key, chunks(&[b"1"]), "x").await;
        assert!(matches!(put, Err(PutError::Objects(ObjectsError::BadKey(_)))), "{key:?}");
    }
}

#[tokio::test]
async fn pings_and_probes_and_leaves_nothing() {
    let (folder, objects) = open();
    objects.ping().await.unwrap();
    objects.probe().await.unwrap();
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    std::fs::remove_dir_all(folder.path().join("objects")).unwrap();
    assert!(objects.ping().await.is_err());
    assert!(objects.probe().await.is_err());
}

#[test]
fn uploads_of_a_dead_process_are_swept_at_the_start_and_young_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join(".incoming");
    std::fs::create_dir_all(&aside).unwrap();
    for (name, age) in [("old", 25), ("young", 1)] {
        let file = std::fs::File::create(aside.join(name)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - Duration::from_secs(age * 3600)).unwrap();
    }
    Folder::open(folder.path()).unwrap();
    assert!(!aside.join("old").exists() && aside.join("young").exists());
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert!(matches!(ObjectsError::from(full()), ObjectsError::Full));
    let wrapped = object_store::Error::Generic { store: "test", source: Box::new(full()) };
    assert!(matches!(ObjectsError::from(wrapped), ObjectsError::Full));
    let other = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert!(matches!(ObjectsError::from(other), ObjectsError::Unavailable(_)));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let message = Folder::open(&folder.path().join("file/objects")).unwrap_err().to_string();
    assert!(message.starts_with("objects_url: ") && message.contains("make the folder writable"), "{message}");
}

#[tokio::test]
async fn urls_into_a_bucket_are_signed_and_end() {
    let env = [
        ("DARKROOM_OBJECTS_URL", "s3://photos/eu/one"),
        ("DARKROOM_SECRET", "0123456789abcdef0123456789abcdef"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let objects = Objects::connect(&Config::load_from(Role::Single, None, env).unwrap()).unwrap();
    assert!(objects.is_remote());
    assert!(!format!("{objects:?}").contains("hunter2"));
    let url = objects.presign_get("photos/ab", Duration::from_secs(60)).await.unwrap().unwrap();
    assert!(url.as_str().starts_with("http://127.0.0.1:1/photos/eu/one/photos/ab?"), "{url}");
    let query: std::collections::HashMap<_, _> = url.query_pairs().collect();
    assert_eq!(query["X-Amz-Expires"], "60");
    assert!(query["X-Amz-Credential"].contains("/us-east-1/s3/"));
    assert!(matches!(objects.presign_get("../x", Duration::from_secs(60)).await, Err(ObjectsError::BadKey(_))));
}
