//! Signed-in devices.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let session = Table::create()
            .table("session")
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(ColumnDef::new("token_hash").binary_len(32).not_null())
            .col(text("user_agent", 200))
            .col(moment("created_at"))
            .col(moment("expires_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("session_account")
                    .from("session", "account_id")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(session).await?;
        let by_token =
            Index::create().name("session_token_hash").table("session").col("token_hash").unique().to_owned();
        manager.create_index(by_token).await?;
        let by_account =
            Index::create().name("session_account_id").table("session").col("account_id").col("id").to_owned();
        manager.create_index(by_account).await?;
        let by_expiry = Index::create().name("session_expires_at").table("session").col("expires_at").to_owned();
        manager.create_index(by_expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("session").to_owned()).await
    }
}
