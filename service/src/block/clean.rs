//! Removing what two people left with each other before one blocked the other: likes, and comments with their replies.
//!
//! In bounded batches, each a transaction that counts what it removes. A run that is cut off is repeated from the start and
//! finds what is left. It stops where the block is taken back.

use darkroom_entity::{comment, comment_like, comment_mention, post, post_like};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use sea_orm::{JoinType, RelationDef};
use uuid::Uuid;

use super::stands;
use crate::app::App;
use crate::error::Result;

/// Rows that one transaction looks at.
const BATCH: u64 = 100;

/// Likes that one step removes from a comment that is about to go.
const LIKES: u64 = 1000;

/// One person's traces at another's, on behalf of a block between them.
#[derive(Clone, Copy)]
struct Traces {
    block: (Uuid, Uuid),
    /// Whose likes and comments go.
    actor: Uuid,
    /// Below whose posts and comments.
    owner: Uuid,
}

/// Removes the likes and comments of either below the other's posts and comments. A second run changes nothing.
pub async fn clean(app: &App, blocker_id: Uuid, blocked_id: Uuid) -> Result<()> {
    for (actor, owner) in [(blocker_id, blocked_id), (blocked_id, blocker_id)] {
        let traces = Traces { block: (blocker_id, blocked_id), actor, owner };
        traces.take_back_likes_of_posts(app).await?;
        traces.take_back_likes_of_comments(app).await?;
        traces.remove_comments(app).await?;
    }
    Ok(())
}

impl Traces {
    async fn are_unwanted(&self, rows: &impl ConnectionTrait) -> Result<bool> {
        stands(rows, self.block.0, self.block.1).await
    }

    /// Goes over the owner's posts, which are fewer than the likes of a busy person.
    async fn take_back_likes_of_posts(&self, app: &App) -> Result<()> {
        let mut after = Uuid::nil();
        loop {
            let posts: Vec<Uuid> = post::Entity::find()
                .select_only()
                .column(post::Column::Id)
                .filter(post::Column::AuthorId.eq(self.owner))
                .filter(post::Column::LikeCount.gt(0))
                .filter(post::Column::Id.gt(after))
                .order_by_asc(post::Column::Id)
                .limit(BATCH)
                .into_tuple()
                .all(app.rows())
                .await?;
            let Some(last) = posts.last() else { return Ok(()) };
            after = *last;
            let tx = app.begin().await?;
            if !self.are_unwanted(tx.rows()).await? {
                return Ok(());
            }
            let liked: Vec<Uuid> = post_like::Entity::find()
                .select_only()
                .column(post_like::Column::PostId)
                .filter(post_like::Column::AccountId.eq(self.actor))
                .filter(post_like::Column::PostId.is_in(posts))
                .order_by_asc(post_like::Column::PostId)
                .into_tuple()
                .all(tx.rows())
                .await?;
            for post_id in liked {
                let removed = post_like::Entity::delete_by_id((post_id, self.actor)).exec(tx.rows()).await?;
                let count = Expr::col(post::Column::LikeCount).sub(removed.rows_affected as i64);
                post::Entity::update_many()
                    .col_expr(post::Column::LikeCount, count)
                    .filter(post::Column::Id.eq(post_id))
                    .exec(tx.rows())
                    .await?;
            }
            tx.commit().await?;
        }
    }

    /// Goes over the actor's likes of comments.
    async fn take_back_likes_of_comments(&self, app: &App) -> Result<()> {
        let of_comment: RelationDef = comment_like::Entity::belongs_to(comment::Entity)
            .from(comment_like::Column::CommentId)
            .to(comment::Column::Id)
            .into();
        let mut after = Uuid::nil();
        loop {
            let liked: Vec<Uuid> = comment_like::Entity::find()
                .select_only()
                .column(comment_like::Column::CommentId)
                .join(JoinType::InnerJoin, of_comment.clone())
                .filter(comment_like::Column::AccountId.eq(self.actor))
                .filter(comment_like::Column::CommentId.gt(after))
                .filter(comment::Column::AuthorId.eq(self.owner))
                .order_by_asc(comment_like::Column::CommentId)
                .limit(BATCH)
                .into_tuple()
                .all(app.rows())
                .await?;
            let Some(last) = liked.last() else { return Ok(()) };
            after = *last;
            let tx = app.begin().await?;
            if !self.are_unwanted(tx.rows()).await? {
                return Ok(());
            }
            for comment_id in liked {
                let removed = comment_like::Entity::delete_by_id((comment_id, self.actor)).exec(tx.rows()).await?;
                let count = Expr::col(comment::Column::LikeCount).sub(removed.rows_affected as i64);
                comment::Entity::update_many()
                    .col_expr(comment::Column::LikeCount, count)
                    .filter(comment::Column::Id.eq(comment_id))
                    .exec(tx.rows())
                    .await?;
            }
            tx.commit().await?;
        }
    }

