//! Triggers, for what everybody who writes has to write along: a program of the release before, or a hand at the database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A trigger on each row, after it was written.
pub(crate) struct Trigger {
    pub(crate) name: &'static str,
    /// What is written: `INSERT`, `UPDATE` or `DELETE`.
    pub(crate) on: &'static str,
    pub(crate) table: &'static str,
    /// When it acts, as a condition on the row.
    pub(crate) when: Option<&'static str>,
    /// The statement that it runs.
    pub(crate) act: String,
}

impl Trigger {
    pub(crate) async fn create(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let Self { name, on, table, when, act } = self;
        let condition = when.map(|when| format!(" WHEN ({when})")).unwrap_or_default();
        let after = format!("CREATE TRIGGER {name} AFTER {on} ON {table} FOR EACH ROW{condition}");
        if manager.get_database_backend() == DbBackend::Sqlite {
            return run(manager, &format!("{after} BEGIN {act} END")).await;
        }
        let body = format!("BEGIN {act} RETURN NULL; END");
        run(manager, &format!("CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")).await?;
        run(manager, &format!("{after} EXECUTE FUNCTION {name}()")).await
    }

    pub(crate) async fn drop(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let Self { name, table, .. } = self;
        if manager.get_database_backend() == DbBackend::Sqlite {
            return run(manager, &format!("DROP TRIGGER {name}")).await;
        }
        run(manager, &format!("DROP TRIGGER {name} ON {table}")).await?;
        run(manager, &format!("DROP FUNCTION {name}()")).await
    }
}

/// Runs a statement that no query builder knows.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(drop)
}
