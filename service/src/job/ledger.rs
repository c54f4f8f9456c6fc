//! The ledger's SQL: insert, claim, renew, settle, sweep.
//!
//! ```text
//!             insert                claim                    complete
//!   (nothing) ───────► queued ───────────────► running ─────────────────► (nothing)
//!                        ▲                      │  │ lease expired: any worker may claim it again
//!                        └── retry, release ────┘  └── bury (attempts used up) ──► dead
//! ```
//!
//! Every write after the claim is fenced by (id, attempts): a worker that lost its lease, and whose job another has
//! claimed since, changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::job::{self, State};
use darkroom_entity::media_run::Outcome;
use darkroom_platform::clock::Clock;
use darkroom_platform::telemetry::trace;
use rand::Rng;
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict, Order, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};
use sea_orm::{QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Job, Queue, Schedule};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media;

/// The longest wait between two attempts.
const LONGEST_BACKOFF: TimeDelta = TimeDelta::minutes(15);

/// How long a job waits for a store that is away, at least.
const POSTPONED_FOR: TimeDelta = TimeDelta::seconds(3);

/// How old a job may be that waits for a store: a story's end is written a day before it is due.
const POSTPONED_AT_MOST: TimeDelta = TimeDelta::days(7);

/// How late a heartbeat may be before nobody seems to run jobs.
const HEARTBEAT_LATE: TimeDelta = TimeDelta::minutes(2);

/// A job whose worker has died in so many of its starts is suspected to be what kills them.
const SUSPECT_AFTER: i32 = 2;

/// How much of an error is kept.
const ERROR_CHARS: usize = 1000;

/// A job that a worker has claimed: it alone may run and settle it, until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The row.
    pub id: Uuid,
    /// Which handler.
    pub name: String,
    /// Ids only.
    pub payload: serde_json::Value,
    /// Where it waited.
    pub queue: Queue,
    /// Starts so far, this one included.
    pub attempts: i32,
    /// Since when it has been due.
    pub run_at: DateTime<Utc>,
    /// Since when it has been this worker's.
    pub claimed_at: DateTime<Utc>,
    /// The span that it was written in, if that is traced.
    pub trace: Option<String>,
    /// Its attempts were used up before this claim, by workers that died: it is to be buried, not run.
    pub exhausted: bool,
}

impl Claimed {
    /// Whether it may be a suspect: one has had more starts than [`Suspects`] are seen in, as has what has failed so often.
    pub fn may_be_suspect(&self) -> bool {
        self.attempts > SUSPECT_AFTER
    }
}

/// What a claim does with suspects: jobs on a lease that has ended, whose worker has died before as well.
///
/// What ran beside a job that kills its worker was lost with it, each time, and would be given up with it though nothing is wrong
/// with it. So a process has one suspect in hand at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspects {
    /// The one that has waited longest is claimed, and the others are left.
    One,
    /// All are left: there is one in hand.
    None,
}

/// Writes a job; `None` if one with the same unique key is already waiting.
pub(crate) async fn insert<J: Job>(
    rows: &impl ConnectionTrait,
    clock: &Clock,
    job: &J,
    run_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let payload = serde_json::to_value(job).map_err(Error::internal)?;
    insert_row(rows, clock, J::NAME, J::QUEUE, payload, job.unique_key(), run_at).await
}

/// Those of these jobs, which have unique keys, that wait or run: a bounded number. Dead ones have given their keys back.
pub(crate) async fn waiting_or_running<J: Job>(
    rows: &impl ConnectionTrait,
    jobs: impl IntoIterator<Item = J>,
) -> Result<Vec<J>> {
    let jobs: Vec<(String, J)> = jobs.into_iter().filter_map(|job| Some((job.unique_key()?, job))).collect();
    let found: Vec<Option<String>> = job::Entity::find()
        .select_only()
        .column(job::Column::UniqueKey)
        .filter(job::Column::UniqueKey.is_in(jobs.iter().map(|(key, _)| key.as_str())))
        .into_tuple()
        .all(rows)
        .await?;
    let is_found = |key: &str| found.iter().flatten().any(|found| found == key);
    Ok(jobs.into_iter().filter(|(key, _)| is_found(key)).map(|(_, job)| job).collect())
}

