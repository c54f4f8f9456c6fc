//! Removing what is old, and what was about a post or comment that is gone.

use chrono::TimeDelta;
use darkroom_entity::notification;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::{live, purge};

/// Rows that one statement removes.
const BATCH: u64 = 1000;

/// Removes a bounded number of notifications that are older than `notification.retention_days`; says whether there may be
/// more.
pub async fn sweep(app: &App) -> Result<bool> {
    let oldest = app.clock.now() - TimeDelta::days(i64::from(app.config.notification.retention_days));
    // Ids begin with their time, so the primary key finds what is old.
    let old = notification::Column::Id.lt(live::place_of(oldest));
    let ids: Vec<Uuid> = notification::Entity::find()
        .select_only()
        .column(notification::Column::Id)
        .filter(old)
        .order_by_asc(notification::Column::Id)
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

/// Removes those about a post that is gone, in bounded batches.
pub(crate) async fn purge_post(app: &App, post_id: Uuid) -> Result<()> {
    let about = Condition::all().add(notification::Column::PostId.eq(post_id));
    purge::rows::<notification::Entity>(app, about, notification::Column::Id).await
}

/// Removes those about comments that are gone, in bounded batches: a bounded number of comments.
pub(crate) async fn purge_comments(app: &App, comment_ids: &[Uuid]) -> Result<()> {
    let about = Condition::all().add(notification::Column::CommentId.is_in(comment_ids.iter().copied()));
    purge::rows::<notification::Entity>(app, about, notification::Column::Id).await
}
