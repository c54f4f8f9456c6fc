//! The job ledger.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{id, moment, optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let job = Table::create()
            .table("job")
            .col(id("id").primary_key())
            .col(text("name", 64))
            .col(ColumnDef::new("payload").json_binary().not_null())
            .col(text("queue", 16))
            .col(text("state", 16))
            .col(ColumnDef::new("attempts").integer().not_null().default(0))
            .col(moment("run_at"))
            .col(optional(moment("lease_until")))
            .col(optional(text("unique_key", 160)))
            .col(optional(text("last_error", 1000)))
            .col(moment("created_at"))
            .to_owned();
        manager.create_table(job).await?;
        // What is due, in order; what ran out of its lease; what is dead.
        let due =
            Index::create().name("job_due").table("job").col("queue").col("state").col("run_at").col("id").to_owned();
        manager.create_index(due).await?;
        let leases = Index::create()
            .name("job_lease_until")
            .table("job")
            .col("queue")
            .col("state")
            .col("lease_until")
            .to_owned();
        manager.create_index(leases).await?;
        let unique = Index::create().name("job_unique_key").table("job").col("unique_key").unique().to_owned();
        manager.create_index(unique).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // Every job is inserted, claimed and deleted within moments. Room in each page lets a claim stay on its page
            // (a HOT update where no index changes), and vacuum must follow the churn, not a share of a table that is
            // nearly always empty.
            let tuning = "ALTER TABLE job SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, \
                          autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)";
            manager.get_connection().execute_unprepared(tuning).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("job").to_owned()).await
    }
}
