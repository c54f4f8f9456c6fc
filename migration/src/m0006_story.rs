//! Stories and who has seen them.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let story = Table::create()
            .table("story")
            .col(id("id").primary_key())
            .col(id("author_id"))
            .col(id("media_id"))
            .col(counter("viewer_count"))
            .col(moment("created_at"))
            .col(moment("expires_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("story_author")
                    .from("story", "author_id")
                    .to("account", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            )
            .to_owned();
        manager.create_table(story).await?;
        let by_author =
            Index::create().name("story_author_id").table("story").col("author_id").col("expires_at").to_owned();
        manager.create_index(by_author).await?;
        let by_media = Index::create().name("story_media_id").table("story").col("media_id").unique().to_owned();
        manager.create_index(by_media).await?;
        let by_expiry = Index::create().name("story_expires_at").table("story").col("expires_at").to_owned();
        manager.create_index(by_expiry).await?;

        let story_view = Table::create()
            .table("story_view")
            .col(id("story_id"))
            .col(id("viewer_id"))
            .col(id("id"))
            .col(moment("viewed_at"))
            .primary_key(Index::create().col("story_id").col("viewer_id"))
            .foreign_key(
                ForeignKey::create()
                    .name("story_view_story")
                    .from("story_view", "story_id")
                    .to("story", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(story_view).await?;
        let viewers = Index::create().name("story_view_id").table("story_view").col("story_id").col("id").to_owned();
        manager.create_index(viewers).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["story_view", "story"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
