//! The database: SQLite in a file or PostgreSQL, behind one connection type and one way to write.
//!
//! SQLite has one writer. Writers of this process queue at a fair gate instead of polling a busy file, and begin with
//! `BEGIN IMMEDIATE`, since a transaction that reads first and writes later fails when another one wrote in between.

mod aside;
mod link;
mod migrate;
mod open;
mod place;
mod rows;
mod setup;
mod snapshot;
mod speak;
mod transaction;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::error::ConnAcquireErr;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use migrate::known_migrations;
pub(crate) use open::make_private_dir;
pub use rows::Rows;
pub use snapshot::Snapshot;
pub use transaction::Transaction;

use crate::clock::Clock;
use crate::config::Config;
use crate::metrics;

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
    /// Leases and due times would mean something else here than in every other process.
    #[error("this machine's clock is {seconds} s apart from the database's; keep both in step (NTP)")]
    Clock {
        /// How far.
        seconds: u64,
    },
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

/// The database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    rows: Rows,
    /// The turn to write: one permit on SQLite, none needed on PostgreSQL.
    gate: Option<Arc<Semaphore>>,
    gate_timeout: Duration,
    /// What may answer reads in the primary's place.
    replica: Option<Arc<aside::Replica>>,
}

/// How many connections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// In all.
    pub open: u32,
    /// At work.
    pub used: u32,
}

impl Database {
    /// Opens it; makes the SQLite file and its folder (mode 0700). Does not migrate.
    ///
    /// # Errors
    /// When the folder cannot be made, or no connection comes within the acquire time-out.
    pub async fn connect(config: &Config) -> Result<Self, DatabaseError> {
        let rows = open::open(config).await?;
        let gate = (rows.engine() == Engine::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        let gate_timeout = Duration::from_millis(config.database.acquire_timeout_ms);
        let replica = open::replica(config, &rows)?.map(Arc::new);
        if let Some(replica) = &replica {
            replica.watch(Duration::ZERO);
        }
        Ok(Self { rows, gate, gate_timeout, replica })
    }

    /// Has each statement and the time it took told to `observer`, through this value and clones made later. It runs on
    /// the thread that asked, before the answer is read: keep it short.
    pub fn observe(&mut self, observer: impl Fn(&Statement, Duration) + Send + Sync + 'static) {
        self.rows.observe(Arc::new(observer));
    }

    /// Its rows, for reads and for single statements.
    #[must_use]
    pub fn connection(&self) -> &Rows {
        &self.rows
    }

    /// Its rows for one operation that only reads: a replica may answer, which shows everything that had been acknowledged when
    /// the first of them was asked for. What writes goes to the primary. `None` where no replica is set.
    #[must_use]
    pub fn aside(&self) -> Option<Rows> {
        self.replica.as_ref().map(|replica| self.rows.beside(replica))
    }

    /// Whether the replica answers and keeps up, as far as is known, and the connections to it. `None` where none is set.
    #[must_use]
    pub fn replica(&self) -> Option<(bool, Connections)> {
        self.replica.as_ref().map(|replica| (replica.stands(), replica.connections()))
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.rows.engine()
    }

    /// Begins a write transaction. On SQLite it waits, in order of arrival, until no other one of this process is open.
    ///
    /// Keep it short, and never begin a second one while holding the first: on SQLite that waits for itself.
    ///
    /// # Errors
    /// When the turn or a connection does not come within the acquire time-out.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        let asked = Instant::now();
        let begun = self.in_turn().await;
        metrics::record(|metrics| match &begun {
            Ok(_) => metrics.database_begin_seconds.observe(metrics::since(asked)),
            Err(_) => _ = metrics.database_begin_failures.inc(),
        });
        begun
    }

    async fn in_turn(&self) -> Result<Transaction, DbErr> {
        self.rows.begin(self.turn().await?).await
    }

    /// The turn to write, where there is one at a time.
    async fn turn(&self) -> Result<Option<OwnedSemaphorePermit>, DbErr> {
        let Some(gate) = &self.gate else { return Ok(None) };
        match tokio::time::timeout(self.gate_timeout, Arc::clone(gate).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            Ok(Err(_)) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
            Err(_) => Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
        }
    }

    /// The connections now.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.rows.connections()
    }

    /// Asks the database for an answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.rows.ping().await
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
        let row = self.rows.query_one_raw(Statement::from_string(self.rows.get_database_backend(), seconds));
        let row = row.await?.ok_or_else(|| DbErr::RecordNotFound("the database's clock".to_owned()))?;
        let micros = row.try_get::<f64>("", "seconds")? * 1e6;
        DateTime::from_timestamp_micros(micros as i64).ok_or_else(|| DbErr::Type("the database's clock".to_owned()))
    }

    /// How far a process's clock is from the database's, at the least: what the way of the answer may have taken is left
    /// out, and so is the second that SQLite's is exact to. Nought for a clock that a test moves.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clock_apart(&self, clock: &Clock) -> Result<Duration, DbErr> {
        if !clock.is_system() {
            return Ok(Duration::ZERO);
        }
        let before = clock.now();
        let there = self.now().await?;
        let after = clock.now();
        let inexact = if self.engine() == Engine::Sqlite { Duration::from_millis(500) } else { Duration::ZERO };
        Ok(apart(before, there, after).saturating_sub(inexact))
    }

    /// Closes all connections after what runs has ended.
    ///
    /// # Errors
    /// When the driver reports one.
    pub async fn close(&self) -> Result<(), DbErr> {
        let outcome = match &self.replica {
            Some(replica) => replica.close().await,
            None => Ok(()),
        };
        outcome.and(self.rows.close().await)
    }
}

/// How far a moment that was asked for lies outside of when it was asked for: the answer's way took the time in between.
fn apart(before: DateTime<Utc>, there: DateTime<Utc>, after: DateTime<Utc>) -> Duration {
    Ord::max(before - there, there - after).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
