//! What a ranked feed is made of: what people care for, what was seen, what they chose, when they come.

use sea_orm_migration::prelude::*;

use crate::column::{counter, id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut personalised = ColumnDef::new("is_personalised");
        personalised.boolean().not_null().default(true);
        for column in [personalised, counter("setting_revision")] {
            manager.alter_table(Table::alter().table("account").add_column(column).to_owned()).await?;
        }
        for table in [affinity(), impression(), post_impression(), account_setting(), account_habit()] {
            manager.create_table(table).await?;
        }
        for index in [
            // The strongest of one person, and the weakest to be pruned.
            index("affinity_account_id", "affinity", ["account_id", "score"]),
            // What is old enough to go.
            index("impression_id", "impression", ["id"]),
            // Who comes at an hour, the most likely first.
            index("account_habit_hour", "account_habit", ["hour", "score"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["account_habit", "account_setting", "post_impression", "impression", "affinity"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in ["setting_revision", "is_personalised"] {
            manager.alter_table(Table::alter().table("account").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// A foreign key to whom the rows are about, so that they go with the account.
fn of_account(table: &'static str, name: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, "account_id")
        .to("account", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn score() -> ColumnDef {
    let mut column = ColumnDef::new("score");
    column.double().not_null();
    column
}

fn affinity() -> TableCreateStatement {
    Table::create()
        .table("affinity")
        .col(id("account_id"))
        .col(text("kind", 16))
        .col(text("subject", 100))
        .col(score())
        .primary_key(Index::create().col("account_id").col("kind").col("subject"))
        .foreign_key(&mut of_account("affinity", "affinity_account"))
        .to_owned()
}

/// Rows are many and short-lived: no foreign keys, they are swept by their age.
fn impression() -> TableCreateStatement {
    Table::create()
        .table("impression")
        .col(id("account_id"))
        .col(id("post_id"))
        .col(id("id"))
        .primary_key(Index::create().col("account_id").col("post_id"))
        .to_owned()
}

fn post_impression() -> TableCreateStatement {
    Table::create()
        .table("post_impression")
        .col(id("post_id").primary_key())
        .col(counter("seen"))
        .col(counter("dwell_ms"))
        .foreign_key(
            ForeignKey::create()
                .name("post_impression_post")
                .from("post_impression", "post_id")
                .to("post", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn account_setting() -> TableCreateStatement {
    let weight = |name| optional(ColumnDef::new(name).integer().to_owned());
    Table::create()
        .table("account_setting")
        .col(id("account_id").primary_key())
        .col(weight("relationship"))
        .col(weight("interest"))
        .col(weight("recency"))
        .col(weight("quality"))
        .col(weight("activity"))
        .foreign_key(&mut of_account("account_setting", "account_setting_account"))
        .to_owned()
}

fn account_habit() -> TableCreateStatement {
    Table::create()
        .table("account_habit")
        .col(id("account_id"))
        .col(ColumnDef::new("hour").integer().not_null())
        .col(score())
        .col(moment("last_at"))
        .primary_key(Index::create().col("account_id").col("hour"))
        .foreign_key(&mut of_account("account_habit", "account_habit_account"))
        .to_owned()
}
