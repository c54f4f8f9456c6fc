//! Posts, what they hold, what they speak of, and who likes them.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment, optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [post(), post_media(), post_hashtag(), post_mention(), post_like()] {
            manager.create_table(table).await?;
        }
        // A profile's posts and the feed's database fallback, newest first.
        let by_author =
            Index::create().name("post_author_id").table("post").col("author_id").col("state").col("id").to_owned();
        manager.create_index(by_author).await?;
        let by_media =
            Index::create().name("post_media_media_id").table("post_media").col("media_id").unique().to_owned();
        manager.create_index(by_media).await?;
        let by_tag =
            Index::create().name("post_hashtag_tag").table("post_hashtag").col("tag").col("post_id").to_owned();
        manager.create_index(by_tag).await?;
        let by_mention =
            Index::create().name("post_mention_account_id").table("post_mention").col("account_id").to_owned();
        manager.create_index(by_mention).await?;
        let by_liker = Index::create().name("post_like_account_id").table("post_like").col("account_id").to_owned();
        manager.create_index(by_liker).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["post_like", "post_mention", "post_hashtag", "post_media", "post"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn post() -> TableCreateStatement {
    Table::create()
        .table("post")
        .col(id("id").primary_key())
        .col(id("author_id"))
        .col(text("state", 16))
        .col(text("caption", 2200))
        .col(optional(text("location", 200)))
        .col(counter("like_count"))
        .col(counter("comment_count"))
        .col(moment("created_at"))
        .col(optional(moment("published_at")))
        .col(optional(moment("edited_at")))
        .foreign_key(
            ForeignKey::create()
                .name("post_author")
                .from("post", "author_id")
                .to("account", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

/// A foreign key to the post, so that what belongs to it goes with it.
fn of_post(table: &'static str, name: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, "post_id")
        .to("post", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn post_media() -> TableCreateStatement {
    Table::create()
        .table("post_media")
        .col(id("post_id"))
        .col(ColumnDef::new("position").integer().not_null())
        .col(id("media_id"))
        .primary_key(Index::create().col("post_id").col("position"))
        .foreign_key(&mut of_post("post_media", "post_media_post"))
        .to_owned()
}

fn post_hashtag() -> TableCreateStatement {
    Table::create()
        .table("post_hashtag")
        .col(id("post_id"))
        .col(text("tag", 100))
        .col(ColumnDef::new("position").integer().not_null())
        .primary_key(Index::create().col("post_id").col("tag"))
        .foreign_key(&mut of_post("post_hashtag", "post_hashtag_post"))
        .to_owned()
}

fn post_mention() -> TableCreateStatement {
    Table::create()
        .table("post_mention")
        .col(id("post_id"))
        .col(id("account_id"))
        .col(ColumnDef::new("position").integer().not_null())
        .primary_key(Index::create().col("post_id").col("account_id"))
        .foreign_key(&mut of_post("post_mention", "post_mention_post"))
        .to_owned()
}

/// Likes have no foreign key to their post: a post with a million of them must go in an instant, and a job removes them
/// in bounded batches afterwards.
fn post_like() -> TableCreateStatement {
    Table::create()
        .table("post_like")
        .col(id("post_id"))
        .col(id("account_id"))
        .col(moment("created_at"))
        .primary_key(Index::create().col("post_id").col("account_id"))
        .to_owned()
}