    /// Goes over the actor's comments.
    async fn remove_comments(&self, app: &App) -> Result<()> {
        let below: RelationDef =
            comment::Entity::belongs_to(post::Entity).from(comment::Column::PostId).to(post::Column::Id).into();
        let mut after = Uuid::nil();
        loop {
            let written: Vec<(Uuid, Uuid, Option<Uuid>)> = comment::Entity::find()
                .select_only()
                .columns([comment::Column::Id, comment::Column::PostId, comment::Column::ThreadId])
                .join(JoinType::InnerJoin, below.clone())
                .filter(comment::Column::AuthorId.eq(self.actor))
                .filter(comment::Column::Id.gt(after))
                .filter(post::Column::AuthorId.eq(self.owner))
                .order_by_asc(comment::Column::Id)
                .limit(BATCH)
                .into_tuple()
                .all(app.rows())
                .await?;
            let Some((last, ..)) = written.last() else { return Ok(()) };
            after = *last;
            for (id, post_id, thread_id) in written {
                if !self.are_unwanted(app.rows()).await? {
                    return Ok(());
                }
                if thread_id.is_none() {
                    remove_replies(app, post_id, id).await?;
                }
                remove(app, post_id, thread_id, &[id]).await?;
            }
        }
    }
}

async fn remove_replies(app: &App, post_id: Uuid, thread_id: Uuid) -> Result<()> {
    loop {
        let replies: Vec<Uuid> = comment::Entity::find()
            .select_only()
            .column(comment::Column::Id)
            .filter(comment::Column::ThreadId.eq(thread_id))
            .order_by_asc(comment::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(app.rows())
            .await?;
        if replies.is_empty() {
            return Ok(());
        }
        remove(app, post_id, Some(thread_id), &replies).await?;
    }
}

/// Removes comments of one thread, or one top comment, with everything that hangs on them, and counts.
async fn remove(app: &App, post_id: Uuid, thread_id: Option<Uuid>, ids: &[Uuid]) -> Result<()> {
    for id in ids {
        remove_likes(app, *id).await?;
    }
    let ids = || ids.iter().copied();
    let tx = app.begin().await?;
    // In order, so that two who remove the same do not lock crosswise.
    comment::Entity::find()
        .select_only()
        .column(comment::Column::Id)
        .filter(comment::Column::Id.is_in(ids()))
        .order_by_asc(comment::Column::Id)
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .all(tx.rows())
        .await?;
    // Likes that came in the meantime.
    comment_like::Entity::delete_many().filter(comment_like::Column::CommentId.is_in(ids())).exec(tx.rows()).await?;
    comment_mention::Entity::delete_many()
        .filter(comment_mention::Column::CommentId.is_in(ids()))
        .exec(tx.rows())
        .await?;
    let removed = comment::Entity::delete_many().filter(comment::Column::Id.is_in(ids())).exec(tx.rows()).await?;
    let removed = removed.rows_affected as i64;
    if let Some(thread_id) = thread_id {
        comment::Entity::update_many()
            .col_expr(comment::Column::ReplyCount, Expr::col(comment::Column::ReplyCount).sub(removed))
            .filter(comment::Column::Id.eq(thread_id))
            .exec(tx.rows())
            .await?;
    }
    post::Entity::update_many()
        .col_expr(post::Column::CommentCount, Expr::col(post::Column::CommentCount).sub(removed))
        .filter(post::Column::Id.eq(post_id))
        .exec(tx.rows())
        .await?;
    tx.commit().await
}

/// Removes most of the likes of a comment beforehand, a bounded batch at a time: they may be very many.
async fn remove_likes(app: &App, comment_id: Uuid) -> Result<()> {
    loop {
        let likers: Vec<Uuid> = comment_like::Entity::find()
            .select_only()
            .column(comment_like::Column::AccountId)
            .filter(comment_like::Column::CommentId.eq(comment_id))
            .limit(LIKES)
            .into_tuple()
            .all(app.rows())
            .await?;
        if likers.is_empty() {
            return Ok(());
        }
        comment_like::Entity::delete_many()
            .filter(comment_like::Column::CommentId.eq(comment_id))
            .filter(comment_like::Column::AccountId.is_in(likers))
            .exec(app.rows())
            .await?;
    }
}
