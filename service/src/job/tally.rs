//! How many runs of jobs have ended, minute by minute: what a ledger can't say from which jobs vanish as they are done.
//!
//! Each worker counts in memory and adds to the rows of all now and then. What a worker has counted since when it is killed is
//! lost: these are numbers to look at, nothing is decided by them.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use darkroom_entity::job_tally;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Queue;
use crate::app::App;
use crate::error::Result;

/// How long the numbers are kept.
const KEPT_FOR: TimeDelta = TimeDelta::days(2);

/// The most minutes that can be asked for together: a day.
pub const MINUTES: u32 = 24 * 60;

/// Runs that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that are done.
    pub done: u64,
    /// Runs that failed, the last ones of jobs that are dead among them.
    pub failed: u64,
}

impl Tally {
    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// Tallies by their queue's name.
pub type ByQueue = BTreeMap<&'static str, Tally>;

/// Adds what a worker has counted to the current minute.
pub async fn add(app: &App, counted: &ByQueue) -> Result<()> {
    let minute = minute_of(app.clock.now());
    let rows: Vec<_> = counted
        .iter()
        .filter(|(_, tally)| !tally.is_nothing())
        .map(|(queue, tally)| job_tally::ActiveModel {
            minute: Set(minute),
            queue: Set((*queue).to_owned()),
            done: Set(tally.done as i64),
            failed: Set(tally.failed as i64),
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut both = OnConflict::columns([job_tally::Column::Minute, job_tally::Column::Queue]);
    for column in [job_tally::Column::Done, job_tally::Column::Failed] {
        let here = Expr::col((job_tally::Entity, column));
        both.value(column, here.add(Expr::col((Alias::new("excluded"), column))));
    }
    job_tally::Entity::insert_many(rows).on_conflict(both).exec_without_returning(app.rows()).await?;
    Ok(())
}

/// What all workers have done in the last whole minutes, at most [`MINUTES`] of them, by queue.
pub async fn last(app: &App, minutes: u32) -> Result<ByQueue> {
    let end = minute_of(app.clock.now());
    let begin = end - TimeDelta::minutes(i64::from(Ord::min(minutes, MINUTES)));
    // A row a queue and minute: some thousands at the most.
    let rows = job_tally::Entity::find()
        .filter(job_tally::Column::Minute.gte(begin))
        .filter(job_tally::Column::Minute.lt(end))
        .order_by_asc(job_tally::Column::Minute)
        .limit(u64::from(MINUTES) * Queue::ALL.len() as u64)
        .all(app.rows())
        .await?;
    let mut tallies: ByQueue = Queue::ALL.into_iter().map(|queue| (queue.as_str(), Tally::default())).collect();
    for row in rows {
        if let Some(tally) = tallies.get_mut(row.queue.as_str()) {
            tally.done += row.done.unsigned_abs();
            tally.failed += row.failed.unsigned_abs();
        }
    }
    Ok(tallies)
}

/// Removes what is older than two days: as many rows as that many minutes have, since it is done each day.
pub async fn sweep(app: &App) -> Result<()> {
    let oldest = app.clock.now() - KEPT_FOR;
    job_tally::Entity::delete_many().filter(job_tally::Column::Minute.lt(oldest)).exec(app.rows()).await?;
    Ok(())
}

fn minute_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::minutes(1)).unwrap_or(moment)
}
