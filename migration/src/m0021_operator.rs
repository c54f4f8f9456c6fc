//! Operators: who they are, which queues they have paused, what they did; and dead jobs, found without reading the others.

use sea_orm_migration::prelude::*;

use crate::column::{id, moment, optional, text};
use crate::index::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let role = text("role", 16).default("member").to_owned();
        manager.alter_table(Table::alter().table("account").add_column(role).to_owned()).await?;
        // A handful of rows among all people.
        let mut operators = index(OPERATORS, "account", ["id"]);
        operators.and_where(Expr::col("role").eq("operator"));
        manager.create_index(operators).await?;

        let pause = Table::create()
            .table("queue_pause")
            .col(text("queue", 16).primary_key())
            .col(moment("paused_at"))
            .to_owned();
        manager.create_table(pause).await?;
        // No foreign key: what was done stays on record when whoever did it has gone.
        let action = Table::create()
            .table("operator_action")
            .col(id("id").primary_key())
            .col(optional(id("operator_id")))
            .col(text("action", 32))
            .col(text("subject", 160))
            .to_owned();
        manager.create_table(action).await?;

        // Jobs come and go by the thousand: an index over the dead alone costs the living nothing.
        for (name, columns) in DEAD {
            let mut dead = Index::create();
            for column in columns {
                dead.col(*column);
            }
            let dead = dead.name(name).table("job").and_where(Expr::col("state").eq("dead")).to_owned();
            manager.create_index(dead).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in DEAD {
            manager.drop_index(Index::drop().name(name).table("job").to_owned()).await?;
        }
        for table in ["operator_action", "queue_pause"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        manager.drop_index(Index::drop().name(OPERATORS).table("account").to_owned()).await?;
        manager.alter_table(Table::alter().table("account").drop_column("role").to_owned()).await
    }
}

const OPERATORS: &str = "account_operators";

const DEAD: [(&str, &[&str]); 3] =
    [("job_dead", &["id"]), ("job_dead_name", &["name", "id"]), ("job_dead_queue", &["queue", "id"])];
