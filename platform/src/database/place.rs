//! Places in the write-ahead log: how far a primary has written it, and how far a replica has replayed it.

use std::time::Duration;

use sea_orm::error::ConnAcquireErr;
use sea_orm::sqlx::PgConnection;
use sea_orm::{DbBackend, DbErr, Statement};

use super::link::Link;
use super::rows;

/// Longest wait for an answer while there is another server to ask.
const ANSWER: Duration = Duration::from_secs(2);

/// How far the primary's log is. What has been acknowledged is before it: with `synchronous_commit` it was flushed first, and
/// without it at least written down in memory, which a replica gets a moment later (PostgreSQL, "Asynchronous Commit"). A
/// segment's name begins with its timeline, in eight hexadecimal digits.
const WRITTEN: &str = "SELECT CAST(pg_wal_lsn_diff(place, '0/0') AS BIGINT), \
                       CAST(CAST('x' || SUBSTR(pg_walfile_name(place), 1, 8) AS BIT(32)) AS INTEGER) \
                       FROM (SELECT CASE WHEN current_setting('synchronous_commit') = 'off' \
                       THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END AS place) AS log";

/// How far a replica has replayed it; no row on a server that is none. The timeline is that of the last checkpoint which was
/// replayed and written down, so it may be an earlier one than that of the place, never a later one.
const REPLAYED: &str = "SELECT CAST(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS BIGINT), timeline_id \
                        FROM pg_control_checkpoint() WHERE pg_is_in_recovery()";

/// A place in the log of one history of a database. Each failover begins another history, with a timeline of its own, in which
/// the same bytes may say something else. The default is before every place.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    timeline: i32,
    /// From the log's beginning.
    byte: i64,
}

impl Place {
    /// Whether everything up to the other place has been passed on the way to this one.
    pub(super) fn covers(self, other: Self) -> bool {
        self.timeline == other.timeline && self.byte >= other.byte
    }
}

/// How far the log of the primary behind this connection is.
///
/// # Errors
/// When it does not answer in time, or is none.
pub(super) async fn written(link: &mut Link<PgConnection>) -> Result<Place, DbErr> {
    let none = || DbErr::RecordNotFound("the place in the write-ahead log".to_owned());
    of(link, WRITTEN).await?.ok_or_else(none)
}

/// How far the replica behind this connection has come; `None` if it is none.
///
/// # Errors
/// When it does not answer in time.
pub(super) async fn replayed(link: &mut Link<PgConnection>) -> Result<Option<Place>, DbErr> {
    of(link, REPLAYED).await
}

async fn of(link: &mut Link<PgConnection>, sql: &'static str) -> Result<Option<Place>, DbErr> {
    let asked = rows::one(link, None, Statement::from_string(DbBackend::Postgres, sql));
    let Some(row) = in_time(asked).await? else { return Ok(None) };
    let (byte, timeline): (Option<i64>, Option<i32>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok(byte.zip(timeline).map(|(byte, timeline)| Place { timeline, byte }))
}

/// An answer that is not waited for without end: a server that hangs does not even refuse.
///
/// # Errors
/// The answer's, or that it took too long.
pub(super) async fn in_time<T>(answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    let late = |_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
    tokio::time::timeout(ANSWER, answer).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_covers_what_lies_before_it_in_its_own_history() {
        let at = |timeline, byte| Place { timeline, byte };
        assert!(at(1, 7).covers(at(1, 7)) && at(1, 8).covers(at(1, 7)));
        assert!(!at(1, 6).covers(at(1, 7)), "not as far");
        assert!(
            !at(1, 9).covers(at(2, 7)) && !at(2, 9).covers(at(1, 7)),
            "what was written there may be something else"
        );
        assert!(!Place::default().covers(at(1, 0)));
    }
}
