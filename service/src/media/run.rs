//! What became of the runs of a photo's jobs: what a ledger can't say from which jobs vanish as they are done.
//!
//! A run writes its row in the transaction that ends it, so it costs no transaction of its own. A run whose worker died, or that was
//! put off because a store is away, has none.

use chrono::{DateTime, TimeDelta, Utc};
pub use darkroom_entity::media_run::Model as Row;
use darkroom_entity::media_run::Outcome;
use darkroom_entity::{media, media_run};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::job::ledger::Claimed;
use crate::job::{EncodeWebp, Job, ProcessMedia};
use crate::transaction::Transaction;
use crate::{live, purge};

/// How long it is known what became of a run.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// How much of a reason is kept: what the column holds.
const DETAIL_CHARS: usize = 200;

/// A run of a job that has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    job_id: Uuid,
    attempt: i32,
    begun_at: DateTime<Utc>,
}

impl Run {
    /// The run that this claim is for.
    pub(crate) fn of(job: &Claimed) -> Self {
        Self { job_id: job.id, attempt: job.attempts, begun_at: job.claimed_at }
    }
}

/// The photo that a job is about, if it is about one.
pub(crate) fn photo_of(name: &str, payload: &Value) -> Option<Uuid> {
    let is_of_photo = [ProcessMedia::NAME, EncodeWebp::NAME].contains(&name);
    payload.get("media_id")?.as_str()?.parse().ok().filter(|_| is_of_photo)
}

/// Writes down how the run that this change belongs to ends with it. A change that belongs to none writes nothing.
pub(super) async fn note(
    tx: &Transaction<'_>,
    media_id: Uuid,
    job_name: &str,
    outcome: Outcome,
    detail: Option<&str>,
) -> Result<()> {
    match tx.app().run {
        Some(run) => write(tx, media_id, job_name, run, outcome, detail).await,
        None => Ok(()),
    }
}

/// Writes down that a run has failed, if there is the photo still.
pub(crate) async fn note_failure(
    tx: &Transaction<'_>,
    media_id: Uuid,
    job: &Claimed,
    outcome: Outcome,
    error: &str,
) -> Result<()> {
    // Locked against being deleted only: the row below refers to it.
    let there = media::Entity::find_by_id(media_id).lock(LockType::KeyShare).one(tx.rows()).await?;
    if there.is_none() {
        return Ok(());
    }
    write(tx, media_id, &job.name, Run::of(job), outcome, Some(error)).await
}

async fn write(
    tx: &Transaction<'_>,
    media_id: Uuid,
    job_name: &str,
    run: Run,
    outcome: Outcome,
    detail: Option<&str>,
) -> Result<()> {
    let row = media_run::ActiveModel {
        id: Set(tx.app().clock.new_id()),
        media_id: Set(media_id),
        job_id: Set(run.job_id),
        job_name: Set(job_name.to_owned()),
        attempt: Set(run.attempt),
        begun_at: Set(run.begun_at),
        outcome: Set(outcome),
        detail: Set(detail.map(|detail| detail.chars().take(DETAIL_CHARS).collect())),
    };
    media_run::Entity::insert(row).exec_without_returning(tx.rows()).await?;
    Ok(())
}

/// When a run ended.
pub fn ended_at(run: &Row) -> DateTime<Utc> {
    live::moment_of(run.id)
}

/// Removes a bounded part of what is older than 30 days; says whether there may be more.
pub(super) async fn sweep(app: &App) -> Result<bool> {
    let oldest = live::place_of(app.clock.now() - KEPT_FOR);
    let id = media_run::Column::Id;
    purge::below::<media_run::Entity>(app, id, oldest, id).await
}
