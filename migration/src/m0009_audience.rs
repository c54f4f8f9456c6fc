//! For whom a post or story is, who may comment on a post, and which posts stand first on a profile.

use sea_orm_migration::prelude::*;

use crate::column::{moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement.
        for (table, column) in [
            ("post", everyone("audience")),
            ("post", everyone("commenters")),
            ("post", optional(moment("pinned_at"))),
            ("story", everyone("audience")),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        manager.create_index(index("post_pinned", "post", ["author_id", "pinned_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("post_pinned").table("post").to_owned()).await?;
        for (table, column) in
            [("story", "audience"), ("post", "pinned_at"), ("post", "commenters"), ("post", "audience")]
        {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// What was there before the column was for everyone.
fn everyone(name: &'static str) -> ColumnDef {
    let mut column = text(name, 16);
    column.default("everyone");
    column
}
