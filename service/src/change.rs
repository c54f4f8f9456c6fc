//! The log of changes: what the database itself notes of rows that were changed (`migration/src/m0027_change.rs`).
//!
//! A process that knows something of a row may hold it to be so for as long as the log says nothing about it. What was written since
//! the last look is found by one statement, whose cost does not depend on how much is known, and which sees exactly what any other
//! statement would see at that moment.
//!
//! On PostgreSQL transactions end in another order than that in which they begin, so there is no number up to which everything has been
//! seen. A snapshot says which had ended when it was taken: all below `xmax`, save those that were still running
//! (PostgreSQL, "System Information Functions", `pg_current_snapshot`). New is what those have written that had not.

use chrono::{DateTime, Utc};
use darkroom_platform::database::Rows;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;

/// Most changes that are told of one by one. Whoever has slept through more forgets everything.
const MOST: usize = 500;

/// How long changes are kept, in seconds by the clock of the database. Whoever has not looked for [`LONGEST_PAUSE`] does not
/// rely on them.
const KEPT: i64 = 3600;

/// Longest time between two looks after which what was known before still counts, in seconds.
const LONGEST_PAUSE: i64 = 600;

/// Rows that one transaction removes.
const BATCH: i64 = 1000;

/// A post or a person looks another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The post or the person.
    pub about: Uuid,
    /// For whom alone, if it is their mark on the post, or they are the person's close friend no more.
    pub whose: Option<Uuid>,
}

/// How far the log was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The first position that was not seen.
    next: i64,
    /// Of those before it, those that were not seen either: numbers of transactions, with commas in between.
    running: String,
    /// When that was, in seconds by the clock of the database.
    at: i64,
    /// When the server began, in microseconds: it tells one from another that has taken its place, and may lack what was the last there.
    server: i64,
}

/// What a look has found.
#[derive(Debug)]
pub struct Look {
    /// From where to look the next time.
    pub place: Place,
    /// What has been changed since the place from which was looked; none if that is more than can be told, or too long ago.
    pub changes: Option<Vec<Change>>,
    /// Another server has answered than the last time: numbers may count to the same a second time.
    pub is_another: bool,
}

/// What has been changed since `from`; without it, only where the log is now.
///
/// # Errors
/// When the database does not answer.
pub async fn look(rows: &Rows, from: Option<&Place>) -> Result<Look, DbErr> {
    let backend = rows.get_database_backend();
    let found = rows.query_all_raw(statement(backend, from)).await?;
    let first = found.first().ok_or_else(|| DbErr::RecordNotFound("the log of changes says nothing".to_owned()))?;
    let place = place(backend, first)?;
    let is_another = from.is_some_and(|from| from.server != place.server);
    let changes = if from.is_some_and(|from| place.follows(from)) {
        let changes = found.iter().filter_map(|row| change(row).transpose()).collect::<Result<Vec<Change>, DbErr>>()?;
        (changes.len() <= MOST).then_some(changes)
    } else {
        None
    };
    Ok(Look { place, changes, is_another })
}

impl Place {
    /// Whether what was known at the earlier place may still be known at this one, but for what the log tells.
    fn follows(&self, earlier: &Self) -> bool {
        self.server == earlier.server
            && self.next >= earlier.next
            && (0..=LONGEST_PAUSE).contains(&(self.at - earlier.at))
    }
}

/// Sub-queries in place of values keep PostgreSQL from planning it anew for each look, and the order keeps it from reading the whole table.
const POSTGRES: &str = "SELECT now.snapshot, now.at, found.about, found.whose, now.server \
    FROM (SELECT pg_current_snapshot()::text AS snapshot, now() AS at, pg_postmaster_start_time() AS server) AS now LEFT JOIN (\
    (SELECT about, whose FROM change WHERE position >= (SELECT $1::bigint) ORDER BY position DESC LIMIT $3) \
    UNION ALL (SELECT about, whose FROM change WHERE position = ANY ((SELECT $2::text::bigint[])::bigint[]) LIMIT $3)\
    ) AS found ON TRUE";

const SQLITE: &str = "SELECT now.next, now.at, found.about, found.whose \
    FROM (SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0) + 1 AS next, unixepoch() AS at) AS now LEFT JOIN (\
    SELECT about, whose FROM change WHERE id >= $1 ORDER BY id DESC LIMIT $2) AS found ON TRUE";

