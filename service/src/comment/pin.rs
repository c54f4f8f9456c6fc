//! Putting comments first.

use std::collections::HashMap;

use darkroom_entity::{comment, post};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{missing, visible_in};
use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Viewer;
use crate::{post as posts, visibility};

/// Comments of one post that its author may put first.
pub const PINNED_PER_POST: usize = 3;

/// Puts a top comment of one of the viewer's posts first. Doing it twice changes nothing.
pub async fn pin(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    let row = on_own_post(app, viewer, comment_id).await?;
    if row.thread_id.is_some() {
        return Err(Error::invalid("commentId", "A reply can't be pinned; the comment that it is below can."));
    }
    let tx = app.begin().await?;
    let pinned = comment::Entity::update_many()
        .set(comment::ActiveModel { pinned_at: Set(Some(app.clock.now())), ..Default::default() })
        .filter(comment::Column::Id.eq(comment_id))
        .filter(comment::Column::PinnedAt.is_null())
        .exec(tx.rows())
        .await?;
    if pinned.rows_affected > 0 {
        // After the comment, as every change locks them. Of two who pin at once the second counts what the first pinned.
        let post = post::Entity::find_by_id(row.post_id).lock_exclusive().one(tx.rows()).await?;
        post.ok_or_else(missing)?;
        // What its author does not see, they could not unpin.
        let all = comment::Entity::find()
            .filter(comment::Column::PostId.eq(row.post_id))
            .filter(comment::Column::PinnedAt.is_not_null())
            .filter(visibility::comments(Some(viewer.id())))
            .count(tx.rows())
            .await?;
        if all > PINNED_PER_POST as u64 {
            let most = format!("A post has at most {PINNED_PER_POST} pinned comments. Unpin one first.");
            return Err(Error::conflict("commentId", most));
        }
    }
    let row = visible_in(tx.rows(), viewer, comment_id).await?;
    tx.commit().await?;
    Ok(row)
}

/// Puts a comment of one of the viewer's posts back into its place. Doing it twice changes nothing.
pub async fn unpin(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    on_own_post(app, viewer, comment_id).await?;
    let tx = app.begin().await?;
    comment::Entity::update_many()
        .set(comment::ActiveModel { pinned_at: Set(None), ..Default::default() })
        .filter(comment::Column::Id.eq(comment_id))
        .exec(tx.rows())
        .await?;
    let row = visible_in(tx.rows(), viewer, comment_id).await?;
    tx.commit().await?;
    Ok(row)
}

/// A comment that the viewer may see, below one of their own posts. Below another's it is forbidden, not absent.
async fn on_own_post(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    let row = visible_in(app.rows(), viewer, comment_id).await?;
    let post = posts::visible_in(app.rows(), viewer, row.post_id).await.map_err(|error| match error {
        error if error.is_not_found() => missing(),
        error => error,
    })?;
    if post.author_id == viewer.id() {
        Ok(row)
    } else {
        Err(Error::forbidden("commentId", "Only the author of the post may do this."))
    }
}

/// The pinned comments of these posts that this viewer may see, the last pinned first: at most three of each.
pub async fn pinned_of(app: &App, viewer: Option<Uuid>, posts: &[Uuid]) -> Result<HashMap<Uuid, Vec<comment::Model>>> {
    let rows = comment::Entity::find()
        .filter(comment::Column::PostId.is_in(posts.iter().copied()))
        .filter(comment::Column::PinnedAt.is_not_null())
        .filter(visibility::comments(viewer))
        .order_by_desc(comment::Column::PinnedAt)
        .order_by_desc(comment::Column::Id)
        .all(app.rows())
        .await?;
    let mut by_post: HashMap<Uuid, Vec<comment::Model>> = HashMap::new();
    for row in rows {
        let pinned = by_post.entry(row.post_id).or_default();
        if pinned.len() < PINNED_PER_POST {
            pinned.push(row);
        }
    }
    Ok(by_post)
}
