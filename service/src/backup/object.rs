//! Objects into a folder, each once.
//!
//! Which objects there have to be, the rows say that were just written. It takes some 40 bytes of memory an object, and some 200 for
//! each that is to be copied.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use darkroom_entity::doomed_object;
use darkroom_entity::media::{self, Status};
use darkroom_platform::objects::ObjectsError;
use futures::{StreamExt, TryStreamExt, stream};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::rows::{self, File};
use super::table::Head;
use super::{BackupError, MANIFEST, Manifest, Progress, Result, Sum, at, manifest};
use crate::app::App;

/// Objects that are copied at once.
pub(super) const AT_ONCE: usize = 8;

/// Objects between two words about how far it is.
const STEP: u64 = 1000;

/// Where objects of a backup that was not finished are listed.
const LOG: &str = "objects.log";

/// The folder of the objects.
pub(super) const OBJECTS: &str = "objects";

/// An object of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) bytes: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
    pub(super) content_type: String,
}

/// An object that rows name.
#[derive(Debug, Clone)]
struct Wanted {
    key: String,
    content_type: String,
    /// A part of a large file may be on its way.
    is_required: bool,
}

/// What copying came to.
#[derive(Debug, Default)]
pub(super) struct Copied {
    /// Objects that were copied now.
    pub(super) copied: u64,
    /// Keys of objects that have to be there, and are not.
    pub(super) absent: Vec<String>,
}

/// A key in little memory.
type Mark = [u8; 16];

fn mark(key: &str) -> Mark {
    let mut mark = [0; 16];
    mark.copy_from_slice(&Sha256::digest(key)[..16]);
    mark
}

/// The folder of a backup.
pub(super) struct Folder {
    path: PathBuf,
    /// The list of the backup that it holds, if it holds one.
    listed: Option<PathBuf>,
    /// What was put into it, and how many bytes each has.
    there: HashMap<Mark, u64>,
}

impl Folder {
    pub(super) async fn open(path: &Path) -> Result<Self> {
        make_folder(&path.join(OBJECTS)).await?;
        let listed = match fs::try_exists(path.join(MANIFEST)).await.map_err(at(path))? {
            true => Some(path.join(manifest(path).await?.listing())),
            false => None,
        };
        let mut folder = Self { path: path.to_owned(), listed, there: HashMap::new() };
        for list in folder.lists() {
            let mut entries = entries(&list).await?;
            while let Some(entry) = entries.next().await? {
                folder.there.insert(mark(&entry.key), entry.bytes);
            }
        }
        Ok(folder)
    }

    /// What is listed: by the backup that is there, and by attempts since.
    fn lists(&self) -> Vec<PathBuf> {
        self.listed.iter().cloned().chain([self.path.join(LOG)]).collect()
    }

    /// Whether the object lies there whole. What was listed may have been lost since: by whoever tidies, or with the machine's power.
    async fn has(&self, key: &str) -> bool {
        let Some(bytes) = self.there.get(&mark(key)) else { return false };
        fs::metadata(self.path.join(OBJECTS).join(key)).await.is_ok_and(|file| file.len() == *bytes)
    }

    /// Copies what rows name and is not there yet.
    pub(super) async fn copy(&mut self, app: &App, rows: &Path, tell: &mut impl FnMut(Progress)) -> Result<Copied> {
        let mut wanted = Vec::new();
        let mut copied = Copied::default();
        let (mut done, mut of) = (0, 0);
        each_wanted(rows, async |one| {
            of += 1;
            if !self.has(&one.key).await {
                wanted.push(one);
            }
            Ok(())
        })
        .await?;
        done += of - wanted.len() as u64;
        tell(Progress::Objects { done, of });
        let log_path = self.path.join(LOG);
        let mut log = private().create(true).append(true).open(&log_path).await.map_err(at(&log_path))?;
        let folder = self.path.join(OBJECTS);
        let mut copies = stream::iter(wanted).map(|one| fetch(app, &folder, one)).buffer_unordered(AT_ONCE);
        while let Some((one, entry)) = copies.try_next().await? {
            match entry {
                Some(entry) => {
                    let mut line = serde_json::to_vec(&entry).map_err(|error| at(&log_path)(error.into()))?;
                    line.push(b'\n');
                    log.write_all(&line).await.map_err(at(&log_path))?;
                    self.there.insert(mark(&entry.key), entry.bytes);
                    copied.copied += 1;
                }
                None if one.is_required => copied.absent.push(one.key),
                None => {}
            }
            done += 1;
            if done.is_multiple_of(STEP) || done == of {
                tell(Progress::Objects { done, of });
            }
        }
        log.flush().await.map_err(at(&log_path))?;
        log.sync_all().await.map_err(at(&log_path))?;
        Ok(copied)
    }

