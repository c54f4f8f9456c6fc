//! The end of comments.

use darkroom_entity::{comment, comment_like, comment_mention, post};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{count_replies, missing, visible_in};
use crate::app::App;
use crate::error::{Error, Result};
use crate::job::PurgeComment;
use crate::notification::{self, Event};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::{post as posts, purge};

/// Comments that one transaction of a purge removes; each has at most 20 mentions.
const BATCH: u64 = 100;

/// Deletes a comment of the viewer's, or one below a post of theirs: its row now, so that nobody sees it or what is below
/// it; its likes, mentions and replies by a job.
pub async fn delete(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let seen = visible_in(app.rows(), viewer, comment_id).await?;
    if seen.author_id != viewer.id() {
        let post = posts::by_ids(app, Some(viewer.id()), &[seen.post_id]).await?;
        if post.get(&seen.post_id).ok_or_else(missing)?.author_id != viewer.id() {
            return Err(Error::forbidden("commentId", "Only its author and the author of the post may do this."));
        }
    }
    let mut tx = app.begin().await?;
    // Before the comment is locked: who answers it holds what they care for first.
    ranking::take_back(&tx, viewer, seen.author_id, Signal::Commented, seen.post_id, seen.created_at).await?;
    // Locked, then read: no reply comes or goes between the counter and the end of the row.
    let row = comment::Entity::find_by_id(comment_id).lock_exclusive().one(tx.rows()).await?.ok_or_else(missing)?;
    comment::Entity::delete_by_id(comment_id).exec(tx.rows()).await?;
    tx.enqueue(&PurgeComment { comment_id }).await?;
    notification::withdraw(&mut tx, Event::Commented { comment_id }).await?;
    let counted = match row.thread_id {
        None => 1 + row.reply_count,
        Some(thread_id) => {
            // Below a comment that went at the same moment it was counted off with it.
            if count_replies(&tx, thread_id, -1).await? { 1 } else { 0 }
        }
    };
    if counted > 0 {
        // A post that is gone has nothing to count on, and its own purge.
        post::Entity::update_many()
            .col_expr(post::Column::CommentCount, Expr::col(post::Column::CommentCount).sub(counted))
            .filter(post::Column::Id.eq(row.post_id))
            .exec(tx.rows())
            .await?;
    }
    tx.outcome(comment_id);
    tx.commit().await
}

/// Removes what a deleted comment has left, in bounded batches. A second run changes nothing.
pub async fn purge(app: &App, comment_id: Uuid) -> Result<()> {
    if comment::Entity::find_by_id(comment_id).one(app.rows()).await?.is_some() {
        return Ok(());
    }
    let likes = Condition::all().add(comment_like::Column::CommentId.eq(comment_id));
    purge::rows::<comment_like::Entity>(app, likes, comment_like::Column::Id).await?;
    let mentions = Condition::all().add(comment_mention::Column::CommentId.eq(comment_id));
    purge::rows::<comment_mention::Entity>(app, mentions, comment_mention::Column::AccountId).await?;
    notification::purge_comments(app, &[comment_id]).await?;
    purge_all(app, Condition::all().add(comment::Column::ThreadId.eq(comment_id))).await
}

/// Removes the comments of a post that is gone, and what hangs on them.
pub(crate) async fn purge_post(app: &App, post_id: Uuid) -> Result<()> {
    purge_all(app, Condition::all().add(comment::Column::PostId.eq(post_id))).await
}

/// Removes the comments of `scope`, which nobody sees any more, with their likes and mentions.
async fn purge_all(app: &App, scope: Condition) -> Result<()> {
    loop {
        let ids = comment::Entity::find().select_only().column(comment::Column::Id).filter(scope.clone()).limit(BATCH);
        let ids: Vec<Uuid> = ids.into_tuple().all(app.rows()).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let likes = || Condition::all().add(comment_like::Column::CommentId.is_in(ids.iter().copied()));
        purge::rows::<comment_like::Entity>(app, likes(), comment_like::Column::Id).await?;
        notification::purge_comments(app, &ids).await?;

        let mut tx = app.begin().await?;
        // In the order of their ids, as a purge beside this one. A like that had been counted before its comment vanished
        // and was committed only now is found under the lock; the next one finds no comment to count on.
        let _locked: Vec<Uuid> = comment::Entity::find()
            .select_only()
            .column(comment::Column::Id)
            .filter(comment::Column::Id.is_in(ids.iter().copied()))
            .order_by_asc(comment::Column::Id)
            .lock_exclusive()
            .into_tuple()
            .all(tx.rows())
            .await?;
        comment_like::Entity::delete_many().filter(likes()).exec(tx.rows()).await?;
        comment_mention::Entity::delete_many()
            .filter(comment_mention::Column::CommentId.is_in(ids.iter().copied()))
            .exec(tx.rows())
            .await?;
        for comment_id in ids.iter().copied() {
            notification::withdraw(&mut tx, Event::Commented { comment_id }).await?;
        }
        comment::Entity::delete_many().filter(comment::Column::Id.is_in(ids.iter().copied())).exec(tx.rows()).await?;
        tx.commit().await?;
    }
}
