//! The objects of one purge are found by their batch, however many wait.

use sea_orm_migration::prelude::*;

use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("doomed_object_batch", "doomed_object", ["batch_id", "doomed_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("doomed_object_batch").table("doomed_object").to_owned()).await
    }
}
