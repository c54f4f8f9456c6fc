//! Features that operators turn on and off.

use sea_orm_migration::prelude::*;

use crate::column::{flag, moment, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let feature = Table::create()
            .table("feature")
            .col(text("name", 32).primary_key())
            .col(flag("is_on"))
            .col(moment("changed_at"))
            .to_owned();
        manager.create_table(feature).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("feature").to_owned()).await
    }
}
