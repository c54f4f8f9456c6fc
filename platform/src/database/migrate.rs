//! Bringing the schema up to date, whoever starts first.

use darkroom_migration::{Migrator, MigratorTrait, partition};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use super::{Database, Engine};

/// The advisory lock that migrating processes take in turn: "darkroom" as a number.
const LOCK: i64 = 0x6461_726b_726f_6f6d;

impl Database {
    /// Applies the pending schema changes, all or none. Several processes may call it at once: one works, the others
    /// wait and find nothing to do. Where posts are kept by month, the parts of the coming year are made as well.
    ///
    /// # Errors
    /// When a change fails, or the database can be reached through a pooler only; the schema is as before then.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        self.change_schema(async |transaction| Migrator::up(transaction, None).await).await?;
        if let Err(error) = self.look_ahead().await {
            // There are others for months, and one for what has none.
            tracing::warn!(%error, "parts of months to come could not be made; `darkroom migrate` tries again");
        }
        Ok(())
    }

    /// Keeps the tables that grow without end in parts from now on, and says which were in one piece: none the second time. Everybody else
    /// waits while likes and jobs are copied.
    ///
    /// # Errors
    /// On SQLite, when somebody holds a table, or the database can be reached through a pooler only; nothing has changed then.
    pub async fn partition(&self) -> Result<Vec<&'static str>, DbErr> {
        self.change_schema(async |transaction| partition::partition(transaction).await).await
    }

    async fn look_ahead(&self) -> Result<(), DbErr> {
        let months = partition::missing(&self.rows).await?;
        if months.is_empty() {
            return Ok(());
        }
        self.change_schema(async |transaction| partition::make(transaction, &months).await).await
    }

    /// Makes the schema what it was after these changes, for rows of that time. What is there is dropped with its rows, unless the
    /// schema is that already: only for a database that holds nothing.
    ///
    /// # Errors
    /// When this program knows no such schema, or a change fails.
    pub async fn migrate_as_of(&self, changes: &[String]) -> Result<(), DbErr> {
        let known = known_migrations();
        if !known.starts_with(changes) {
            return Err(DbErr::Custom("this program does not know that schema".to_owned()));
        }
        if self.applied_migrations().await? == changes {
            return Ok(());
        }
        let steps = u32::try_from(changes.len()).ok();
        self.change_schema(async |transaction| {
            Migrator::reset(transaction).await?;
            Migrator::up(transaction, steps).await
        })
        .await
    }

    async fn change_schema<T>(
        &self,
        change: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        // This process's writers wait meanwhile, other processes' do by SQLite's own lock.
        let _turn = self.turn().await?;
        let apart = self.rows.apart().await?;
        let mode = (self.engine() == Engine::Sqlite).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        let transaction = apart.begin_with_options(options).await?;
        if self.engine() == Engine::Postgres {
            // For this transaction only: waiting for the others and building an index may take long.
            transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            transaction.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        }
        let outcome = change(&transaction).await?;
        transaction.commit().await?;
        apart.close().await?;
        Ok(outcome)
    }

    /// The names of the schema changes that were applied, oldest first. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer, or has changes that this program does not know.
    pub async fn applied_migrations(&self) -> Result<Vec<String>, DbErr> {
        let applied = Migrator::get_applied_migrations_read_only(&self.rows).await?;
        Ok(applied.iter().map(|migration| migration.name().to_owned()).collect())
    }

    /// The names of the schema changes that are still to be applied, oldest first. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbErr> {
        let noted = self.noted_migrations().await?;
        Ok(known_migrations().into_iter().filter(|name| !noted.contains(name)).collect())
    }

    /// The names of the schema changes that a later release has made: this program can go on, as those do that run while it is
    /// replaced, and knows nothing of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn later_migrations(&self) -> Result<Vec<String>, DbErr> {
        let known = known_migrations();
        Ok(self.noted_migrations().await?.into_iter().filter(|name| !known.contains(name)).collect())
    }

    /// The names of all schema changes that the database notes, also those that this program does not know: none where nothing was
    /// ever migrated.
    async fn noted_migrations(&self) -> Result<Vec<String>, DbErr> {
        let has_table = match self.engine() {
            Engine::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
            Engine::Postgres => {
                "SELECT 1 FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
            }
        };
        let statement = |sql: &str| Statement::from_string(self.rows.get_database_backend(), sql);
        if self.rows.query_one_raw(statement(has_table)).await?.is_none() {
            return Ok(Vec::new());
        }
        let noted = statement("SELECT version FROM seaql_migrations ORDER BY version");
        self.rows.query_all_raw(noted).await?.iter().map(|row| row.try_get_by_index(0)).collect()
    }
}

/// The names of all schema changes that this program knows, oldest first.
#[must_use]
pub fn known_migrations() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
