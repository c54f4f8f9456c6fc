//! The files of a request, given out in any order while the body is still coming in.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use darkroom_schema::upload::{OpenedUpload, UploadSource};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::map::Mapped;
use super::parts::{Part, PartError, Parts};
use super::spool::{Spool, SpoolWriter};

/// The files of one request.
///
/// Errors of [`UploadSource::open`] and of the streams, by kind: `InvalidInput` and `InvalidData` are the client's fault
/// and may be shown; `FileTooLarge`; `UnexpectedEof`, the client left; `TimedOut`, it fell silent; anything else is ours.
pub(crate) struct Files {
    wanted: Arc<[Mapped]>,
    reader: Arc<Mutex<Reader>>,
    /// Waiting on disk, with their content types; to be had while another file is being read from the body.
    spooled: std::sync::Mutex<HashMap<usize, (Spool, Option<String>)>>,
    limit: u64,
    spool_dir: PathBuf,
}

/// Where the reading stands.
struct Reader {
    parts: Parts,
    wanted: Arc<[Mapped]>,
    /// The current part, if it was looked at and belongs to nobody yet.
    ahead: Option<Found>,
    /// Given out or thrown away; not to be had again.
    gone: HashMap<usize, Gone>,
}

/// A part of the body that `map` names.
struct Found {
    /// Its place in `map`.
    index: usize,
    content_type: Option<String>,
}

/// Why a file can't be had any more.
#[derive(Clone, Copy)]
enum Gone {
    Read,
    Failed,
}

impl Files {
    pub(super) fn new(parts: Parts, wanted: Vec<Mapped>, limit: u64, spool_dir: PathBuf) -> Self {
        let wanted: Arc<[Mapped]> = wanted.into();
        let reader = Reader { parts, wanted: Arc::clone(&wanted), ahead: None, gone: HashMap::new() };
        let reader = Arc::new(Mutex::new(reader));
        Self { wanted, reader, spooled: std::sync::Mutex::default(), limit, spool_dir }
    }

    /// How many files the body announces.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn len(&self) -> usize {
        self.wanted.len()
    }

    /// Whether somebody is reading a file from the body at this moment.
    pub(crate) fn is_streaming(&self) -> bool {
        self.reader.try_lock().is_err()
    }

    /// Finds the file. What is not on disk yet has to wait while another one is being read from the body: whoever opens
    /// two of them finishes or drops the first one's stream before the second.
    async fn find(&self, index: usize) -> io::Result<OpenedUpload> {
        let wanted = self.wanted.get(index).ok_or_else(|| invalid("there is no such upload in this request"))?;
        if let Some(opened) = self.open_spooled(index) {
            return Ok(opened);
        }
        let mut reader = Arc::clone(&self.reader).lock_owned().await;
        loop {
            if let Some(opened) = self.open_spooled(index) {
                return Ok(opened);
            }
            match reader.gone.get(&index) {
                Some(Gone::Read) => {
                    return Err(invalid(format!(
                        "the file {:?} was read already; list another variable for it in \"map\" to use it twice",
                        wanted.part
                    )));
                }
                Some(Gone::Failed) => return Err(invalid(format!("the file {:?} could not be read", wanted.part))),
                None => {}
            }
            let Some(found) = reader.next().await? else {
                return Err(invalid(format!("the file {:?} is missing from the body", wanted.part)));
            };
            if found.index == index && wanted.paths.len() == 1 {
                reader.gone.insert(index, Gone::Read);
                return Ok(OpenedUpload { content_type: found.content_type, body: pull(reader) });
            }
            // Marked first: if this future is dropped in the middle, the rest of the part is of no use.
            reader.gone.insert(found.index, Gone::Failed);
            let (spool, _) = self.spool(&mut reader.parts).await?;
            reader.look_ahead().await?;
            reader.gone.insert(found.index, Gone::Read);
            self.spools().insert(found.index, (spool, found.content_type));
        }
    }

    fn spools(&self) -> std::sync::MutexGuard<'_, HashMap<usize, (Spool, Option<String>)>> {
        self.spooled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_spooled(&self, index: usize) -> Option<OpenedUpload> {
        let spools = self.spools();
        let (spool, content_type) = spools.get(&index)?;
        Some(OpenedUpload { content_type: content_type.clone(), body: spool.read() })
    }

    /// The current part on disk, and its SHA-256.
    async fn spool(&self, parts: &mut Parts) -> io::Result<(Spool, [u8; 32])> {
        let mut writer = SpoolWriter::create(self.spool_dir.clone(), self.limit).await?;
        let mut hash = Sha256::new();
        while let Some(chunk) = parts.chunk().await.map_err(failure)? {
            hash.update(&chunk);
            writer.write(&chunk).await?;
        }
        Ok((writer.finish().await?, hash.finalize().into()))
    }

    /// Takes every file of the body in, onto the disk, and gives the SHA-256 of each in the order of `map`: for a request that
    /// is told from others by its files as well, and outlives its connection. A file that is missing is all noughts.
    pub(crate) async fn take_in(&self) -> io::Result<Vec<[u8; 32]>> {
        let mut reader = Arc::clone(&self.reader).lock_owned().await;
        let mut hashes = vec![[0; 32]; self.wanted.len()];
        while let Some(found) = reader.next().await? {
            reader.gone.insert(found.index, Gone::Failed);
            let (spool, hash) = self.spool(&mut reader.parts).await?;
            reader.gone.insert(found.index, Gone::Read);
            if let Some(place) = hashes.get_mut(found.index) {
                *place = hash;
            }
            self.spools().insert(found.index, (spool, found.content_type));
        }
        Ok(hashes)
    }
}

impl UploadSource for Files {
    fn open(&self, index: usize) -> BoxFuture<'_, io::Result<OpenedUpload>> {
        Box::pin(self.find(index))
    }
}

impl Reader {
    /// The next part; none at the end of the body.
    async fn next(&mut self) -> io::Result<Option<Found>> {
        if let Some(found) = self.ahead.take() {
            return Ok(Some(found));
        }
        let Some(Part { name, content_type }) = self.parts.next().await.map_err(failure)? else {
            return Ok(None);
        };
        let name = name.unwrap_or_default();
        let index = self.wanted.iter().position(|wanted| wanted.part == name);
        let index = index.ok_or_else(|| invalid(format!("the part {name:?} is not in \"map\"")))?;
        if self.gone.contains_key(&index) {
            return Err(invalid(format!("the file {name:?} is twice in the body")));
        }
        Ok(Some(Found { index, content_type }))
    }

    /// Refuses a file behind which stands what may not, such as another one of its name: of two that the client sent as
    /// one, nobody knows which was meant. Later nothing could be refused any more, since the last file's end is where the
    /// operation goes on.
    async fn look_ahead(&mut self) -> io::Result<()> {
        self.ahead = self.next().await?;
        Ok(())
    }
}

/// The current part, from the socket: a chunk is read when it is asked for.
fn pull(reader: OwnedMutexGuard<Reader>) -> BoxStream<'static, io::Result<Bytes>> {
    stream::try_unfold(reader, |mut reader| async move {
        let chunk = reader.parts.chunk().await.map_err(failure)?;
        if chunk.is_none() {
            reader.look_ahead().await?;
        }
        Ok(chunk.map(|chunk| (chunk, reader)))
    })
    .boxed()
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}

fn failure(error: PartError) -> io::Error {
    match error {
        PartError::Body(error) => error.into(),
        PartError::Malformed(what) => io::Error::new(io::ErrorKind::InvalidData, what),
    }
}
