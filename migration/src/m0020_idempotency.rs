//! Requests that carry a key, and what was answered.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, optional};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key: a row says nothing of whose it is, and is swept after a day.
        let idempotency = Table::create()
            .table("idempotency")
            .col(id("id").primary_key())
            .col(ColumnDef::new("fingerprint").binary_len(32).not_null())
            .col(ColumnDef::new("run").integer().not_null())
            .col(ColumnDef::new("steps").json_binary().not_null())
            .col(optional(ColumnDef::new("lease_until").timestamp_with_time_zone().to_owned()))
            .col(optional(ColumnDef::new("answer").blob().to_owned()))
            .col(moment("expires_at"))
            .to_owned();
        manager.create_table(idempotency).await?;
        manager.create_index(index("idempotency_expires_at", "idempotency", ["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency").to_owned()).await
    }
}
