//! Reading aside: from a replica of PostgreSQL's, as soon as it has come as far as the primary was when an operation first read.
//!
//! ```text
//!   first read of an operation ──► primary: how far is your log? ──► its place
//!   each read ──► does the replica stand, and has it replayed as far? ── yes ──► the replica
//!                                        │ not within `database.replica_max_lag_ms`, or no answer
//!                                        └──► the primary, from now on for the whole operation
//! ```
//!
//! So whatever was acknowledged to anybody before an operation began is seen by it: one's own post, and that somebody blocks.
//! An operation never goes back in time: on one replica later is never earlier, and from the primary it does not return.
//! A replica that is away or behind is left alone until it has been seen to keep up again; nobody waits for it meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::sqlx::PgConnection;
use sea_orm::{DbErr, RuntimeErr, Statement};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::Connections;
use super::link::{Link, Links, is_fatal};
use super::place::{self, Place};
use crate::metrics;

/// First pause before a replica is asked again how far it is; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// First pause between two looks at a replica that is left alone; it doubles up to [`LONGEST_REST`].
const REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// A replica, and whether it is worth asking.
pub(super) struct Replica {
    links: Links<PgConnection>,
    primary: Links<PgConnection>,
    most_lag: Duration,
    /// It answered and had kept up when it was last asked.
    stands: AtomicBool,
    /// Somebody waits for it to stand again.
    is_watched: AtomicBool,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica").field("stands", &self.stands).finish_non_exhaustive()
    }
}

/// Why the primary is asked.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// The replica has not come far enough in time.
    Late,
    /// It does not answer, or is none.
    Away,
}

impl Replica {
    /// One that follows `primary`. Nothing is asked of it yet.
    pub(super) fn new(links: Links<PgConnection>, primary: Links<PgConnection>, most_lag: Duration) -> Self {
        Self { links, primary, most_lag, stands: AtomicBool::new(false), is_watched: AtomicBool::new(false) }
    }

    pub(super) fn stands(&self) -> bool {
        self.stands.load(Ordering::Acquire)
    }

    pub(super) fn connections(&self) -> Connections {
        self.links.connections()
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.links.close().await
    }

    /// A connection to it, once it has come as far as `place`.
    async fn at(&self, wanted: Place) -> Result<Link<PgConnection>, Reason> {
        let mut link = self.links.take().await.map_err(|_| Reason::Away)?;
        // What a connection has seen holds for its server, though not for another one behind the same address.
        if link.reached.covers(wanted) {
            return Ok(link);
        }
        let deadline = Instant::now() + self.most_lag;
        let mut pause = PAUSE;
        loop {
            let replayed = place::replayed(&mut link).await.ok().flatten().ok_or(Reason::Away)?;
            if replayed.covers(wanted) {
                link.reached = replayed;
                return Ok(link);
            }
            if Instant::now() + pause > deadline {
                return Err(Reason::Late);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// How far the primary's log is now.
    async fn place(&self) -> Result<Place, DbErr> {
        place::written(&mut self.primary.take().await?).await
    }

    /// Has nobody ask it until it is seen to keep up.
    fn leave_alone(self: &Arc<Self>, reason: Reason) {
        if self.stands.swap(false, Ordering::AcqRel) {
            tracing::warn!(?reason, "the database's replica is left alone; the primary answers");
        }
        self.watch(REST);
    }

    /// Looks at it from a while on, behind whoever has come upon it, until it keeps up.
    pub(super) fn watch(self: &Arc<Self>, from: Duration) {
        if self.stands() || self.is_watched.swap(true, Ordering::AcqRel) {
            return;
        }
        // Without a runtime the program ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(keep_looking(Arc::downgrade(self), from));
        }
    }

    /// Whether it is as far as the primary is now, or nearly.
    async fn keeps_up(&self) -> bool {
        match self.place().await {
            Ok(place) => self.at(place).await.is_ok(),
            Err(_) => false,
        }
    }
}

async fn keep_looking(replica: Weak<Replica>, mut rest: Duration) {
    loop {
        tokio::time::sleep(rest).await;
        let Some(replica) = replica.upgrade() else { return };
        if replica.keeps_up().await {
            // In this order: whoever leaves it alone from now on has it watched again.
            replica.is_watched.store(false, Ordering::Release);
            replica.stands.store(true, Ordering::Release);
            tracing::info!("the database's replica keeps up; queries read from it");
            return;
        }
        rest = (rest * 2).clamp(REST, LONGEST_REST);
    }
}

/// The reads of one operation.
#[derive(Debug)]
pub(super) struct Aside {
    replica: Arc<Replica>,
    /// How far the primary was when the operation read first.
    place: OnceCell<Place>,
    /// It has read from the primary, which may be further: it stays there.
    is_over: AtomicBool,
}

impl Aside {
    pub(super) fn new(replica: Arc<Replica>) -> Self {
        Self { replica, place: OnceCell::new(), is_over: AtomicBool::new(false) }
    }

    /// A connection of the replica's for this statement; none if it is the primary's.
    pub(super) async fn link(&self, statement: &Statement) -> Option<Link<PgConnection>> {
        if self.is_over.load(Ordering::Acquire) {
            return None;
        }
        if !only_reads(&statement.sql) {
            return self.end();
        }
        if !self.replica.stands() {
            self.replica.watch(REST);
            count("away");
            return self.end();
        }
        // Where the primary does not answer, it says so itself in a moment.
        let place = self.place.get_or_try_init(|| self.replica.place()).await;
        let Ok(place) = place else { return self.end() };
        match self.replica.at(*place).await {
            Ok(link) => Some(link),
            Err(reason) => {
                self.replica.leave_alone(reason);
                count(if matches!(reason, Reason::Late) { "miss" } else { "away" });
                self.end()
            }
        }
    }

    /// What the replica has answered; none if the primary is to be asked instead.
    pub(super) async fn heard<T>(&self, answer: impl Future<Output = Result<T, DbErr>>) -> Option<T> {
        match place::in_time(answer).await {
            Ok(answer) => {
                count("hit");
                Some(answer)
            }
            Err(error) => {
                self.failed(&error);
                self.end()
            }
        }
    }

    /// A statement failed there. Replay may have cancelled it, which is no reason to leave a replica alone.
    fn failed(&self, error: &DbErr) {
        tracing::debug!(%error, "a replica did not answer; the primary is asked");
        let is_lost = match error {
            DbErr::Query(RuntimeErr::SqlxError(error)) => is_fatal(error),
            _ => true,
        };
        if is_lost {
            self.replica.leave_alone(Reason::Away);
        }
        count("away");
    }

    fn end<T>(&self) -> Option<T> {
        self.is_over.store(true, Ordering::Release);
        None
    }
}

fn count(result: &'static str) {
    metrics::record(|metrics| _ = metrics.database_replica_reads.get_or_create(&metrics::Place { result }).inc());
}

/// Whether a statement only reads, by its first word: what writes returns rows as well. A replica refuses what this lets through.
fn only_reads(sql: &str) -> bool {
    sql.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}

#[cfg(test)]
mod tests {
    use super::only_reads;

    #[test]
    fn what_may_write_is_the_primarys() {
        assert!(only_reads("SELECT 1") && only_reads("select \"id\" FROM post"));
        for sql in
            ["INSERT INTO post VALUES (1) RETURNING id", "WITH x AS (DELETE FROM job RETURNING id) SELECT 1", "", "é"]
        {
            assert!(!only_reads(sql), "{sql}");
        }
    }
}
