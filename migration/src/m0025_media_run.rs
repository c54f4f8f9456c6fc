//! What became of the runs of a photo's jobs.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = Table::create()
            .table("media_run")
            .col(id("id").primary_key())
            .col(id("media_id"))
            .col(id("job_id"))
            .col(text("job_name", 64))
            .col(ColumnDef::new("attempt").integer().not_null())
            .col(moment("begun_at"))
            .col(text("outcome", 16))
            .col(optional(text("detail", 200)))
            .foreign_key(
                ForeignKey::create()
                    .name("media_run_media")
                    .from("media_run", "media_id")
                    .to("media", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(run).await?;
        manager.create_index(index("media_run_media_id", "media_run", ["media_id", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("media_run").to_owned()).await
    }
}
