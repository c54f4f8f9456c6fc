//! What people are told, and what they want to be told.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let notification = Table::create()
            .table("notification")
            .col(id("id").primary_key())
            .col(id("recipient_id"))
            .col(text("kind", 32))
            .col(id("actor_id"))
            .col(optional(id("post_id")))
            .col(optional(id("comment_id")))
            .col(text("group_key", 100))
            .col(text("unique_key", 160))
            .col(moment("created_at"))
            .col(optional(moment("read_at")))
            .col(optional(moment("withdrawn_at")))
            .to_owned();
        manager.create_table(notification).await?;
        for index in [
            // One row an event, however often its job runs.
            index("notification_once", "notification", ["recipient_id", "unique_key"]).unique().to_owned(),
            index("notification_recipient", "notification", ["recipient_id", "id"]),
            index("notification_unread", "notification", ["recipient_id", "read_at", "id"]),
            index("notification_group", "notification", ["recipient_id", "group_key", "id"]),
            index("notification_actor", "notification", ["actor_id", "recipient_id"]),
            index("notification_post", "notification", ["post_id", "actor_id"]),
            index("notification_comment", "notification", ["comment_id", "actor_id"]),
        ] {
            manager.create_index(index).await?;
        }
        let setting = Table::create()
            .table("notification_setting")
            .col(id("account_id"))
            .col(text("kind", 32))
            .col(text("senders", 16))
            .primary_key(Index::create().col("account_id").col("kind"))
            .to_owned();
        manager.create_table(setting).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["notification_setting", "notification"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
