//! Large files on their way in, part by part.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(upload()).await?;
        // What one person has under way.
        manager.create_index(index("upload_account_id", "upload", ["account_id", "state", "expires_at"])).await?;
        // What is over.
        manager.create_index(index("upload_expires_at", "upload", ["expires_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("upload").to_owned()).await
    }
}

/// Its media may be gone before it, so it refers to none by a foreign key.
fn upload() -> TableCreateStatement {
    Table::create()
        .table("upload")
        .col(id("id").primary_key())
        .col(id("account_id"))
        .col(text("state", 16))
        .col(text("content_type", 64))
        .col(counter("byte_size"))
        .col(text("sha256", 64))
        .col(counter("part_size"))
        .col(text("part_prefix", 64))
        .col(text("purpose", 16))
        .col(text("alt_text", 1000))
        .col(optional(id("media_id")))
        .col(moment("created_at"))
        .col(moment("expires_at"))
        .foreign_key(
            ForeignKey::create()
                .name("upload_account")
                .from("upload", "account_id")
                .to("account", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}
