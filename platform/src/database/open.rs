//! How a connection of each engine is set up.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection};

use super::{DatabaseError, Engine};
use crate::config::{Config, DatabaseAddress, Role, without_password};

/// How long SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that was used a moment ago is not asked whether it still stands: that would double the round trips of a
/// busy server. One that has idled may have died with its server.
const TEST_IF_IDLE_FOR: Duration = Duration::from_secs(1);

/// Page cache of one SQLite connection, KiB (negative is SQLite's way to say KiB).
const CACHE_KIB: &str = "-4096";

/// Opens the pool that the URL names.
pub(super) async fn open(config: &Config) -> Result<(DatabaseConnection, Engine), DatabaseError> {
    let address = config.database_address()?;
    let (mut options, engine) = match &address {
        DatabaseAddress::Sqlite(path) => (sqlite(config, path)?, Engine::Sqlite),
        DatabaseAddress::Postgres(url) => (postgres(config, url), Engine::Postgres),
    };
    let acquire = Duration::from_millis(config.database.acquire_timeout_ms);
    options
        .max_connections(config.database.max_connections)
        .min_connections(1)
        .acquire_timeout(acquire)
        .connect_timeout(acquire)
        .test_before_acquire_if_idle_for(TEST_IF_IDLE_FOR)
        .sqlx_logging(false);
    sea_orm::Database::connect(options)
        .await
        .map(|connection| (connection, engine))
        .map_err(|source| DatabaseError::Connect { address: without_password(&config.database_url()), source })
}

fn sqlite(config: &Config, path: &Path) -> Result<ConnectOptions, DatabaseError> {
    make_private_dir(&config.data_dir)
        .and_then(|()| path.parent().map_or(Ok(()), make_private_dir))
        .and_then(|()| make_private_file(path))
        .map_err(|source| DatabaseError::Folder { path: path.display().to_string(), source })?;
    // The path is set as a path, not in the URL, where `?` and `%` would mean something.
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:darkroom.sqlite");
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("cache_size", CACHE_KIB)
    });
    Ok(options)
}

fn postgres(config: &Config, url: &str) -> ConnectOptions {
    let statement = config.database.statement_timeout_ms;
    let name = match config.role() {
        Role::Single => "darkroom",
        Role::Api => "darkroom-api",
        Role::Worker => "darkroom-worker",
    };
    let mut options = ConnectOptions::new(url);
    options.map_sqlx_postgres_opts(move |options| {
        options.application_name(name).options([
            ("statement_timeout", statement.to_string()),
            // A process that hangs between two statements must not hold its locks for ever.
            ("idle_in_transaction_session_timeout", (statement * 2).to_string()),
        ])
    });
    options
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
