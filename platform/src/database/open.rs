//! How a connection of each engine is set up.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _};
use sea_orm::{DbErr, RuntimeErr};

use super::DatabaseError;
use super::aside::Replica;
use super::link::Links;
use super::rows::{AnyLinks, Rows};
use super::setup::Setup;
use crate::config::{Config, DatabaseAddress, Pooler, Role, without_password};

/// How long SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for a connection to a replica: the primary can answer as well.
const REPLICA_PATIENCE: Duration = Duration::from_secs(1);

/// Page cache of one SQLite connection, KiB (negative is SQLite's way to say KiB).
const CACHE_KIB: &str = "-4096";

/// The rows that the URL names; one connection is open then.
pub(super) async fn open(config: &Config) -> Result<Rows, DatabaseError> {
    let most = config.database.max_connections;
    let patience = Duration::from_millis(config.database.acquire_timeout_ms);
    let refused = |source: DbErr| DatabaseError::Connect { address: without_password(&config.database_url()), source };
    let links = match config.database_address()? {
        DatabaseAddress::Sqlite(path) => {
            // A transaction that reads first and writes later fails when another one wrote in between.
            let setup = Setup::direct(sqlite(config, &path)?, "BEGIN IMMEDIATE");
            AnyLinks::Sqlite(Links::new(setup, most, patience))
        }
        DatabaseAddress::Postgres(url) => {
            let setup =
                postgres(config, &url).map_err(|error| refused(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))?;
            AnyLinks::Postgres(Links::new(setup, most, patience))
        }
    };
    let rows = Rows::new(links);
    rows.ping().await.map_err(refused)?;
    Ok(rows)
}

/// The replica that the settings name, which need not be there now.
pub(super) fn replica(config: &Config, rows: &Rows) -> Result<Option<Replica>, DatabaseError> {
    let (url, AnyLinks::Postgres(primary)) = (config.database.replica_url.expose(), rows.links()) else {
        return Ok(None);
    };
    // What a worker reads it acts upon.
    if url.is_empty() || config.role() == Role::Worker {
        return Ok(None);
    }
    let setup = postgres(config, url).map_err(|error| DatabaseError::Connect {
        address: without_password(url),
        source: DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    })?;
    let patience = REPLICA_PATIENCE.min(Duration::from_millis(config.database.acquire_timeout_ms));
    let links = Links::new(setup, config.database.max_connections, patience);
    let most_lag = Duration::from_millis(config.database.replica_max_lag_ms);
    Ok(Some(Replica::new(links, primary.clone(), most_lag)))
}

fn sqlite(config: &Config, path: &Path) -> Result<SqliteConnectOptions, DatabaseError> {
    make_private_dir(&config.data_dir)
        .and_then(|()| path.parent().map_or(Ok(()), make_private_dir))
        .and_then(|()| make_private_file(path))
        .map_err(|source| DatabaseError::Folder { path: path.display().to_string(), source })?;
    // The path is set as a path, not in a URL, where `?` and `%` would mean something.
    Ok(SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("cache_size", CACHE_KIB)
        .disable_statement_logging())
}

fn postgres(config: &Config, url: &str) -> Result<Setup<PgConnectOptions>, sqlx::Error> {
    let pooler = config.database.pooler;
    if pooler == Pooler::None {
        return Ok(Setup::direct(session(config, url)?, "BEGIN"));
    }
    // A pooler hands server processes from one client to the next and refuses what would have to be set on them: nothing but
    // what it follows by itself is said as a connection begins.
    let options = named(config, url)?.extra_float_digits(None);
    let apart = match (config.database.direct_url.expose(), pooler) {
        ("", Pooler::Prepared) => Some(options.clone()),
        ("", _) => None,
        (direct, _) => Some(session(config, direct)?),
    };
    let begin = time_outs(config).iter().fold("BEGIN".to_owned(), |begin, (setting, milliseconds)| {
        format!("{begin}; SET LOCAL {setting} = {milliseconds}")
    });
    Ok(Setup { options, apart, begin: Cow::Owned(begin), stays: pooler == Pooler::Prepared })
}

/// A session of our own, which keeps what is set as it begins.
fn session(config: &Config, url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(named(config, url)?.options(time_outs(config)).options([PLANNING]))
}

/// What a page costs that is not the next one, beside one that is. PostgreSQL's own 4 is for disks that turn; ours are in memory or
/// on flash. By it, to read 21 people by their ids seems dearer than to read all 2,000 of a small installation.
const PLANNING: (&str, &str) = ("random_page_cost", "1.1");

fn named(config: &Config, url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let name = match config.role() {
        Role::Single => "darkroom",
        Role::Api => "darkroom-api",
        Role::Worker => "darkroom-worker",
    };
    Ok(url.parse::<PgConnectOptions>()?.application_name(name).disable_statement_logging())
}

/// PostgreSQL's settings, in milliseconds.
fn time_outs(config: &Config) -> [(&'static str, u64); 2] {
    let statement = config.database.statement_timeout_ms;
    // A process that hangs between two statements must not hold its locks for ever.
    [("statement_timeout", statement), ("idle_in_transaction_session_timeout", statement * 2)]
}

/// Makes the folder and its parents; a folder made here is open to its owner only.
pub(crate) fn make_private_dir(path: &Path) -> std::io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file for its owner only, which SQLite takes for a new database and whose mode its WAL inherits.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
