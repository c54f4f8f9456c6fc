//! Whose posts stand in a person's feed no longer is counted, by the database itself.
//!
//! What a process knows of whose posts somebody is shown it holds against this counter (`service/src/card/circle.rs`). So it has to
//! be counted by whoever writes, a program of the release before this one or a hand at the database too: that is what triggers
//! are for. What lets somebody see more needs no count: nobody knows of it, so it is asked.

use sea_orm_migration::prelude::*;

use crate::column::counter;
use crate::trigger::Trigger;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = counter("circle_revision");
        manager.alter_table(Table::alter().table("account").add_column(column).to_owned()).await?;
        for event in &EVENTS {
            event.trigger().create(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for event in &EVENTS {
            event.trigger().drop(manager).await?;
        }
        manager.alter_table(Table::alter().table("account").drop_column("circle_revision").to_owned()).await
    }
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
    fn trigger(&self) -> Trigger {
        let Self { name, on, table, when, whose } = *self;
        let whose = whose.join(", ");
        let act = format!("UPDATE account SET circle_revision = circle_revision + 1 WHERE id IN ({whose});");
        Trigger { name, on, table, when, act }
    }
}
