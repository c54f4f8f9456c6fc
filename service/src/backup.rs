//! A copy of everything, as it stood at one moment, in a folder: rows and objects. It can be read back on either kind of stores.
//!
//! ```text
//!   backup.json          what it is a copy of, and what the other files' bytes have to be; written last
//!   rows-<moment>-<id>/  a file a table: what its columns are called and hold, then a row a line, as JSON
//!   objects-….ndjson     an object a line: key, bytes, SHA-256, content type
//!   objects/<key>        the objects
//! ```
//!
//! Rows are read in one transaction, objects are not. An object never changes, and goes only when the rows that name it are gone,
//! so all are there unless something was deleted meanwhile. Then rows are read once more: what is deleted is in no backup that
//! was begun before. Objects that lie in the folder already are not copied again, so that a second backup into the same
//! folder takes as long as what is new; until its last step the folder is what it was.

mod object;
mod restore;
mod rows;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::fs;

use crate::app::App;

pub use restore::restore;

/// The form of the folder. A reader refuses a later one.
const FORM: u32 = 1;

/// The file that makes a folder a backup.
const MANIFEST: &str = "backup.json";

/// How often rows are read while things are deleted meanwhile. Copies of what is new take moments, so once more is the rule.
const ATTEMPTS: usize = 8;

/// Why there is no backup, or nothing came back from one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no backup, or not what it was when it was made.
    #[error("{0}")]
    Damaged(String),
    /// There is something already where everything was to go.
    #[error("the database is not empty ({accounts} people): a backup is read into an empty one")]
    NotEmpty {
        /// People there.
        accounts: u64,
    },
    /// Objects went all the time.
    #[error("objects are deleted faster than they can be copied; try again at a quieter time")]
    Restless,
    /// The database failed.
    #[error("the database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The object store failed.
    #[error("the object store, {key:?}: {source}")]
    Objects {
        /// Which object.
        key: String,
        /// Why.
        source: darkroom_platform::objects::ObjectsError,
    },
    /// What Redis remembers could not be forgotten.
    #[error("Redis could not be emptied of what it remembers: {0}")]
    Redis(#[source] darkroom_platform::redis::RedisError),
}

type Result<T> = std::result::Result<T, BackupError>;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A table is done.
    Table {
        /// Its name.
        name: String,
        /// Its rows.
        rows: u64,
    },
    /// So many objects are there.
    Objects {
        /// Done.
        done: u64,
        /// In all.
        of: u64,
    },
}

/// The tables that a backup holds, each after those that it refers to.
#[must_use]
pub fn tables() -> &'static [&'static str] {
    &rows::TABLES
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of the objects, those that were copied now. The others were there before.
    pub copied: u64,
    /// Objects that rows name and the store has lost.
    pub missing: u64,
}

/// What `backup.json` says.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    form: u32,
    /// The version of the program that made it.
    darkroom: String,
    made_at: DateTime<Utc>,
    /// The changes of the schema that its rows have seen, oldest first.
    schema: Vec<String>,
    /// The folder of the rows.
    rows: String,
    /// By file name in that folder.
    tables: BTreeMap<String, Sum>,
    objects: Sum,
    bytes: u64,
    /// Keys that rows name and that the store had no object for.
    missing: Vec<String>,
}

/// What a file has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    /// Rows, or objects.
    entries: u64,
    /// Of its bytes, in hexadecimal digits.
    sha256: String,
}

/// Copies everything into the folder, which is made if need be (mode 0700). Servers go on meanwhile.
///
/// # Errors
/// [`BackupError`]; the folder holds the backup that it held before then, if it held one.
pub async fn backup(app: &App, folder: &Path, mut tell: impl FnMut(Progress)) -> Result<Summary> {
    object::make_folder(folder).await?;
    let mut store = object::Folder::open(folder).await?;
    let made_at = app.clock.now();
    // No two share a name, whatever the clock says: the one that is there is read while this one is written.
    let name = format!("rows-{}-{}", made_at.format("%Y%m%dT%H%M%SZ"), app.clock.new_id().simple());
    for _ in 0..ATTEMPTS {
        let tables = rows::write(app, &folder.join(&name), &mut tell).await?;
        let copied = store.copy(app, &folder.join(&name), &mut tell).await?;
        // What is missing although its row still stands was lost before, and no second look brings it back.
        let Some(missing) = object::lost(app, copied.absent).await? else { continue };
        let mut manifest = Manifest {
            form: FORM,
            darkroom: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            schema: app.database.applied_migrations().await?,
            rows: name,
            tables,
            objects: Sum::default(),
            bytes: 0,
            missing,
        };
        (manifest.objects, manifest.bytes) = store.list(&folder.join(&manifest.rows), &manifest.listing()).await?;
        let summary = Summary {
            rows: manifest.tables.values().map(|sum| sum.entries).sum(),
            objects: manifest.objects.entries,
            bytes: manifest.bytes,
            copied: copied.copied,
            missing: manifest.missing.len() as u64,
        };
        store.seal(&manifest).await?;
        return Ok(summary);
    }
    let _ = fs::remove_dir_all(folder.join(&name)).await;
    Err(BackupError::Restless)
}

async fn manifest(folder: &Path) -> Result<Manifest> {
    let path = folder.join(MANIFEST);
    let text = match fs::read(&path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = format!("{} is no backup: it has no {MANIFEST}", folder.display());
            return Err(BackupError::Damaged(text));
        }
        Err(source) => return Err(at(&path)(source)),
    };
    let form = serde_json::from_slice::<serde_json::Value>(&text).ok().and_then(|value| value["form"].as_u64());
    match form {
        Some(form) if form > u64::from(FORM) => {
            Err(BackupError::Damaged(format!("the backup is of form {form}; this release reads forms up to {FORM}")))
        }
        _ => serde_json::from_slice(&text)
            .map_err(|error| BackupError::Damaged(format!("{} can't be read: {error}", path.display()))),
    }
}

/// Says which file it was.
fn at(path: &Path) -> impl Fn(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |source| BackupError::File { path: path.clone(), source }
}
