//! Uploaded photos, the sizes made of them, and the objects that are to disappear.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment, optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(media()).await?;
        let by_account = Index::create().name("media_account_id").table("media").col("account_id").col("id").to_owned();
        manager.create_index(by_account).await?;
        // The sweep of uploads that nothing refers to looks here.
        let by_use =
            Index::create().name("media_attachment").table("media").col("attachment").col("created_at").to_owned();
        manager.create_index(by_use).await?;
        manager.create_table(rendition()).await?;
        manager.create_table(doomed_object()).await?;
        let by_time =
            Index::create().name("doomed_object_doomed_at").table("doomed_object").col("doomed_at").to_owned();
        manager.create_index(by_time).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["doomed_object", "rendition", "media"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn media() -> TableCreateStatement {
    Table::create()
        .table("media")
        .col(id("id").primary_key())
        .col(id("account_id"))
        .col(text("kind", 16))
        .col(text("status", 16))
        .col(text("attachment", 16))
        .col(text("original_key", 128))
        .col(text("rendition_prefix", 128))
        .col(text("content_type", 64))
        .col(counter("byte_size"))
        .col(optional(ColumnDef::new("width").integer().to_owned()))
        .col(optional(ColumnDef::new("height").integer().to_owned()))
        .col(optional(text("placeholder", 64)))
        .col(optional(text("dominant_color", 7)))
        .col(optional(ColumnDef::new("perceptual_hash").big_integer().to_owned()))
        .col(text("alt_text", 1000))
        .col(optional(text("failure_code", 32)))
        .col(optional(text("failure_message", 500)))
        .col(optional(ColumnDef::new("facts").json_binary().to_owned()))
        .col(optional(moment("expires_at")))
        .col(moment("created_at"))
        .foreign_key(
            ForeignKey::create()
                .name("media_account")
                .from("media", "account_id")
                .to("account", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

fn rendition() -> TableCreateStatement {
    Table::create()
        .table("rendition")
        .col(id("media_id"))
        .col(text("size", 16))
        .col(text("format", 16))
        .col(text("object_key", 128))
        .col(ColumnDef::new("width").integer().not_null())
        .col(ColumnDef::new("height").integer().not_null())
        .col(counter("byte_size"))
        .primary_key(Index::create().col("media_id").col("size").col("format"))
        .foreign_key(
            ForeignKey::create()
                .name("rendition_media")
                .from("rendition", "media_id")
                .to("media", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn doomed_object() -> TableCreateStatement {
    Table::create()
        .table("doomed_object")
        .col(text("object_key", 128).primary_key())
        .col(id("batch_id"))
        .col(moment("doomed_at"))
        .to_owned()
}
