//! Who is suspended, without reading the others; follows as they were made; groups of notifications.

use sea_orm_migration::prelude::*;

use crate::column::{id, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Few rows: whether one of many authors is suspended is asked of these.
        let mut suspended = index("account_suspended", "account", ["id"]);
        suspended.and_where(Expr::col("suspended_at").is_not_null());
        manager.create_index(suspended).await?;

        let made = Table::create().table("follow_made").col(id("id").primary_key()).col(id("account_id")).to_owned();
        manager.create_table(made).await?;
        manager.create_index(index("follow_made_account", "follow_made", ["account_id", "id"])).await?;

        // The newest of a group that is still so, past those that are withdrawn. It does what the index
        // notification_group did, whose name the table takes.
        let mut standing = index("notification_standing", "notification", ["recipient_id", "group_key", "id"]);
        standing.and_where(Expr::col("withdrawn_at").is_null());
        manager.create_index(standing).await?;
        drop_index(manager, "notification_group", "notification").await?;
        let group = Table::create()
            .table("notification_group")
            .col(id("recipient_id"))
            .col(text("group_key", 100))
            .col(id("newest_id"))
            .primary_key(Index::create().col("recipient_id").col("group_key"))
            .to_owned();
        manager.create_table(group).await?;
        manager.get_connection().execute_unprepared(FILL).await?;
        for index in [
            index("notification_group_recipient", "notification_group", ["recipient_id", "newest_id"]),
            index("notification_group_newest", "notification_group", ["newest_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["notification_group", "follow_made"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        let group = index("notification_group", "notification", ["recipient_id", "group_key", "id"]);
        manager.create_index(group).await?;
        drop_index(manager, "notification_standing", "notification").await?;
        drop_index(manager, "account_suspended", "account").await
    }
}

/// The groups of what was told before.
const FILL: &str = "INSERT INTO notification_group (recipient_id, group_key, newest_id) \
    SELECT recipient_id, group_key, id FROM notification AS one \
    WHERE withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 FROM notification AS newer \
    WHERE newer.recipient_id = one.recipient_id AND newer.group_key = one.group_key AND newer.id > one.id \
    AND newer.withdrawn_at IS NULL)";

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str, table: &'static str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table(table).to_owned()).await
}
