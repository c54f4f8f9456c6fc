//! A write transaction: statements on one connection, all or none.

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::{PgConnection, SqliteConnection};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::Engine;
use super::link::Link;
use super::rows::{self, Observer, all, backend, batch, execute, one};
use super::speak::Speak;

/// A write transaction. Dropped without [`Transaction::commit`], it is rolled back, and only then the next writer of SQLite
/// has its turn.
pub struct Transaction {
    link: AnyLink,
    observer: Option<Observer>,
}

/// Behind a lock, since statements are run through a shared reference; they never wait for one another in practice.
#[derive(Debug)]
pub(super) enum AnyLink {
    Postgres(Mutex<Link<PgConnection>>),
    Sqlite(Mutex<Link<SqliteConnection>>),
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl From<Link<PgConnection>> for AnyLink {
    fn from(link: Link<PgConnection>) -> Self {
        Self::Postgres(Mutex::new(link))
    }
}

impl From<Link<SqliteConnection>> for AnyLink {
    fn from(link: Link<SqliteConnection>) -> Self {
        Self::Sqlite(Mutex::new(link))
    }
}

impl Transaction {
    pub(super) async fn begin<C: Speak>(
        mut link: Link<C>,
        turn: Option<OwnedSemaphorePermit>,
        observer: Option<Observer>,
    ) -> Result<Self, DbErr>
    where
        Link<C>: Into<AnyLink>,
    {
        link.begin(turn).await.map_err(rows::exec)?;
        Ok(Self { link: link.into(), observer })
    }

    /// What statements run on.
    #[must_use]
    pub fn connection(&self) -> &Self {
        self
    }

    fn engine(&self) -> Engine {
        match self.link {
            AnyLink::Postgres(_) => Engine::Postgres,
            AnyLink::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Makes the changes last, then gives the turn on.
    ///
    /// # Errors
    /// When the database refuses; nothing has changed then, unless the connection broke on the way.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.end("COMMIT").await
    }

    /// Undoes the changes, then gives the turn on.
    ///
    /// # Errors
    /// When the connection broke; the database undoes them by itself then.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.end("ROLLBACK").await
    }

    async fn end(self, sql: &'static str) -> Result<(), DbErr> {
        match self.link {
            AnyLink::Postgres(link) => link.into_inner().end(sql).await,
            AnyLink::Sqlite(link) => link.into_inner().end(sql).await,
        }
        .map_err(rows::exec)
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        backend(self.engine())
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let observer = self.observer.as_ref();
        match &self.link {
            AnyLink::Postgres(link) => execute(&mut *link.lock().await, observer, statement).await,
            AnyLink::Sqlite(link) => execute(&mut *link.lock().await, observer, statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.link {
            AnyLink::Postgres(link) => batch(&mut *link.lock().await, sql).await,
            AnyLink::Sqlite(link) => batch(&mut *link.lock().await, sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let observer = self.observer.as_ref();
        match &self.link {
            AnyLink::Postgres(link) => one(&mut *link.lock().await, observer, statement).await,
            AnyLink::Sqlite(link) => one(&mut *link.lock().await, observer, statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let observer = self.observer.as_ref();
        match &self.link {
            AnyLink::Postgres(link) => all(&mut *link.lock().await, observer, statement).await,
            AnyLink::Sqlite(link) => all(&mut *link.lock().await, observer, statement).await,
        }
    }
}
