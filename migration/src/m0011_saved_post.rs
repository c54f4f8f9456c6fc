//! Saved posts and the collections they lie in; and an order for the people who like a post.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let saved = Table::create()
            .table("saved_post")
            .col(id("account_id"))
            .col(id("post_id"))
            .col(id("id"))
            .col(moment("created_at"))
            .primary_key(Index::create().col("account_id").col("post_id"))
            .to_owned();
        manager.create_table(saved).await?;
        let collection = Table::create()
            .table("collection")
            .col(id("id").primary_key())
            .col(id("account_id"))
            .col(text("name", 100))
            // Lower case can be longer than what was typed.
            .col(text("name_key", 300))
            .col(moment("created_at"))
            .to_owned();
        manager.create_table(collection).await?;
        // No foreign keys: what lies in a collection can be much, and a job removes it in bounded batches.
        let collected = Table::create()
            .table("collection_post")
            .col(id("collection_id"))
            .col(id("post_id"))
            .col(id("account_id"))
            .col(id("id"))
            .col(moment("created_at"))
            .primary_key(Index::create().col("collection_id").col("post_id"))
            .to_owned();
        manager.create_table(collected).await?;
        for index in [
            index("saved_post_account", "saved_post", ["account_id", "id"]),
            index("saved_post_post", "saved_post", ["post_id", "account_id"]),
            index("collection_account", "collection", ["account_id", "id"]),
            index("collection_name", "collection", ["account_id", "name_key"]).unique().to_owned(),
            index("collection_post_id", "collection_post", ["collection_id", "id"]),
            index("collection_post_account", "collection_post", ["account_id", "post_id"]),
            index("collection_post_post", "collection_post", ["post_id", "account_id"]),
        ] {
            manager.create_index(index).await?;
        }

        // Who likes a post, newest first. Likes from before have no place in time: they come by the age of the account.
        let order = Table::alter().table("post_like").add_column(optional(id("id"))).to_owned();
        manager.alter_table(order).await?;
        let place = Query::update().table("post_like").value("id", Expr::col("account_id")).to_owned();
        manager.execute(place).await?;
        manager.create_index(index("post_like_id", "post_like", ["post_id", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("post_like_id").table("post_like").to_owned()).await?;
        manager.alter_table(Table::alter().table("post_like").drop_column("id").to_owned()).await?;
        for table in ["collection_post", "collection", "saved_post"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
