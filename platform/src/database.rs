//! The database: SQLite in a file or PostgreSQL, behind one connection type and one way to write.
//!
//! SQLite has one writer. Writers of this process queue at a fair gate instead of polling a busy file, and begin with
//! `BEGIN IMMEDIATE`, since a transaction that reads first and writes later fails when another one wrote in between.

mod migrate;
mod open;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::error::ConnAcquireErr;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use open::make_private_dir;

use crate::config::Config;

/// Why the database could not be opened; names the address without its password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The folder or the file cannot be made.
    #[error("{path}: {source}; make the folder writable or set DARKROOM_DATA_DIR")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No connection.
    #[error("cannot open {address}: {source}; check DARKROOM_DATABASE_URL and that the server runs")]
    Connect {
        /// The URL without its password.
        address: String,
        /// What the driver said.
        source: DbErr,
    },
    /// It was opened and does not answer.
    #[error("the database does not answer: {0}")]
    Silent(#[source] DbErr),
    /// Its schema is behind this program's.
    #[error("the database is not up to date ({pending}); run `darkroom migrate` first")]
    Outdated {
        /// The schema changes that are missing.
        pending: String,
    },
}

/// Which engine answers, for the few places where the two must differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file, one writer.
    Sqlite,
    /// A server.
    Postgres,
}

/// The database. Clones share one pool.
#[derive(Debug, Clone)]
pub struct Database {
    connection: DatabaseConnection,
    engine: Engine,
    /// The turn to write: one permit on SQLite, none needed on PostgreSQL.
    gate: Option<Arc<Semaphore>>,
    gate_timeout: Duration,
}

impl Database {
    /// Opens the pool; makes the SQLite file and its folder (mode 0700). Does not migrate.
    ///
    /// # Errors
    /// When the folder cannot be made, or no connection comes within the acquire time-out.
    pub async fn connect(config: &Config) -> Result<Self, DatabaseError> {
        let (connection, engine) = open::open(config).await?;
        let gate = (engine == Engine::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        let gate_timeout = Duration::from_millis(config.database.acquire_timeout_ms);
        Ok(Self { connection, engine, gate, gate_timeout })
    }

    /// Has each statement and the time it took told to `observer`, through this value and clones made later. It runs on
    /// the thread that asked, before the answer is read: keep it short.
    pub fn observe(&mut self, observer: impl Fn(&Statement, Duration) + Send + Sync + 'static) {
        self.connection.set_metric_callback(move |info| observer(info.statement, info.elapsed));
    }

    /// The pool, for reads and for single statements.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a write transaction. On SQLite it waits, in order of arrival, until no other one of this process is open.
    ///
    /// Keep it short, and never begin a second one while holding the first: on SQLite that waits for itself.
    ///
    /// # Errors
    /// When the turn or a connection does not come within the acquire time-out.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let (permit, mode) = match &self.gate {
            None => (None, None),
            Some(gate) => {
                let turn = tokio::time::timeout(self.gate_timeout, Arc::clone(gate).acquire_owned()).await;
                let permit = match turn {
                    Ok(Ok(permit)) => permit,
                    Ok(Err(_)) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
                    Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
                };
                (Some(permit), Some(SqliteTransactionMode::Immediate))
            }
        };
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        let inner = self.connection.begin_with_options(options).await?;
        Ok(Transaction { inner, _permit: permit })
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.connection.ping().await
    }

    /// What the database's own clock says, to within a second on SQLite. For comparing clocks only: rows get their
    /// moments from [`crate::Clock`].
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn now(&self) -> Result<DateTime<Utc>, DbErr> {
        let seconds = match self.engine() {
            Engine::Sqlite => "SELECT CAST(strftime('%s', 'now') AS REAL) + 0.5 AS seconds",
            Engine::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION) AS seconds",
        };
        let row =
            self.connection.query_one_raw(Statement::from_string(self.connection.get_database_backend(), seconds));
        let row = row.await?.ok_or_else(|| DbErr::RecordNotFound("the database's clock".to_owned()))?;
        let micros = row.try_get::<f64>("", "seconds")? * 1e6;
        DateTime::from_timestamp_micros(micros as i64).ok_or_else(|| DbErr::Type("the database's clock".to_owned()))
    }

    /// Closes the pool after what runs has ended.
    ///
    /// # Errors
    /// When the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        self.connection.close_by_ref().await
    }
}

/// A write transaction. Dropped without [`Transaction::commit`], it is rolled back.
#[derive(Debug)]
pub struct Transaction {
    // Declared before the permit: the rollback of a drop is under way before the next writer's turn.
    inner: DatabaseTransaction,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Transaction {
    /// What statements run on.
    #[must_use]
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Makes the changes last, then gives the turn on.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then, unless the connection broke on the way.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.inner.commit().await
    }

    /// Undoes the changes, then gives the turn on.
    ///
    /// # Errors
    /// When the connection broke; the database undoes them by itself then.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }
}

impl std::ops::Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

#[cfg(test)]
mod tests;
