//! How many runs of jobs have ended, minute by minute.

use sea_orm_migration::prelude::*;

use crate::column::{counter, moment, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tally = Table::create()
            .table("job_tally")
            .col(moment("minute"))
            .col(text("queue", 16))
            .col(counter("done"))
            .col(counter("failed"))
            .primary_key(Index::create().col("minute").col("queue"))
            .to_owned();
        manager.create_table(tally).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("job_tally").to_owned()).await
    }
}
