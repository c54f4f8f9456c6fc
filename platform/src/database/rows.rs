//! Statements that stand alone: each on whichever connection is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{self, PgConnection, SqliteConnection};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, SqlxPostgresConnector,
    SqlxSqliteConnector, Statement,
};
use tokio::sync::OwnedSemaphorePermit;

use super::aside::{Aside, Replica};
use super::link::{Link, Links};
use super::speak::Speak;
use super::transaction::Transaction;
use super::{Connections, Engine};

/// Whom each statement, and the time it took, is told to.
pub(super) type Observer = Arc<dyn Fn(&Statement, Duration) + Send + Sync>;

/// The rows of the database, for reads and for single statements. Clones share the connections.
#[derive(Clone)]
pub struct Rows {
    links: AnyLinks,
    observer: Option<Observer>,
    /// What may answer reads in their place.
    aside: Option<Arc<Aside>>,
}

#[derive(Debug, Clone)]
pub(super) enum AnyLinks {
    Postgres(Links<PgConnection>),
    Sqlite(Links<SqliteConnection>),
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl Rows {
    pub(super) fn new(links: AnyLinks) -> Self {
        Self { links, observer: None, aside: None }
    }

    /// The same rows, for one operation that reads aside.
    pub(super) fn beside(&self, replica: &Arc<Replica>) -> Self {
        Self { aside: Some(Arc::new(Aside::new(Arc::clone(replica)))), ..self.clone() }
    }

    pub(super) fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    pub(super) fn links(&self) -> &AnyLinks {
        &self.links
    }

    pub(super) fn engine(&self) -> Engine {
        match self.links {
            AnyLinks::Postgres(_) => Engine::Postgres,
            AnyLinks::Sqlite(_) => Engine::Sqlite,
        }
    }

    pub(super) fn connections(&self) -> Connections {
        match &self.links {
            AnyLinks::Postgres(links) => links.connections(),
            AnyLinks::Sqlite(links) => links.connections(),
        }
    }

    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        match &self.links {
            AnyLinks::Postgres(links) => ping(links).await,
            AnyLinks::Sqlite(links) => ping(links).await,
        }
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match &self.links {
            AnyLinks::Postgres(links) => links.close().await,
            AnyLinks::Sqlite(links) => links.close().await,
        }
    }

    /// Begins a transaction, which holds `turn` until it is over.
    pub(super) async fn begin(&self, turn: Option<OwnedSemaphorePermit>) -> Result<Transaction, DbErr> {
        let observer = self.observer.clone();
        match &self.links {
            AnyLinks::Postgres(links) => Transaction::begin(links.take().await?, turn, observer).await,
            AnyLinks::Sqlite(links) => Transaction::begin(links.take().await?, turn, observer).await,
        }
    }
}

impl Rows {
    /// A connection that sea-orm itself holds, for what takes no other: changes of the schema, and reading for very long.
    pub(super) async fn apart(&self) -> Result<DatabaseConnection, DbErr> {
        match &self.links {
            AnyLinks::Postgres(links) => {
                let options = links.apart().ok_or_else(no_way_past)?.clone();
                let pool = PoolOptions::new().max_connections(1).connect_with(options).await;
                Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.map_err(conn)?))
            }
            AnyLinks::Sqlite(links) => {
                let options = links.apart().ok_or_else(no_way_past)?.clone();
                let pool = PoolOptions::new().max_connections(1).connect_with(options).await;
                Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.map_err(conn)?))
            }
        }
    }
}

fn no_way_past() -> DbErr {
    let told = "this needs PostgreSQL itself, and database.pooler says that a pooler is in between; set \
                DARKROOM_DATABASE_DIRECT_URL to PostgreSQL's own address";
    DbErr::Custom(told.to_owned())
}

async fn ping<C: Speak>(links: &Links<C>) -> Result<(), DbErr> {
    let mut link = links.take().await?;
    link.ask(async |connection| connection.ping().await).await.map_err(conn)
}

pub(super) fn backend(engine: Engine) -> DbBackend {
    match engine {
        Engine::Postgres => DbBackend::Postgres,
        Engine::Sqlite => DbBackend::Sqlite,
    }
}

#[async_trait]
impl ConnectionTrait for Rows {
    fn get_database_backend(&self) -> DbBackend {
        backend(self.engine())
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let observer = self.observer.as_ref();
        match &self.links {
            AnyLinks::Postgres(links) => execute(&mut links.take().await?, observer, statement).await,
            AnyLinks::Sqlite(links) => execute(&mut links.take().await?, observer, statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match &self.links {
            AnyLinks::Postgres(links) => batch(&mut links.take().await?, sql).await,
            AnyLinks::Sqlite(links) => batch(&mut links.take().await?, sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let observer = self.observer.as_ref();
        if let Some(aside) = &self.aside
            && let Some(mut link) = aside.link(&statement).await
            && let Some(row) = aside.heard(one(&mut link, observer, statement.clone())).await
        {
            return Ok(row);
        }
        match &self.links {
            AnyLinks::Postgres(links) => one(&mut links.take().await?, observer, statement).await,
            AnyLinks::Sqlite(links) => one(&mut links.take().await?, observer, statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let observer = self.observer.as_ref();
        if let Some(aside) = &self.aside
            && let Some(mut link) = aside.link(&statement).await
            && let Some(rows) = aside.heard(all(&mut link, observer, statement.clone())).await
        {
            return Ok(rows);
        }
        match &self.links {
            AnyLinks::Postgres(links) => all(&mut links.take().await?, observer, statement).await,
            AnyLinks::Sqlite(links) => all(&mut links.take().await?, observer, statement).await,
        }
    }
}

pub(super) async fn execute<C: Speak>(
    link: &mut Link<C>,
    observer: Option<&Observer>,
    statement: Statement,
) -> Result<ExecResult, DbErr> {
    let watch = Watch::begin(observer, &statement);
    let outcome = link.run(async |connection, stays| connection.execute(statement, stays).await).await;
    watch.end();
    outcome.map_err(exec)
}

pub(super) async fn batch<C: Speak>(link: &mut Link<C>, sql: &str) -> Result<ExecResult, DbErr> {
    link.ask(async |connection| connection.batch(sql).await).await.map_err(exec)
}

pub(super) async fn one<C: Speak>(
    link: &mut Link<C>,
    observer: Option<&Observer>,
    statement: Statement,
) -> Result<Option<QueryResult>, DbErr> {
    let watch = Watch::begin(observer, &statement);
    let outcome = link.run(async |connection, stays| connection.one(statement, stays).await).await;
    watch.end();
    outcome.map_err(query)
}

pub(super) async fn all<C: Speak>(
    link: &mut Link<C>,
    observer: Option<&Observer>,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    let watch = Watch::begin(observer, &statement);
    let outcome = link.run(async |connection, stays| connection.all(statement, stays).await).await;
    watch.end();
    outcome.map_err(query)
}

/// Tells the observer, if there is one, and costs nothing otherwise.
struct Watch<'a>(Option<(&'a Observer, Statement, Instant)>);

impl<'a> Watch<'a> {
    fn begin(observer: Option<&'a Observer>, statement: &Statement) -> Self {
        Self(observer.map(|observer| (observer, statement.clone(), Instant::now())))
    }

    fn end(self) {
        if let Some((observer, statement, begun)) = self.0 {
            observer(&statement, begun.elapsed());
        }
    }
}

fn conn(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

pub(super) fn exec(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn query(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