    /// Lists what the backup holds, and says what the list has to be and how many bytes the objects have.
    pub(super) async fn list(&self, rows: &Path, listing: &str) -> Result<(Sum, u64)> {
        let mut wanted = HashSet::new();
        each_wanted(rows, async |one| {
            wanted.insert(mark(&one.key));
            Ok(())
        })
        .await?;
        let mut file = File::create(&self.path.join(listing)).await?;
        let (mut number, mut bytes) = (0, 0);
        for list in self.lists() {
            let mut entries = entries(&list).await?;
            while let Some(entry) = entries.next().await? {
                // Once: an attempt that was cut off may have listed what another one lists again.
                if wanted.remove(&mark(&entry.key)) {
                    file.line(&entry).await?;
                    number += 1;
                    bytes += entry.bytes;
                }
            }
        }
        Ok((Sum { entries: number, sha256: file.finish().await? }, bytes))
    }

    /// Makes the folder this backup, and removes what only the one before it had.
    pub(super) async fn seal(self, manifest: &Manifest) -> Result<()> {
        let path = self.path.join(MANIFEST);
        let new = self.path.join(".new");
        let text = serde_json::to_vec_pretty(manifest).map_err(|error| at(&path)(error.into()))?;
        let mut file = private().create(true).truncate(true).write(true).open(&new).await.map_err(at(&new))?;
        file.write_all(&text).await.map_err(at(&new))?;
        file.sync_all().await.map_err(at(&new))?;
        let mut kept = HashSet::new();
        let mut listed = entries(&self.path.join(manifest.listing())).await?;
        while let Some(entry) = listed.next().await? {
            kept.insert(mark(&entry.key));
        }
        let lists = self.lists();
        fs::rename(&new, &path).await.map_err(at(&path))?;
        // The name as well: what is removed from here on must not be missed by the manifest that a crash brings back.
        let folder = fs::File::open(&self.path).await.map_err(at(&self.path))?;
        folder.sync_all().await.map_err(at(&self.path))?;
        // From here on what fails leaves too much behind, and nothing is missing.
        for list in lists {
            let mut entries = entries(&list).await?;
            while let Some(entry) = entries.next().await? {
                if !kept.contains(&mark(&entry.key)) {
                    let _ = fs::remove_file(self.path.join(OBJECTS).join(&entry.key)).await;
                }
            }
            let _ = fs::remove_file(&list).await;
        }
        let mut others = fs::read_dir(&self.path).await.map_err(at(&self.path))?;
        while let Some(other) = others.next_entry().await.map_err(at(&self.path))? {
            let name = other.file_name();
            if is_another(&name, &manifest.rows) {
                let _ = fs::remove_dir_all(other.path()).await;
            } else if is_another(&name, &manifest.listing()) {
                let _ = fs::remove_file(other.path()).await;
            }
        }
        Ok(())
    }
}

/// Whether it is of the same kind as ours, of a backup before or of one that was broken off. Names of one kind have one length,
/// so that nothing is meant that somebody else has put there.
fn is_another(name: &std::ffi::OsStr, ours: &str) -> bool {
    let kind = ours.split_once('-').map_or(ours, |(kind, _)| kind);
    let name = name.to_str().unwrap_or_default();
    name != ours && name.len() == ours.len() && name.split_once('-').is_some_and(|(of, _)| of == kind)
}

/// Of these keys, those whose rows stand although their objects are gone: the store has lost them. None if it is not so of
/// one of them: it was deleted meanwhile, and so were rows that were written down.
pub(super) async fn lost(app: &App, absent: Vec<String>) -> Result<Option<Vec<String>>> {
    for key in &absent {
        let original = media::Entity::find().filter(media::Column::OriginalKey.eq(key)).one(app.rows()).await?;
        let made = darkroom_entity::rendition::Entity::find()
            .filter(darkroom_entity::rendition::Column::ObjectKey.eq(key))
            .one(app.rows())
            .await?;
        let doomed = doomed_object::Entity::find_by_id(key.clone()).one(app.rows()).await?;
        if (original.is_none() && made.is_none()) || doomed.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(absent))
}

/// Copies one object; none if the store has none.
async fn fetch(app: &App, folder: &Path, one: Wanted) -> Result<(Wanted, Option<Entry>)> {
    let failed = |source| BackupError::Objects { key: one.key.clone(), source };
    let read = match app.objects.read(&one.key, None).await {
        Ok(read) => read,
        Err(ObjectsError::NotFound) => return Ok((one, None)),
        Err(source) => return Err(failed(source)),
    };
    let path = folder.join(&one.key);
    if let Some(parent) = path.parent() {
        make_folder(parent).await?;
    }
    // An object's name never ends so.
    let mut part = path.clone().into_os_string();
    part.push(".part~");
    let part = PathBuf::from(part);
    let mut file = private().create(true).truncate(true).write(true).open(&part).await.map_err(at(&part))?;
    let (mut hasher, mut bytes, mut chunks) = (Sha256::new(), 0, read.stream);
    while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
        hasher.update(&chunk);
        bytes += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(at(&part))?;
    }
    file.flush().await.map_err(at(&part))?;
    file.sync_all().await.map_err(at(&part))?;
    fs::rename(&part, &path).await.map_err(at(&path))?;
    let entry =
        Entry { key: one.key.clone(), bytes, sha256: hex(&hasher.finalize()), content_type: one.content_type.clone() };
    Ok((one, Some(entry)))
}

