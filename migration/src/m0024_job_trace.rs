//! Which trace a job goes on with.

use sea_orm_migration::prelude::*;

use crate::column::{optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let trace = optional(text("trace", 55));
        manager.alter_table(Table::alter().table("job").add_column(trace).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("job").drop_column("trace").to_owned()).await
    }
}
