//! Removing what is old, and what was about a post or comment that is gone.

use chrono::TimeDelta;
use darkroom_entity::{notification, notification_group};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::{live, purge};

/// Removes a bounded number of notifications that are older than `notification.retention_days`, and of groups of which
/// nothing is left; says whether there may be more.
pub async fn sweep(app: &App) -> Result<bool> {
    let oldest = app.clock.now() - TimeDelta::days(i64::from(app.config.notification.retention_days));
    // Ids begin with their time, so an index on them finds what is old.
    let oldest = live::place_of(oldest);
    let (id, newest_id) = (notification::Column::Id, notification_group::Column::NewestId);
    let more = purge::below::<notification::Entity>(app, id, oldest, id).await?;
    let more_groups = purge::below::<notification_group::Entity>(app, newest_id, oldest, newest_id).await?;
    Ok(more || more_groups)
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
