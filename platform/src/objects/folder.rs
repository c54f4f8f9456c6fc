//! Objects as files. Bytes go to a file aside, are flushed to the disk and then renamed: after a crash a key has all
//! of its bytes or none, and what is left aside is swept at the next start.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::io::AsyncWriteExt;

use super::{ObjectsError, PutError};
use crate::config::ConfigError;

/// Unfinished uploads lie here, beside the objects: a rename must not cross file systems.
const ASIDE: &str = ".incoming";

/// An unfinished upload of this age belongs to a process that died.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// Renames before a folder that vanishes again and again is an error. Each lost race takes another's deletion.
const RENAMES: usize = 100;

#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
    store: LocalFileSystem,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, ConfigError> {
        let refuse = |problem: String| {
            ConfigError::new("objects_url", format!("{}: {problem}; make the folder writable", path.display()))
        };
        crate::database::make_private_dir(&path.join(ASIDE)).map_err(|error| refuse(error.to_string()))?;
        let root = path.canonicalize().map_err(|error| refuse(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| refuse(error.to_string()))?;
        sweep(&root.join(ASIDE));
        Ok(Self { root, store: store.with_automatic_cleanup(true) })
    }

    pub(super) fn store(&self) -> &dyn ObjectStore {
        &self.store
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectsError> {
        let whole = futures::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
        match self.put_stream(key, std::pin::pin!(whole)).await {
            Ok(_) => Ok(()),
            Err(PutError::Objects(error)) => Err(error),
            Err(PutError::Source(never)) => match never {},
        }
    }

    pub(super) async fn put_stream<E>(
        &self,
        key: &str,
        mut stream: Pin<&mut (impl Stream<Item = Result<Bytes, E>> + Send)>,
    ) -> Result<u64, PutError<E>> {
        let aside = Aside(self.root.join(ASIDE).join(uuid::Uuid::new_v4().simple().to_string()));
        let io = |error: std::io::Error| PutError::Objects(error.into());
        let mut file = tokio::fs::File::create_new(&aside.0).await.map_err(io)?;
        let mut size = 0;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(PutError::Source)?;
            size += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(io)?;
        }
        file.flush().await.map_err(io)?;
        file.sync_data().await.map_err(io)?;
        drop(file);
        self.publish(&aside.0, key).await.map_err(io)?;
        Ok(size)
    }

    /// Gives the file its name.
    async fn publish(&self, aside: &Path, key: &str) -> std::io::Result<()> {
        let (aside, target) = (aside.to_owned(), self.root.join(key));
        tokio::task::spawn_blocking(move || rename_into(&aside, &target)).await.map_err(std::io::Error::other)?
    }

    pub(super) async fn ping(&self) -> Result<(), ObjectsError> {
        Ok(tokio::fs::metadata(&self.root.join(ASIDE)).await.map(drop)?)
    }
}

/// Renames into a folder that may not be there, or vanish at any step: the last deletion in a folder clears it away, and
/// its parents after it.
fn rename_into(aside: &Path, target: &Path) -> std::io::Result<()> {
    let mut tries = 0;
    loop {
        match std::fs::rename(aside, target) {
            Err(error) if error.kind() == ErrorKind::NotFound && tries < RENAMES => {
                tries += 1;
                let parent = target.parent().ok_or(error)?;
                match std::fs::create_dir_all(parent) {
                    // A parent of the parent vanished while it was made: once more.
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            result => return result,
        }
    }
}

/// The file aside; gone with this value, unless it was renamed before.
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        // Quick enough to do here, and certain: a task might never run at the end of the process.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with what the file system wrote down, which asks the machine too"
)]
fn sweep(aside: &Path) {
    let now = SystemTime::now();
    let Ok(entries) = std::fs::read_dir(aside) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|meta| meta.modified()).ok();
        let age = age.and_then(|at| now.duration_since(at).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
