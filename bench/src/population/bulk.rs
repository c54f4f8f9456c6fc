//! Millions of rows in minutes: COPY on PostgreSQL, statements of many rows in one transaction on SQLite.

use std::fmt::Write;

use anyhow::{Context, bail};
use darkroom_platform::database::Engine;
use darkroom_service::App;
use sea_orm::sqlx::{Connection, PgConnection};
use sea_orm::{
    ActiveModelTrait, ActiveValue, EntityName, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, Value,
};

/// Rows of one statement: within what SQLite takes as parameters.
const ROWS: usize = 400;

/// Bytes of COPY's text that are sent at once.
const CHUNK: usize = 1 << 20;

/// Writes rows of one table, in the order given.
pub(super) async fn write<M>(app: &App, rows: impl IntoIterator<Item = M>) -> anyhow::Result<()>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    if app.database.engine() == Engine::Postgres {
        return copy(app, rows).await;
    }
    let tx = app.begin().await?;
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(ROWS).collect();
        M::Entity::insert_many(chunk).exec_without_returning(tx.rows()).await?;
    }
    Ok(tx.commit().await?)
}

async fn copy<M>(app: &App, rows: impl IntoIterator<Item = M>) -> anyhow::Result<()>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let columns: Vec<_> = <M::Entity as EntityTrait>::Column::iter().collect();
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.as_str())).collect();
    let table = M::Entity::default().table_name().to_owned();
    let statement = format!("COPY \"{table}\" ({}) FROM STDIN", names.join(", "));
    let mut connection = PgConnection::connect(&app.config.database_url()).await?;
    let mut sink = connection.copy_in_raw(&statement).await?;
    let mut text = String::with_capacity(CHUNK + 4096);
    for row in rows {
        let row = row.into_active_model();
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                text.push('\t');
            }
            let (ActiveValue::Set(value) | ActiveValue::Unchanged(value)) = row.get(*column) else {
                bail!("{table}.{} has no value", column.as_str());
            };
            field(&mut text, value).with_context(|| format!("{table}.{}", column.as_str()))?;
        }
        text.push('\n');
        if text.len() >= CHUNK {
            sink.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    sink.send(text.as_bytes()).await?;
    sink.finish().await?;
    Ok(connection.close().await?)
}

/// Writes a value in the text format of COPY.
fn field(text: &mut String, value: Value) -> anyhow::Result<()> {
    match value {
        Value::Bool(Some(value)) => text.push(if value { 't' } else { 'f' }),
        Value::SmallInt(Some(value)) => write!(text, "{value}")?,
        Value::Int(Some(value)) => write!(text, "{value}")?,
        Value::BigInt(Some(value)) => write!(text, "{value}")?,
        Value::Double(Some(value)) => write!(text, "{value}")?,
        Value::Uuid(Some(value)) => write!(text, "{value}")?,
        Value::ChronoDateTimeUtc(Some(value)) => write!(text, "{}", value.to_rfc3339())?,
        Value::String(Some(value)) => escape(text, &value),
        Value::Json(Some(value)) => escape(text, &value.to_string()),
        Value::Bytes(Some(value)) => {
            // The backslash of bytea's own form, escaped.
            text.push_str("\\\\x");
            for byte in value {
                write!(text, "{byte:02x}")?;
            }
        }
        value if value == value.as_null() => text.push_str("\\N"),
        value => bail!("no form for {value:?}"),
    }
    Ok(())
}

fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_written_as_copy_reads_them() {
        let mut text = String::new();
        for value in [
            Value::String(Some("a\tb\\c\n".to_owned())),
            Value::Bytes(Some(vec![0, 255])),
            Value::BigInt(None),
            Value::Bool(Some(true)),
        ] {
            field(&mut text, value).unwrap();
            text.push('|');
        }
        assert_eq!(text, "a\\tb\\\\c\\n|\\\\x00ff|\\N|t|");
    }
}
