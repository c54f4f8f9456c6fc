//! Comments, whom they mention, and who likes them.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to the post or to the comment above: what hangs below a deleted one can be very much, and a job
        // removes it in bounded batches. Until then nobody sees it, since every query asks for what it hangs below.
        let comment = Table::create()
            .table("comment")
            .col(id("id").primary_key())
            .col(id("post_id"))
            .col(id("author_id"))
            .col(optional(id("thread_id")))
            .col(optional(id("reply_to_id")))
            .col(text("text", 10_000))
            .col(counter("like_count"))
            .col(counter("reply_count"))
            .col(optional(moment("pinned_at")))
            .col(moment("created_at"))
            .to_owned();
        manager.create_table(comment).await?;
        for index in [
            // With `thread_id` null: a post's own comments.
            index("comment_post", "comment", ["post_id", "thread_id", "id"]),
            index("comment_pinned", "comment", ["post_id", "pinned_at", "id"]),
            index("comment_thread", "comment", ["thread_id", "id", "post_id"]),
            index("comment_author", "comment", ["author_id", "id", "post_id"]),
        ] {
            manager.create_index(index).await?;
        }

        let mention = Table::create()
            .table("comment_mention")
            .col(id("comment_id"))
            .col(id("account_id"))
            .col(ColumnDef::new("position").integer().not_null())
            .primary_key(Index::create().col("comment_id").col("account_id"))
            .to_owned();
        manager.create_table(mention).await?;

        let like = Table::create()
            .table("comment_like")
            .col(id("comment_id"))
            .col(id("account_id"))
            .col(id("id"))
            .col(moment("created_at"))
            .primary_key(Index::create().col("comment_id").col("account_id"))
            .to_owned();
        manager.create_table(like).await?;
        manager.create_index(index("comment_like_id", "comment_like", ["comment_id", "id"])).await?;
        manager.create_index(index("comment_like_account", "comment_like", ["account_id", "comment_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["comment_like", "comment_mention", "comment"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
