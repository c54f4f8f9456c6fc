//! Uploads that were never finished or never used, and what is old of what is known of the others.

use chrono::TimeDelta;
use darkroom_entity::media::{self, Attachment};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{delete, run};
use crate::app::App;
use crate::error::Result;

/// Photos that one transaction of the sweep removes.
const BATCH: u64 = 200;

/// Batches of one run; what is left waits for the next hour.
const BATCHES: usize = 50;

/// Removes photos that nothing refers to a day after they were begun, whether unfinished, ready or failed; and what became of
/// runs of photos' jobs a month ago.
pub async fn sweep(app: &App) -> Result<()> {
    let oldest = app.clock.now() - TimeDelta::hours(i64::from(app.config.media.unattached_ttl_hours));
    for _ in 0..BATCHES {
        let mut tx = app.begin().await?;
        let unused: Vec<Uuid> = media::Entity::find()
            .select_only()
            .column(media::Column::Id)
            .filter(media::Column::Attachment.eq(Attachment::None))
            .filter(media::Column::CreatedAt.lt(oldest))
            .order_by_asc(media::Column::CreatedAt)
            .limit(BATCH)
            .lock_exclusive()
            .into_tuple()
            .all(tx.rows())
            .await?;
        let last = (unused.len() as u64) < BATCH;
        delete(&mut tx, &unused).await?;
        tx.commit().await?;
        if last {
            break;
        }
    }
    for _ in 0..BATCHES {
        if !run::sweep(app).await? {
            break;
        }
    }
    Ok(())
}
