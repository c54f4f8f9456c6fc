//! Bringing the schema up to date, whoever starts first.

use darkroom_migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbErr};

use super::{Database, Engine};

/// The advisory lock that migrating processes take in turn: "darkroom" as a number.
const LOCK: i64 = 0x6461_726b_726f_6f6d;

impl Database {
    /// Applies the pending schema changes, all or none. Several processes may call it at once: one works, the others
    /// wait and find nothing to do.
    ///
    /// # Errors
    /// When a change fails; the schema is as before then.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        let transaction = self.begin().await?;
        if self.engine == Engine::Postgres {
            // For this transaction only: waiting for the others and building an index may take long.
            transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            transaction.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        }
        Migrator::up(transaction.connection(), None).await?;
        transaction.commit().await
    }

    /// The names of the schema changes that are still to be applied, oldest first. Changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbErr> {
        let pending = Migrator::get_pending_migrations_read_only(&self.connection).await?;
        Ok(pending.iter().map(|migration| migration.name().to_owned()).collect())
    }
}