fn statement(backend: DbBackend, from: Option<&Place>) -> Statement {
    let next = from.map_or(i64::MAX, |from| from.next);
    let limit = MOST as i64 + 1;
    if backend == DbBackend::Sqlite {
        return Statement::from_sql_and_values(backend, SQLITE, [next.into(), limit.into()]);
    }
    let running = from.map_or("", |from| &from.running);
    Statement::from_sql_and_values(backend, POSTGRES, [next.into(), format!("{{{running}}}").into(), limit.into()])
}

fn place(backend: DbBackend, row: &QueryResult) -> Result<Place, DbErr> {
    if backend == DbBackend::Sqlite {
        let (next, at) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        return Ok(Place { next, running: String::new(), at, server: 0 });
    }
    let snapshot: String = row.try_get_by_index(0)?;
    let at: DateTime<Utc> = row.try_get_by_index(1)?;
    let (next, running) = parse(&snapshot).ok_or_else(|| DbErr::Type(format!("no snapshot: {snapshot}")))?;
    let server: DateTime<Utc> = row.try_get_by_index(4)?;
    Ok(Place { next, running: running.to_owned(), at: at.timestamp(), server: server.timestamp_micros() })
}

/// `xmin:xmax:xip_list`, of which the first says nothing that the others don't.
fn parse(snapshot: &str) -> Option<(i64, &str)> {
    let mut parts = snapshot.splitn(3, ':').skip(1);
    Some((parts.next()?.parse().ok()?, parts.next()?))
}

fn change(row: &QueryResult) -> Result<Option<Change>, DbErr> {
    let about: Option<Uuid> = row.try_get_by_index(2)?;
    let whose = row.try_get_by_index(3)?;
    Ok(about.map(|about| Change { about, whose }))
}

/// Notes how far the log is, so that what is before it can be removed when that note is old: a row says when it was written, not when
/// others have come to see it. What is written to `SQLite` is seen at once and needs no note.
///
/// # Errors
/// When the database does not answer.
pub async fn note_place(app: &App) -> Result<()> {
    if app.rows().get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    let note = "INSERT INTO change (position, about) \
        VALUES (pg_snapshot_xmin(pg_current_snapshot())::text::bigint, '00000000-0000-0000-0000-000000000000')";
    let tx = app.begin().await?;
    tx.rows().execute_unprepared(note).await?;
    tx.commit().await
}

/// Removes a bounded number of changes that everybody has seen who relies on them; says whether there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(app: &App) -> Result<bool> {
    let backend = app.rows().get_database_backend();
    let sweep = if backend == DbBackend::Sqlite { SWEEP_SQLITE } else { SWEEP_POSTGRES };
    let tx = app.begin().await?;
    let statement = Statement::from_sql_and_values(backend, sweep, [KEPT.into(), BATCH.into()]);
    let removed = tx.rows().execute_raw(statement).await?.rows_affected();
    tx.commit().await?;
    Ok(removed == BATCH as u64)
}

/// What is before a place that was noted long enough ago.
const SWEEP_POSTGRES: &str = "DELETE FROM change USING (SELECT position, id FROM change WHERE position < (\
    SELECT MAX(position) FROM change WHERE about = '00000000-0000-0000-0000-000000000000' \
    AND made_at < extract(epoch FROM now())::bigint - $1) ORDER BY position, id LIMIT $2) AS old \
    WHERE change.position = old.position AND change.id = old.id";

const SWEEP_SQLITE: &str = "DELETE FROM change WHERE id IN \
    (SELECT id FROM change WHERE id < (SELECT MIN(id) FROM change) + $2 AND made_at < unixepoch() - $1)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_says_where_the_log_goes_on() {
        assert_eq!(parse("10:20:10,14,15"), Some((20, "10,14,15")));
        assert_eq!(parse("795:795:"), Some((795, "")));
        assert_eq!(parse("795:"), None);
        assert_eq!(parse("795:x:"), None);
    }

    #[test]
    fn what_was_known_counts_for_a_while_on_the_same_server() {
        let place = |next, at, server| Place { next, running: String::new(), at, server };
        let earlier = place(20, 1000, 7);
        for later in [place(20, 1000, 7), place(25, 1000 + LONGEST_PAUSE, 7)] {
            assert!(later.follows(&earlier), "{later:?}");
        }
        for other in [place(25, 1001 + LONGEST_PAUSE, 7), place(25, 999, 7), place(19, 1001, 7), place(25, 1001, 8)] {
            assert!(!other.follows(&earlier), "{other:?}");
        }
    }
}
