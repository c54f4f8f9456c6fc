//! Reading very many rows as they stood at one moment.

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, IsolationLevel, TransactionTrait,
};

use super::{Database, Engine};

/// A transaction that only reads, on a connection of its own: whatever is written meanwhile, it sees what had been committed when
/// it read first. It holds nobody up, and is held up by no time-out.
#[derive(Debug)]
pub struct Snapshot {
    apart: DatabaseConnection,
    transaction: DatabaseTransaction,
}

impl Database {
    /// Opens one.
    ///
    /// # Errors
    /// When the database can't be reached, or only through a pooler.
    pub async fn snapshot(&self) -> Result<Snapshot, DbErr> {
        let apart = self.rows.apart().await?;
        let transaction = match self.engine() {
            Engine::Postgres => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                apart.begin_with_config(Some(isolation), Some(access)).await?
            }
            // With a write-ahead log a transaction that only reads is one.
            Engine::Sqlite => apart.begin().await?,
        };
        if self.engine() == Engine::Postgres {
            for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                transaction.execute_unprepared(&format!("SET LOCAL {setting} = 0")).await?;
            }
        }
        Ok(Snapshot { apart, transaction })
    }
}

impl Snapshot {
    /// What statements run on.
    #[must_use]
    pub fn rows(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Closes it.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn close(self) -> Result<(), DbErr> {
        self.transaction.rollback().await?;
        self.apart.close().await
    }
}
