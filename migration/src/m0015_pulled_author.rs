//! Whose posts are pulled by their followers and not pushed to them.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A table and not a column of account: few have a row, and their accounts' rows are written all the time.
        let pulled = Table::create()
            .table("pulled_author")
            .col(id("account_id").primary_key())
            .col(text("state", 16))
            .col(id("walk_id"))
            .col(moment("changed_at"))
            .to_owned();
        manager.create_table(pulled).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("pulled_author").to_owned()).await
    }
}
