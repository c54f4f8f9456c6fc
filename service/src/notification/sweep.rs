//! Removing what is old, and what was about a post that is gone.

use chrono::TimeDelta;
use darkroom_entity::notification;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::live;

/// Rows that one statement removes.
const BATCH: u64 = 1000;

/// Removes a bounded number of notifications that are older than `notification.retention_days`; says whether there may be
/// more.
pub async fn sweep(app: &App) -> Result<bool> {
    let oldest = app.clock.now() - TimeDelta::days(i64::from(app.config.notification.retention_days));
    // Ids begin with their time, so the primary key finds what is old.
    let old = Condition::all().add(notification::Column::Id.lt(live::place_of(oldest)));
    remove(app, old, notification::Column::Id).await
}

/// Removes a bounded number of those about a post that is gone; says whether there may be more.
pub async fn purge_post(app: &App, post_id: Uuid) -> Result<bool> {
    let of_post = Condition::all().add(notification::Column::PostId.eq(post_id));
    remove(app, of_post, notification::Column::PostId).await
}

async fn remove(app: &App, which: Condition, order: notification::Column) -> Result<bool> {
    let ids: Vec<Uuid> = notification::Entity::find()
        .select_only()
        .column(notification::Column::Id)
        .filter(which)
        .order_by_asc(order)
        .limit(BATCH)
        .into_tuple()
        .all(app.rows())
        .await?;
    let more = ids.len() as u64 == BATCH;
    if !ids.is_empty() {
        notification::Entity::delete_many().filter(notification::Column::Id.is_in(ids)).exec(app.rows()).await?;
    }
    Ok(more)
}
