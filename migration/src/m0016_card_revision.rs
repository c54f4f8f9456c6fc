//! How often what a post's card, or a person's, holds has changed: a card is used for its own revision only.

use sea_orm_migration::prelude::*;

use crate::column::counter;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["post", "account"] {
            let added = Table::alter().table(table).add_column(counter("card_revision")).to_owned();
            manager.alter_table(added).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["account", "post"] {
            manager.alter_table(Table::alter().table(table).drop_column("card_revision").to_owned()).await?;
        }
        Ok(())
    }
}
