//! A file that came before it was wanted, or is wanted more than once: on disk, without a name.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Mutex;

/// Read at once.
const CHUNK: usize = 64 * 1024;

/// Bytes in an unlinked temporary file, which goes when the last handle goes.
#[derive(Clone)]
pub(super) struct Spool(Arc<Mutex<File>>);

/// A spool being filled.
pub(super) struct SpoolWriter {
    file: File,
    left: u64,
    limit: u64,
}

impl SpoolWriter {
    /// An empty file under `dir` that takes `limit` bytes.
    pub(super) async fn create(dir: PathBuf, limit: u64) -> io::Result<Self> {
        let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(dir)).await;
        let file = made.map_err(io::Error::other)??;
        Ok(Self { file: File::from_std(file), left: limit, limit })
    }

    /// Appends; `FileTooLarge` beyond the limit.
    pub(super) async fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
            let message = format!("the file is too large: {} bytes are the most", self.limit);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        };
        self.left = left;
        self.file.write_all(chunk).await
    }

    /// Ready to be read.
    pub(super) async fn finish(mut self) -> io::Result<Spool> {
        self.file.flush().await?;
        Ok(Spool(Arc::new(Mutex::new(self.file))))
    }
}

impl Spool {
    /// The bytes from the beginning; several readers don't disturb each other.
    pub(super) fn read(&self) -> BoxStream<'static, io::Result<Bytes>> {
        let file = Arc::clone(&self.0);
        stream::try_unfold(0_u64, move |offset| {
            let file = Arc::clone(&file);
            async move {
                let mut file = file.lock().await;
                file.seek(SeekFrom::Start(offset)).await?;
                let mut chunk = BytesMut::with_capacity(CHUNK);
                let read = file.read_buf(&mut chunk).await?;
                Ok((read > 0).then(|| (chunk.freeze(), offset + read as u64)))
            }
        })
        .boxed()
    }
}
