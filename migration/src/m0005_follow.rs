//! Who follows whom, and who asked to.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let follow = Table::create()
            .table("follow")
            .col(id("follower_id"))
            .col(id("followee_id"))
            .col(id("id"))
            .col(text("state", 16))
            .col(moment("created_at"))
            .primary_key(Index::create().col("follower_id").col("followee_id"))
            .to_owned();
        manager.create_table(follow).await?;
        // Followers of a person, newest first: the list, and the pages of the fan-out.
        let followers = Index::create()
            .name("follow_followee")
            .table("follow")
            .col("followee_id")
            .col("state")
            .col("id")
            .to_owned();
        manager.create_index(followers).await?;
        let following = Index::create()
            .name("follow_follower")
            .table("follow")
            .col("follower_id")
            .col("state")
            .col("id")
            .to_owned();
        manager.create_index(following).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("follow").to_owned()).await
    }
}