async fn insert_row(
    rows: &impl ConnectionTrait,
    clock: &Clock,
    name: &str,
    queue: Queue,
    payload: serde_json::Value,
    unique_key: Option<String>,
    run_at: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let id = clock.new_id();
    let row = job::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        payload: Set(payload),
        queue: Set(queue.as_str().to_owned()),
        state: Set(State::Queued),
        attempts: Set(0),
        run_at: Set(run_at),
        lease_until: Set(None),
        unique_key: Set(unique_key),
        last_error: Set(None),
        created_at: Set(clock.now()),
        trace: Set(trace::current()),
    };
    let written = job::Entity::insert(row)
        // Whichever key it is: on a table in parts the unique key has the queue beside it (decision 0030).
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(rows)
        .await?;
    Ok((written > 0).then_some(id))
}

/// Due and waiting at `now`.
fn waiting(now: DateTime<Utc>) -> Condition {
    Condition::all().add(job::Column::State.eq(State::Queued)).add(job::Column::RunAt.lte(now))
}

/// Running on a lease that has ended at `now`.
fn lost(now: DateTime<Utc>) -> Condition {
    Condition::all().add(job::Column::State.eq(State::Running)).add(job::Column::LeaseUntil.lt(now))
}

/// Those of `ids` that may be claimed at `now`.
fn claimable(queue: Queue, ids: &[Uuid], suspects: Suspects, now: DateTime<Utc>) -> Condition {
    let of_queue =
        || Condition::all().add(job::Column::Id.is_in(ids.iter().copied())).add(job::Column::Queue.eq(queue.as_str()));
    let mut lost_may = Condition::any().add(job::Column::Attempts.lt(SUSPECT_AFTER));
    if suspects == Suspects::One {
        let longest = Query::select()
            .column(job::Column::Id)
            .from(job::Entity)
            .cond_where(of_queue().add(lost(now)).add(job::Column::Attempts.gte(SUSPECT_AFTER)))
            .order_by(job::Column::LeaseUntil, Order::Asc)
            .order_by(job::Column::Id, Order::Asc)
            .limit(1)
            .to_owned();
        lost_may = lost_may.add(job::Column::Id.in_subquery(longest));
    }
    of_queue().add(Condition::any().add(waiting(now)).add(lost(now).add(lost_may)))
}

/// Claims those of `ids` that are there to be claimed, in one statement, and starts their leases.
///
/// Two workers with the same hints don't wait for each other: what one has locked the other skips.
pub async fn claim(app: &App, queue: Queue, ids: &[Uuid], suspects: Suspects) -> Result<Vec<Claimed>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let free = Query::select()
        .column(job::Column::Id)
        .from(job::Entity)
        .cond_where(claimable(queue, ids, suspects, now))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .to_owned();
    let rows = job::Entity::update_many()
        .col_expr(job::Column::State, sea_orm::sea_query::Expr::value(State::Running))
        .col_expr(job::Column::Attempts, job::Column::Attempts.into_expr().add(1))
        .col_expr(job::Column::LeaseUntil, sea_orm::sea_query::Expr::value(now + lease(app)))
        .filter(job::Column::Id.in_subquery(free))
        .exec_with_returning(app.rows())
        .await?;
    let most = app.config.worker.max_attempts as i32;
    let mut claimed: Vec<Claimed> = rows
        .into_iter()
        .map(|row| Claimed {
            id: row.id,
            name: row.name,
            payload: row.payload,
            queue,
            attempts: row.attempts,
            run_at: row.run_at,
            claimed_at: now,
            trace: row.trace,
            exhausted: row.attempts > most,
        })
        .collect();
    claimed.sort_unstable_by_key(|job| job.id);
    Ok(claimed)
}

/// How long a claim holds without being renewed.
pub fn lease(app: &App) -> TimeDelta {
    TimeDelta::seconds(app.config.worker.lease_seconds as i64)
}

