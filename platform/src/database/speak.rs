//! What is said to a connection, the same for both engines.

use std::future::Future;

use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use sea_orm::{ExecResult, QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;

/// A connection of an engine that we speak to.
pub(super) trait Speak: Connection + std::fmt::Debug + Send + 'static {
    /// Runs a statement that gives no rows. It stays prepared for the next time if it is to be `kept`; else it has no name,
    /// and the next statement takes its place.
    fn execute(
        &mut self,
        statement: Statement,
        kept: bool,
    ) -> impl Future<Output = Result<ExecResult, sqlx::Error>> + Send;

    /// Its first row.
    fn one(
        &mut self,
        statement: Statement,
        kept: bool,
    ) -> impl Future<Output = Result<Option<QueryResult>, sqlx::Error>> + Send;

    /// All of its rows.
    fn all(
        &mut self,
        statement: Statement,
        kept: bool,
    ) -> impl Future<Output = Result<Vec<QueryResult>, sqlx::Error>> + Send;

    /// Runs statements that have no values, without preparing them.
    fn batch(&mut self, sql: &str) -> impl Future<Output = Result<ExecResult, sqlx::Error>> + Send;
}

macro_rules! speaks {
    ($connection:ty) => {
        impl Speak for $connection {
            async fn execute(&mut self, statement: Statement, kept: bool) -> Result<ExecResult, sqlx::Error> {
                let (sql, values) = parts(statement);
                sqlx::query_with(sql, values).persistent(kept).execute(self).await.map(Into::into)
            }

            async fn one(&mut self, statement: Statement, kept: bool) -> Result<Option<QueryResult>, sqlx::Error> {
                let (sql, values) = parts(statement);
                Ok(sqlx::query_with(sql, values).persistent(kept).fetch_optional(self).await?.map(Into::into))
            }

            async fn all(&mut self, statement: Statement, kept: bool) -> Result<Vec<QueryResult>, sqlx::Error> {
                let (sql, values) = parts(statement);
                Ok(sqlx::query_with(sql, values)
                    .persistent(kept)
                    .fetch_all(self)
                    .await?
                    .into_iter()
                    .map(Into::into)
                    .collect())
            }

            async fn batch(&mut self, sql: &str) -> Result<ExecResult, sqlx::Error> {
                Executor::execute(self, AssertSqlSafe(sql)).await.map(Into::into)
            }
        }
    };
}

speaks!(PgConnection);
speaks!(SqliteConnection);

/// The text, which sea-query has built, and its values.
fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    (AssertSqlSafe(statement.sql), SqlxValues(statement.values.unwrap_or(Values(Vec::new()))))
}
