//! People.

use sea_orm_migration::prelude::*;

use crate::column::{counter, flag, id, moment, optional, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let account = Table::create()
            .table("account")
            .col(id("id").primary_key())
            .col(text("username", 30))
            .col(text("username_key", 30))
            .col(text("email", 255))
            .col(text("email_key", 255))
            .col(text("password_hash", 255))
            .col(text("full_name", 100))
            .col(text("bio", 500))
            .col(optional(id("avatar_media_id")))
            .col(flag("is_private"))
            .col(flag("is_verified"))
            .col(counter("follower_count"))
            .col(counter("following_count"))
            .col(counter("post_count"))
            .col(counter("timeline_epoch"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .to_owned();
        manager.create_table(account).await?;
        for (name, column) in [("account_username_key", "username_key"), ("account_email_key", "email_key")] {
            let index = Index::create().name(name).table("account").col(column).unique().to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("account").to_owned()).await
    }
}