/// Ids of up to `limit` jobs that could be claimed now: the oldest first. The sweep announces them; a worker whose
/// transport is away claims them itself.
pub async fn due(app: &App, queue: Queue, limit: u64) -> Result<Vec<Uuid>> {
    let now = app.clock.now();
    let select = |condition: Condition, order: job::Column| {
        job::Entity::find()
            .select_only()
            .column(job::Column::Id)
            .filter(job::Column::Queue.eq(queue.as_str()))
            .filter(condition)
            .order_by_asc(order)
            .limit(limit)
            .into_tuple::<Uuid>()
    };
    // What a dead worker held comes first: it has waited longest, and a long line must not hide it.
    let mut ids = select(lost(now), job::Column::LeaseUntil).all(app.rows()).await?;
    ids.extend(select(waiting(now), job::Column::RunAt).all(app.rows()).await?);
    ids.truncate(limit as usize);
    Ok(ids)
}

/// The rows of exactly these claims, as long as they hold.
fn held(claims: &[(Uuid, i32)]) -> Condition {
    let each = claims.iter().fold(Condition::any(), |any, (id, attempts)| {
        any.add(Condition::all().add(job::Column::Id.eq(*id)).add(job::Column::Attempts.eq(*attempts)))
    });
    Condition::all().add(job::Column::State.eq(State::Running)).add(each)
}

/// Prolongs the leases of these claims by a whole lease.
pub async fn renew(app: &App, claims: &[(Uuid, i32)]) -> Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let until = app.clock.now() + lease(app);
    job::Entity::update_many()
        .col_expr(job::Column::LeaseUntil, sea_orm::sea_query::Expr::value(until))
        .filter(held(claims))
        .exec(app.rows())
        .await?;
    Ok(())
}

/// Removes jobs that are done.
pub async fn complete(app: &App, claims: &[(Uuid, i32)]) -> Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    job::Entity::delete_many().filter(held(claims)).exec(app.rows()).await?;
    Ok(())
}

/// Puts a failed job back in line, later each time.
pub async fn retry(app: &App, claimed: &Claimed, error: &str) -> Result<()> {
    let run_at = app.clock.now() + backoff(claimed.attempts, rand::rng().random_range(0.0..1.0));
    let change = job::ActiveModel {
        state: Set(State::Queued),
        run_at: Set(run_at),
        lease_until: Set(None),
        last_error: Set(Some(shorten(error))),
        ..Default::default()
    };
    put_back_failed(app, claimed, change, Outcome::Retried, error).await
}

/// Whether another attempt is left after this one has failed, of a job that has `most` or what the settings say.
pub fn may_retry(app: &App, claimed: &Claimed, most: u32) -> bool {
    i64::from(claimed.attempts) < i64::from(Ord::min(most, app.config.worker.max_attempts))
}

/// Puts a job back that could not run because a store is away: that was no attempt, however long the store stays away.
pub async fn postpone(app: &App, claimed: &Claimed, error: &str) -> Result<()> {
    let pause = POSTPONED_FOR.as_seconds_f64() * (1.0 + rand::rng().random_range(0.0..0.5));
    let change = job::ActiveModel {
        state: Set(State::Queued),
        attempts: Set(claimed.attempts - 1),
        run_at: Set(app.clock.now() + TimeDelta::milliseconds((pause * 1000.0) as i64)),
        lease_until: Set(None),
        last_error: Set(Some(shorten(error))),
        ..Default::default()
    };
    put_back(app.rows(), claimed, change).await?;
    Ok(())
}

/// Whether a job may still be postponed: a week after it was written, a store that is "away" is a fault of the job.
pub fn may_wait(app: &App, claimed: &Claimed) -> bool {
    let written = claimed.id.get_timestamp().and_then(|at| DateTime::from_timestamp(at.to_unix().0 as i64, 0));
    written.is_some_and(|written| app.clock.now() - written < POSTPONED_AT_MOST)
}

/// Sets a job aside for good, with its error, for an operator to look at. Its unique key is free again.
pub async fn bury(app: &App, claimed: &Claimed, error: &str) -> Result<()> {
    let change = job::ActiveModel {
        state: Set(State::Dead),
        unique_key: Set(None),
        lease_until: Set(None),
        last_error: Set(Some(shorten(error))),
        ..Default::default()
    };
    put_back_failed(app, claimed, change, Outcome::Dead, error).await
}

/// Hands back a job that was claimed and not run to its end because the worker stops: that was no attempt.
pub async fn release(app: &App, claimed: &Claimed) -> Result<()> {
    let change = job::ActiveModel {
        state: Set(State::Queued),
        attempts: Set(claimed.attempts - 1),
        run_at: Set(app.clock.now()),
        lease_until: Set(None),
        ..Default::default()
    };
    put_back(app.rows(), claimed, change).await?;
    Ok(())
}

