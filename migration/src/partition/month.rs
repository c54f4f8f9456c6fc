//! The months that posts are kept by: each begins with the first id that could be made in it.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::{query, run};

/// Months that have a part before they come.
const AHEAD: u32 = 12;

/// A month of posts: its part's name, and the ids between which they lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    name: String,
    from: String,
    to: String,
}

impl Month {
    /// The name of its part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Those of the coming twelve months that have no part yet, by the database's clock; none where posts are in one piece.
///
/// # Errors
/// When the database does not answer.
pub async fn missing(rows: &impl ConnectionTrait) -> Result<Vec<Month>, DbErr> {
    if rows.get_database_backend() != DbBackend::Postgres {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT name, (extract(epoch FROM month) * 1000)::bigint AS starts, \
         (extract(epoch FROM month + interval '1 month') * 1000)::bigint AS ends \
         FROM generate_series(1, {AHEAD}) AS ahead, \
         LATERAL (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + ahead * interval '1 month' AS month) AS begun, \
         LATERAL (SELECT 'post_' || to_char(month, 'YYYY_MM') AS name) AS called \
         WHERE (SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass('post')) AND to_regclass(name) IS NULL \
         ORDER BY ahead"
    );
    let found = query(rows, &sql).await?;
    found
        .iter()
        .map(|row| {
            let (from, to) = (first_id(row.try_get("", "starts")?), first_id(row.try_get("", "ends")?));
            Ok(Month { name: row.try_get("", "name")?, from, to })
        })
        .collect()
}

/// Makes the parts of these months, in a transaction of the caller's. A month of which the default part holds a post already is
/// left there: to take it out would be to delete what refers to it.
///
/// # Errors
/// When somebody else holds the table for longer than three seconds: others would have to wait behind.
pub async fn make(rows: &impl ConnectionTrait, months: &[Month]) -> Result<(), DbErr> {
    if months.is_empty() {
        return Ok(());
    }
    run(rows, "SET LOCAL lock_timeout = '3s'").await?;
    for Month { name, from, to } in months {
        let held = format!("SELECT 1 AS n FROM post_default WHERE id >= '{from}' AND id < '{to}' LIMIT 1");
        if query(rows, &held).await?.is_empty() {
            run(rows, &format!("CREATE TABLE {name} PARTITION OF post FOR VALUES FROM ('{from}') TO ('{to}')")).await?;
        }
    }
    Ok(())
}

/// The first id of the next month.
pub(super) async fn next(rows: &impl ConnectionTrait) -> Result<String, DbErr> {
    let sql = "SELECT (extract(epoch FROM date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') * 1000)::bigint \
               AS starts";
    let found = query(rows, sql).await?;
    let row = found.first().ok_or_else(|| DbErr::RecordNotFound("the database's clock".to_owned()))?;
    Ok(first_id(row.try_get("", "starts")?))
}

/// The least id that a `UUIDv7` of this millisecond of the epoch could have: the first 48 bits are its time.
fn first_id(millisecond: i64) -> String {
    format!("{:08x}-{:04x}-0000-0000-000000000000", millisecond >> 16, millisecond & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_its_millisecond() {
        assert_eq!(first_id(0x0123_4567_89ab), "01234567-89ab-0000-0000-000000000000");
        assert_eq!(first_id(0), "00000000-0000-0000-0000-000000000000");
    }
}
