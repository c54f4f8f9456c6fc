//! Whom a person blocks, mutes and holds close; and accounts that an operator suspended.

use sea_orm_migration::prelude::*;

use crate::column::{flag, id, moment, optional};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let suspended = Table::alter().table("account").add_column(optional(moment("suspended_at"))).to_owned();
        manager.alter_table(suspended).await?;
        let mut mute = pair("mute", "muter_id", "muted_id");
        mute.col(flag("posts")).col(flag("stories"));
        for table in [pair("block", "blocker_id", "blocked_id"), mute, pair("close_friend", "account_id", "friend_id")]
        {
            manager.create_table(table).await?;
        }
        for index in [
            // A person's own list, newest first; and the other way round: who blocks this person.
            index("block_blocker", "block", ["blocker_id", "id"]),
            index("block_blocked", "block", ["blocked_id", "blocker_id"]),
            index("mute_muter", "mute", ["muter_id", "id"]),
            index("mute_muted", "mute", ["muted_id", "muter_id"]),
            index("close_friend_account", "close_friend", ["account_id", "id"]),
            index("close_friend_friend", "close_friend", ["friend_id", "account_id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["close_friend", "mute", "block"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("account").drop_column("suspended_at").to_owned()).await
    }
}

/// A table of ordered pairs of people, each pair once.
fn pair(table: &'static str, one: &'static str, other: &'static str) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(id(one))
        .col(id(other))
        .col(id("id"))
        .col(moment("created_at"))
        .primary_key(Index::create().col(one).col(other))
        .to_owned()
}
