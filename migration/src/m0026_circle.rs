//! Whose posts stand in a person's feed no longer is counted, by the database itself.
//!
//! What a process knows of whose posts somebody is shown it holds against this counter (`service/src/card/circle.rs`). So it has to
//! be counted by whoever writes, a program of the release before this one or a hand at the database too: that is what triggers
//! are for. What lets somebody see more needs no count: nobody knows of it, so it is asked.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::counter;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = counter("circle_revision");
        manager.alter_table(Table::alter().table("account").add_column(column).to_owned()).await?;
        for event in &EVENTS {
            run(manager, &event.create(manager.get_database_backend())).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for event in &EVENTS {
            run(manager, &event.drop(manager.get_database_backend())).await?;
        }
        manager.alter_table(Table::alter().table("account").drop_column("circle_revision").to_owned()).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Something after which somebody is shown less.
struct Event {
    name: &'static str,
    /// What is written.
    on: &'static str,
    table: &'static str,
    /// When it counts.
    when: Option<&'static str>,
    /// Whose feed it is about: columns of the row, as it was or has become.
    whose: &'static [&'static str],
}

const EVENTS: [Event; 5] = [
    Event {
        name: "circle_unfollow",
        on: "DELETE",
        table: "follow",
        when: Some("OLD.state = 'accepted'"),
        whose: &["OLD.follower_id"],
    },
    Event {
        name: "circle_refollow",
        on: "UPDATE",
        table: "follow",
        when: Some("OLD.state = 'accepted' AND NEW.state <> 'accepted'"),
        whose: &["OLD.follower_id"],
    },
    Event {
        name: "circle_block",
        on: "INSERT",
        table: "block",
        when: None,
        whose: &["NEW.blocker_id", "NEW.blocked_id"],
    },
    Event { name: "circle_mute", on: "INSERT", table: "mute", when: Some("NEW.posts"), whose: &["NEW.muter_id"] },
    Event { name: "circle_remute", on: "UPDATE", table: "mute", when: Some("NEW.posts"), whose: &["NEW.muter_id"] },
];

impl Event {
    fn create(&self, backend: DbBackend) -> Vec<String> {
        let Self { name, on, table, when, whose } = self;
        let condition = when.map(|when| format!(" WHEN ({when})")).unwrap_or_default();
        let whose = whose.join(", ");
        let count = format!("UPDATE account SET circle_revision = circle_revision + 1 WHERE id IN ({whose});");
        let after = format!("CREATE TRIGGER {name} AFTER {on} ON {table} FOR EACH ROW{condition}");
        if backend == DbBackend::Sqlite {
            return vec![format!("{after} BEGIN {count} END")];
        }
        vec![
            format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {count} RETURN NULL; END $$"
            ),
            format!("{after} EXECUTE FUNCTION {name}()"),
        ]
    }

    fn drop(&self, backend: DbBackend) -> Vec<String> {
        let Self { name, table, .. } = self;
        if backend == DbBackend::Sqlite {
            return vec![format!("DROP TRIGGER {name}")];
        }
        vec![format!("DROP TRIGGER {name} ON {table}"), format!("DROP FUNCTION {name}()")]
    }
}