/// Calls `with` for each object that the rows of this folder name.
async fn each_wanted(rows: &Path, mut with: impl AsyncFnMut(Wanted) -> Result<()>) -> Result<()> {
    let mut photos = Table::open(rows, "media").await?;
    while let Some(row) = photos.next().await? {
        let (key, status) = (photos.text(&row, "original_key")?, photos.text(&row, "status")?);
        if !key.is_empty() && status != Status::Uploading.to_value() {
            let content_type = photos.text(&row, "content_type")?.to_owned();
            with(Wanted { key: key.to_owned(), content_type, is_required: true }).await?;
        }
    }
    let mut made = Table::open(rows, "rendition").await?;
    while let Some(row) = made.next().await? {
        let content_type = format!("image/{}", made.text(&row, "format")?);
        with(Wanted { key: made.text(&row, "object_key")?.to_owned(), content_type, is_required: true }).await?;
    }
    let mut uploads = Table::open(rows, "upload").await?;
    while let Some(row) = uploads.next().await? {
        if uploads.text(&row, "state")? != darkroom_entity::upload::State::Open.to_value() {
            continue;
        }
        let prefix = uploads.text(&row, "part_prefix")?;
        let (size, part) = (uploads.number(&row, "byte_size")?, uploads.number(&row, "part_size")?);
        for number in 1..=size.div_ceil(part.max(1)) {
            let content_type = "application/octet-stream".to_owned();
            with(Wanted { key: format!("{prefix}/{number}"), content_type, is_required: false }).await?;
        }
    }
    Ok(())
}

/// A table's file, row by row.
pub(super) struct Table {
    path: PathBuf,
    lines: Lines,
    pub(super) head: Option<Head>,
}

impl Table {
    pub(super) async fn open(rows: &Path, table: &str) -> Result<Self> {
        let path = rows.join(rows::file_of(table));
        let mut lines = Lines::open(&path).await?;
        let head = lines.next().await?;
        Ok(Self { path, lines, head })
    }

    /// The next row, as many values as there are columns.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Json>>> {
        let Some(row) = self.lines.next::<Vec<Json>>().await? else { return Ok(None) };
        if self.head.as_ref().is_none_or(|head| head.columns.len() != row.len()) {
            return Err(self.damaged("a row of another length"));
        }
        Ok(Some(row))
    }

    fn value<'a>(&self, row: &'a [Json], column: &str) -> Result<&'a Json> {
        let columns = self.head.iter().flat_map(|head| &head.columns);
        let place = columns.map(|(name, _)| name).position(|name| name == column);
        place.and_then(|place| row.get(place)).ok_or_else(|| self.damaged(column))
    }

    fn text<'a>(&self, row: &'a [Json], column: &str) -> Result<&'a str> {
        self.value(row, column)?.as_str().ok_or_else(|| self.damaged(column))
    }

    fn number(&self, row: &[Json], column: &str) -> Result<u64> {
        self.value(row, column)?.as_u64().ok_or_else(|| self.damaged(column))
    }

    pub(super) fn damaged(&self, what: &str) -> BackupError {
        BackupError::Damaged(format!("{} can't be read: {what}", self.path.display()))
    }
}

/// The objects of a list; none if there is no such file.
pub(super) async fn entries(path: &Path) -> Result<Entries> {
    match Lines::open(path).await {
        Ok(lines) => Ok(Entries(Some(lines))),
        Err(BackupError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(Entries(None)),
        Err(error) => Err(error),
    }
}

/// A list of objects, one by one.
pub(super) struct Entries(Option<Lines>);

impl Entries {
    pub(super) async fn next(&mut self) -> Result<Option<Entry>> {
        match &mut self.0 {
            Some(lines) => lines.next().await,
            None => Ok(None),
        }
    }
}

/// A file of JSON lines. A last line without an end was cut off, and counts as not there.
struct Lines {
    path: PathBuf,
    file: BufReader<fs::File>,
    line: Vec<u8>,
}

impl Lines {
    async fn open(path: &Path) -> Result<Self> {
        let file = fs::File::open(path).await.map_err(at(path))?;
        Ok(Self { path: path.to_owned(), file: BufReader::with_capacity(1 << 16, file), line: Vec::new() })
    }

    async fn next<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>> {
        self.line.clear();
        self.file.read_until(b'\n', &mut self.line).await.map_err(at(&self.path))?;
        if self.line.last() != Some(&b'\n') {
            return Ok(None);
        }
        let value = serde_json::from_slice(&self.line);
        value.map(Some).map_err(|error| BackupError::Damaged(format!("{}: {error}", self.path.display())))
    }
}

impl Manifest {
    /// The file that lists the objects.
    pub(super) fn listing(&self) -> String {
        format!("objects-{}.ndjson", self.rows.trim_start_matches("rows-"))
    }
}

/// A file that only its owner reads: what it holds is as private as the database.
pub(super) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    options.mode(0o600);
    options
}

/// Makes a folder that only its owner reads, with those above it.
pub(super) async fn make_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path).await.map_err(at(path))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
