//! Pausing a queue: no job of it is started, until it is resumed.
//!
//! A row of `queue_pause` says so. Workers look each time they sweep, about once a second, and keep in memory what they saw: a
//! claim asks nothing more than before. Jobs that run go on to their end, and new ones are written and wait.

use chrono::{DateTime, Utc};
use darkroom_entity::queue_pause;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};

use super::Queue;
use crate::app::App;
use crate::error::Result;
use crate::operator::{self, Actor};

/// Pauses a queue: within about two seconds no worker starts a job of it. Doing it twice changes nothing.
pub async fn pause(app: &App, actor: Actor, queue: Queue) -> Result<()> {
    let tx = app.begin().await?;
    let row = queue_pause::ActiveModel { queue: Set(queue.as_str().to_owned()), paused_at: Set(app.clock.now()) };
    let written = queue_pause::Entity::insert(row)
        .on_conflict(OnConflict::column(queue_pause::Column::Queue).do_nothing().to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        operator::note(&tx, actor, "queue.pause", queue.as_str()).await?;
    }
    tx.commit().await
}

/// Has a queue go on: within about two seconds. Doing it twice changes nothing.
pub async fn resume(app: &App, actor: Actor, queue: Queue) -> Result<()> {
    let tx = app.begin().await?;
    let gone = queue_pause::Entity::delete_by_id(queue.as_str().to_owned()).exec(tx.rows()).await?;
    if gone.rows_affected > 0 {
        operator::note(&tx, actor, "queue.resume", queue.as_str()).await?;
    }
    tx.commit().await
}

/// The queues that are paused, and since when.
pub async fn paused(app: &App) -> Result<Vec<(Queue, DateTime<Utc>)>> {
    let rows = queue_pause::Entity::find().limit(Queue::ALL.len() as u64).all(app.rows()).await?;
    Ok(rows.into_iter().filter_map(|row| Some((Queue::parse(&row.queue)?, row.paused_at))).collect())
}
