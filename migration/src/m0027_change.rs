//! A log of rows that were changed, written by the database itself.
//!
//! What a process knows of posts, people, sessions and marks it holds against this log (`service/src/change.rs`): whatever is not in it has
//! not been changed. So whoever writes has to write here, a program of the release before this one or a hand at the database too: that
//! is what triggers are for. New rows are not logged: nobody knows anything of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{id, optional};
use crate::trigger::{Trigger, run};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.create_table(table_of_sqlite()).await?;
        } else {
            // By the transaction that wrote it, which no query builder knows; `position` is its number, `made_at` in seconds. The key is
            // the one index: a row is written for each change.
            let table = "CREATE TABLE change (\
                 position bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint), \
                 id bigint GENERATED ALWAYS AS IDENTITY, \
                 about uuid NOT NULL, \
                 whose uuid, \
                 made_at bigint NOT NULL DEFAULT (extract(epoch FROM now())::bigint), \
                 CONSTRAINT change_pkey PRIMARY KEY (position, id))";
            // Where the log was is noted in it now and then, about nobody (`service/src/change.rs`).
            let places = "CREATE INDEX change_place ON change (position) \
                 WHERE about = '00000000-0000-0000-0000-000000000000'";
            run(manager, table).await?;
            run(manager, places).await?;
        }
        for event in &EVENTS {
            event.trigger().create(manager).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for event in &EVENTS {
            event.trigger().drop(manager).await?;
        }
        manager.drop_table(Table::drop().table("change").to_owned()).await
    }
}

/// `SQLite` has one writer, and a key that never comes again: in its order rows are written.
fn table_of_sqlite() -> TableCreateStatement {
    let mut key = ColumnDef::new("id");
    key.big_integer().not_null().auto_increment().primary_key();
    let mut position = ColumnDef::new("position");
    position.big_integer().not_null().default(0);
    let mut made_at = ColumnDef::new("made_at");
    made_at.big_integer().not_null().default(Expr::cust("(unixepoch())"));
    Table::create()
        .table("change")
        .col(key)
        .col(position)
        .col(id("about"))
        .col(optional(id("whose")))
        .col(made_at)
        .to_owned()
}

/// Rows that are watched.
struct Event {
    name: &'static str,
    on: &'static str,
    table: &'static str,
    /// Which post or person looks another way, in columns of the row as it was or has become.
    about: &'static str,
    /// For whom alone it does, if it is one person's mark on a post, or they may see less of a person.
    whose: &'static str,
    /// Whether it is only worth a row while there is such a post: a deleted one leaves its marks behind in great numbers.
    while_posted: bool,
}

const fn row(name: &'static str, on: &'static str, table: &'static str, about: &'static str) -> Event {
    Event { name, on, table, about, whose: "NULL", while_posted: false }
}

const fn mark(name: &'static str, table: &'static str) -> Event {
    Event { name, on: "INSERT", table, about: "NEW.post_id", whose: "NEW.account_id", while_posted: false }
}

const fn mark_gone(name: &'static str, table: &'static str) -> Event {
    Event { name, on: "DELETE", table, about: "OLD.post_id", whose: "OLD.account_id", while_posted: true }
}

const EVENTS: [Event; 11] = [
    row("change_post", "UPDATE", "post", "OLD.id"),
    row("change_post_gone", "DELETE", "post", "OLD.id"),
    row("change_account", "UPDATE", "account", "OLD.id"),
    row("change_account_gone", "DELETE", "account", "OLD.id"),
    row("change_session", "UPDATE", "session", "OLD.account_id"),
    row("change_session_gone", "DELETE", "session", "OLD.account_id"),
    Event {
        name: "change_close_friend",
        on: "DELETE",
        table: "close_friend",
        about: "OLD.account_id",
        whose: "OLD.friend_id",
        while_posted: false,
    },
    mark("change_like", "post_like"),
    mark_gone("change_like_gone", "post_like"),
    mark("change_save", "saved_post"),
    mark_gone("change_save_gone", "saved_post"),
];

impl Event {
    fn trigger(&self) -> Trigger {
        let Self { name, on, table, about, whose, while_posted } = *self;
        let posted =
            if while_posted { format!(" WHERE EXISTS (SELECT 1 FROM post WHERE id = {about})") } else { String::new() };
        let act = format!("INSERT INTO change (about, whose) SELECT {about}, {whose}{posted};");
        Trigger { name, on, table, when: None, act }
    }
}
