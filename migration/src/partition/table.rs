//! One table, taken apart and put together again: whatever keys, indexes and references changes have given it, the table in
//! parts has under the same names.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

use super::{query, run};

/// What defines a table, as it was in one piece.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    /// Keys, references to other tables and checks: name and definition.
    constraints: Vec<(String, String)>,
    /// Names of all indexes.
    indexes: Vec<String>,
    /// Statements that make those which belong to no constraint.
    makers: Vec<String>,
    /// Triggers of ours: name and statement that makes it.
    triggers: Vec<(String, String)>,
    /// References of other tables to this one: table, name and definition.
    referrers: Vec<(String, String, String)>,
    /// Storage parameters, as a clause.
    storage: String,
}

impl Table {
    /// Reads it; `None` if it is in parts already.
    pub(super) async fn in_one_piece(rows: &impl ConnectionTrait, name: &'static str) -> Result<Option<Self>, DbErr> {
        let table = format!("to_regclass('{name}')");
        let sql = format!(
            "SELECT relkind = 'p' AS parted, COALESCE(array_to_string(reloptions, ', '), '') AS storage \
             FROM pg_class WHERE oid = {table}"
        );
        let found = query(rows, &sql).await?;
        let row = found.first().ok_or_else(|| DbErr::RecordNotFound(format!("there is no table {name}")))?;
        if row.try_get::<bool>("", "parted")? {
            return Ok(None);
        }
        let storage = match row.try_get::<String>("", "storage")?.as_str() {
            "" => String::new(),
            parameters => format!(" WITH ({parameters})"),
        };

        let sql = format!(
            "SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint \
             WHERE conrelid = {table} AND contype IN ('p', 'u', 'f', 'c') ORDER BY conname"
        );
        let found = query(rows, &sql).await?;
        let constraints = found.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "definition")?)));
        let constraints = constraints.collect::<Result<_, DbErr>>()?;

        let sql = format!(
            "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS maker, EXISTS (SELECT 1 \
             FROM pg_constraint WHERE conrelid = indrelid AND conindid = indexrelid AND contype IN ('p', 'u')) AS is_key \
             FROM pg_index WHERE indrelid = {table} ORDER BY name"
        );
        let (mut indexes, mut makers) = (Vec::new(), Vec::new());
        for row in query(rows, &sql).await? {
            indexes.push(row.try_get("", "name")?);
            if !row.try_get::<bool>("", "is_key")? {
                makers.push(row.try_get("", "maker")?);
            }
        }

        let sql = format!(
            "SELECT tgname::text AS name, pg_get_triggerdef(oid) AS maker FROM pg_trigger \
             WHERE tgrelid = {table} AND NOT tgisinternal ORDER BY tgname"
        );
        let found = query(rows, &sql).await?;
        let triggers = found.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "maker")?)));
        let triggers = triggers.collect::<Result<_, DbErr>>()?;

        let sql = format!(
            "SELECT conrelid::regclass::text AS referrer, conname::text AS name, pg_get_constraintdef(oid) AS definition \
             FROM pg_constraint WHERE confrelid = {table} AND contype = 'f' ORDER BY referrer, name"
        );
        let found = query(rows, &sql).await?;
        let referrers = found
            .iter()
            .map(|row| Ok((row.try_get("", "referrer")?, row.try_get("", "name")?, row.try_get("", "definition")?)));
        let referrers = referrers.collect::<Result<_, DbErr>>()?;
        Ok(Some(Self { name, constraints, indexes, makers, triggers, referrers, storage }))
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The name of what it was, from [`Table::set_aside`] on.
    pub(super) fn before(&self) -> String {
        format!("{}_before", self.name)
    }

    /// Makes room for the table in parts: this one and its indexes get other names, it has no triggers, and nobody refers to it.
    pub(super) async fn set_aside(&self, rows: &impl ConnectionTrait) -> Result<(), DbErr> {
        for (referrer, name, _) in &self.referrers {
            run(rows, &format!("ALTER TABLE {referrer} DROP CONSTRAINT {name}")).await?;
        }
        for (trigger, _) in &self.triggers {
            run(rows, &format!("DROP TRIGGER {trigger} ON {}", self.name)).await?;
        }
        run(rows, &format!("ALTER TABLE {} RENAME TO {}", self.name, self.before())).await?;
        for index in &self.indexes {
            run(rows, &format!("ALTER INDEX {index} RENAME TO before_{index}")).await?;
        }
        Ok(())
    }

    /// Makes the table in parts, without any part.
    pub(super) async fn create(&self, rows: &impl ConnectionTrait, by: &str) -> Result<(), DbErr> {
        let (name, before) = (self.name, self.before());
        let like = format!("LIKE {before} INCLUDING DEFAULTS INCLUDING STORAGE");
        run(rows, &format!("CREATE TABLE {name} ({like}) PARTITION BY {by}")).await
    }

    /// Makes a part, stored as the table was.
    pub(super) async fn part(&self, rows: &impl ConnectionTrait, suffix: &str, values: &str) -> Result<(), DbErr> {
        let (name, storage) = (self.name, &self.storage);
        run(rows, &format!("CREATE TABLE {name}_{suffix} PARTITION OF {name} {values}{storage}")).await
    }

    /// Moves all rows into the parts; what they were in is gone.
    pub(super) async fn move_rows(&self, rows: &impl ConnectionTrait) -> Result<(), DbErr> {
        let (name, before) = (self.name, self.before());
        run(rows, &format!("INSERT INTO {name} SELECT * FROM {before}")).await?;
        run(rows, &format!("DROP TABLE {before}")).await
    }

    /// Gives it its constraints, indexes and triggers; unique ones get the column `widened`, if they lack it.
    pub(super) async fn complete(&self, rows: &impl ConnectionTrait, widened: Option<&str>) -> Result<(), DbErr> {
        for (name, definition) in &self.constraints {
            let is_key = definition.starts_with("PRIMARY KEY") || definition.starts_with("UNIQUE");
            let definition = if is_key { including(definition, widened) } else { definition.clone() };
            run(rows, &format!("ALTER TABLE {} ADD CONSTRAINT {name} {definition}", self.name)).await?;
        }
        for maker in &self.makers {
            let is_unique = maker.starts_with("CREATE UNIQUE");
            run(rows, &if is_unique { including(maker, widened) } else { maker.clone() }).await?;
        }
        for (_, maker) in &self.triggers {
            run(rows, maker).await?;
        }
        Ok(())
    }

    /// Has other tables refer to it as they did.
    pub(super) async fn refer_again(&self, rows: &impl ConnectionTrait) -> Result<(), DbErr> {
        for (referrer, name, definition) in &self.referrers {
            run(rows, &format!("ALTER TABLE {referrer} ADD CONSTRAINT {name} {definition}")).await?;
        }
        Ok(())
    }
}

/// A key's definition with this column among its columns.
fn including(definition: &str, column: Option<&str>) -> String {
    let parts = definition.split_once('(').and_then(|(head, rest)| Some((head, rest.split_once(')')?)));
    match (column, parts) {
        (Some(column), Some((head, (columns, tail)))) if columns.split(", ").all(|one| one != column) => {
            format!("{head}({columns}, {column}){tail}")
        }
        _ => definition.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_widened_unless_it_has_the_column() {
        let widen = |definition| including(definition, Some("queue"));
        assert_eq!(widen("PRIMARY KEY (id)"), "PRIMARY KEY (id, queue)");
        assert_eq!(widen("PRIMARY KEY (queue, id)"), "PRIMARY KEY (queue, id)");
        assert_eq!(
            widen("CREATE UNIQUE INDEX one ON public.job USING btree (unique_key) WHERE (a = 1)"),
            "CREATE UNIQUE INDEX one ON public.job USING btree (unique_key, queue) WHERE (a = 1)"
        );
        assert_eq!(including("PRIMARY KEY (id)", None), "PRIMARY KEY (id)");
    }
}
