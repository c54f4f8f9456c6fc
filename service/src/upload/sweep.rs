//! Uploads whose time is over.

use darkroom_entity::upload::{self, State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::doom_parts;
use crate::app::App;
use crate::error::Result;

/// Uploads that one transaction of the sweep removes: 320 parts of each are as many keys as one statement can list.
const BATCH: u64 = 20;

/// Batches of one run; what is left waits for the next hour.
const BATCHES: usize = 500;

/// Removes uploads whose time is over, with whatever came of those that were not finished. No link to a part of them is
/// valid any more.
pub async fn sweep(app: &App) -> Result<()> {
    for _ in 0..BATCHES {
        let mut tx = app.begin().await?;
        let over = upload::Entity::find()
            .filter(upload::Column::ExpiresAt.lt(app.clock.now()))
            .order_by_asc(upload::Column::ExpiresAt)
            .limit(BATCH)
            .lock_exclusive()
            .all(tx.rows())
            .await?;
        if over.is_empty() {
            break;
        }
        let ids: Vec<Uuid> = over.iter().map(|row| row.id).collect();
        upload::Entity::delete_many().filter(upload::Column::Id.is_in(ids)).exec(tx.rows()).await?;
        // The parts of the others were doomed when they were finished.
        let unfinished: Vec<&upload::Model> = over.iter().filter(|row| row.state == State::Open).collect();
        doom_parts(&mut tx, &unfinished).await?;
        tx.commit().await?;
    }
    Ok(())
}