/// Puts a job back whose attempt has failed. If it is a photo's, that is kept with the photo: the row forgets its last error
/// with the next one, and goes when the job is done.
async fn put_back_failed(
    app: &App,
    claimed: &Claimed,
    change: job::ActiveModel,
    outcome: Outcome,
    error: &str,
) -> Result<()> {
    let Some(media_id) = media::photo_of(&claimed.name, &claimed.payload) else {
        put_back(app.rows(), claimed, change).await?;
        return Ok(());
    };
    let tx = app.begin().await?;
    if put_back(tx.rows(), claimed, change).await? {
        media::note_failure(&tx, media_id, claimed, outcome, error).await?;
    }
    tx.commit().await
}

/// Says whether the claim still held.
async fn put_back(rows: &impl ConnectionTrait, claimed: &Claimed, change: job::ActiveModel) -> Result<bool> {
    let held = held(&[(claimed.id, claimed.attempts)]);
    let changed = job::Entity::update_many().set(change).filter(held).exec(rows).await?;
    Ok(changed.rows_affected > 0)
}

/// Writes the next run of everything that comes back, unless one is written already: a run that is late or under way
/// has no second one behind it.
pub async fn plan(app: &App, schedules: &[Schedule]) -> Result<()> {
    for schedule in schedules {
        let run_at = next_slot(schedule, app.clock.now());
        let key = schedule.name.to_owned();
        let nothing = serde_json::Value::Object(serde_json::Map::new());
        insert_row(app.rows(), &app.clock, schedule.name, schedule.queue, nothing, Some(key), run_at).await?;
    }
    Ok(())
}

/// Whether somebody runs jobs: a heartbeat is planned, and none is more than two minutes late.
pub async fn heartbeat_seen(app: &App) -> Result<bool> {
    let next: Option<DateTime<Utc>> = job::Entity::find()
        .select_only()
        .column(job::Column::RunAt)
        .filter(job::Column::UniqueKey.eq(super::Heartbeat::NAME))
        .into_tuple()
        .one(app.rows())
        .await?;
    Ok(next.is_some_and(|run_at| app.clock.now() - run_at < HEARTBEAT_LATE))
}

/// When the slot after the current one begins.
fn next_slot(schedule: &Schedule, now: DateTime<Utc>) -> DateTime<Utc> {
    let every = Ord::max(schedule.every.as_secs(), 1) as i64;
    let slot = now.timestamp().div_euclid(every) + 1;
    DateTime::from_timestamp(slot * every, 0).unwrap_or(now)
}

/// 1, 4, 16, 64 … seconds and up to half as much again, so that what failed together does not come back together.
/// `jitter` is in 0..1.
fn backoff(attempts: i32, jitter: f64) -> TimeDelta {
    let seconds = 4_f64.powi(attempts.clamp(1, 10) - 1).min(LONGEST_BACKOFF.num_seconds() as f64);
    TimeDelta::milliseconds((seconds * 1000.0 * (1.0 + jitter / 2.0)) as i64)
}

fn shorten(error: &str) -> String {
    error.chars().take(ERROR_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_bounded() {
        assert_eq!(backoff(1, 0.0), TimeDelta::seconds(1));
        assert_eq!(backoff(2, 0.0), TimeDelta::seconds(4));
        assert_eq!(backoff(3, 0.5), TimeDelta::seconds(20));
        assert_eq!(backoff(i32::MAX, 0.0), LONGEST_BACKOFF);
    }

    #[test]
    fn a_slot_is_planned_once_whoever_plans_it() {
        let hourly = Schedule { name: "x", queue: Queue::Bulk, every: std::time::Duration::from_secs(3600) };
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a moment");
        let early = next_slot(&hourly, at("2026-05-01T10:00:00Z"));
        let late = next_slot(&hourly, at("2026-05-01T10:59:59.999999Z"));
        assert_eq!(early, late);
        assert_eq!(early, at("2026-05-01T11:00:00Z"));
        assert_eq!(next_slot(&hourly, at("2026-05-01T11:00:00Z")), at("2026-05-01T12:00:00Z"));
    }
}
