//! Likes of posts and of comments.
//!
//! A like is a row, and one more on a counter, in one transaction. The counter's row is what everybody wants who likes the
//! same thing at that moment, so it is written last, by the statement that also asks whether the viewer may see it and
//! brings it back: the lock is held for that statement and the commit. A like that waited for the end of what it likes
//! finds nothing to count on, and is taken back whole.

use std::collections::{HashMap, HashSet};

use darkroom_entity::{comment, comment_like, post, post_like};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::notification::{self, Event};
use crate::page::{self, Order, Page, PageRequest};
use crate::ranking::{self, Signal};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{comment as comments, post as posts, visibility};

/// Likes a post that the viewer may see. Doing it twice changes nothing.
pub async fn like(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let mut tx = app.begin().await?;
    let row = post_like::ActiveModel {
        post_id: Set(post_id),
        account_id: Set(viewer.id()),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    let written = post_like::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([post_like::Column::PostId, post_like::Column::AccountId]).do_nothing().to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    notification::tell(&mut tx, Event::PostLiked { post_id, actor_id: viewer.id() }).await?;
    ranking::note_post(&tx, viewer, Signal::Liked, post_id).await?;
    let post = posts::count(&tx, viewer, post_id, post::Column::LikeCount, written as i64).await?;
    end(tx, written).await?;
    Ok(post)
}

/// Takes a like of a post back. Doing it twice changes nothing.
pub async fn unlike(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    let mut tx = app.begin().await?;
    let removed = post_like::Entity::delete_by_id((post_id, viewer.id())).exec_with_returning(tx.rows()).await?;
    notification::withdraw(&mut tx, Event::PostLiked { post_id, actor_id: viewer.id() }).await?;
    let liked_at = removed.as_ref().map_or_else(|| app.clock.now(), |like| like.created_at);
    ranking::take_back(&tx, viewer, viewer.id(), Signal::Liked, post_id, liked_at).await?;
    let removed = u64::from(removed.is_some());
    let post = posts::count(&tx, viewer, post_id, post::Column::LikeCount, -(removed as i64)).await?;
    end(tx, removed).await?;
    Ok(post)
}

/// Likes a comment that the viewer may see. Doing it twice changes nothing.
pub async fn like_comment(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    let mut tx = app.begin().await?;
    let row = comment_like::ActiveModel {
        comment_id: Set(comment_id),
        account_id: Set(viewer.id()),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    let written = comment_like::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([comment_like::Column::CommentId, comment_like::Column::AccountId])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    notification::tell(&mut tx, Event::CommentLiked { comment_id, actor_id: viewer.id() }).await?;
    let comment = comments::count_likes(&tx, viewer, comment_id, written as i64).await?;
    end(tx, written).await?;
    Ok(comment)
}

/// Takes a like of a comment back. Doing it twice changes nothing.
pub async fn unlike_comment(app: &App, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    let mut tx = app.begin().await?;
    let removed = comment_like::Entity::delete_by_id((comment_id, viewer.id())).exec(tx.rows()).await?.rows_affected;
    notification::withdraw(&mut tx, Event::CommentLiked { comment_id, actor_id: viewer.id() }).await?;
    let comment = comments::count_likes(&tx, viewer, comment_id, -(removed as i64)).await?;
    end(tx, removed).await?;
    Ok(comment)
}

/// Ends a like's transaction: one that changed no like leaves nothing behind, its job neither.
///
/// Nothing is left out before: that somebody liked it once, while they saw it, must not show in how long it takes to hear that
/// it is not there.
async fn end(tx: Transaction<'_>, likes: u64) -> Result<()> {
    if likes > 0 { tx.commit().await } else { tx.abandon().await }
}

/// Which of these posts the viewer likes: a bounded number.
pub async fn liked_among(app: &App, viewer: Uuid, posts: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = post_like::Entity::find()
        .select_only()
        .column(post_like::Column::PostId)
        .filter(post_like::Column::AccountId.eq(viewer))
        .filter(post_like::Column::PostId.is_in(posts.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which of these comments the viewer likes: a bounded number.
pub async fn liked_comments_among(app: &App, viewer: Uuid, comments: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = comment_like::Entity::find()
        .select_only()
        .column(comment_like::Column::CommentId)
        .filter(comment_like::Column::AccountId.eq(viewer))
        .filter(comment_like::Column::CommentId.is_in(comments.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Which of these people like which of these comments: a bounded number of pairs of a person and a comment.
pub async fn comment_likes_among(app: &App, pairs: &HashSet<(Uuid, Uuid)>) -> Result<HashSet<(Uuid, Uuid)>> {
    let rows: Vec<(Uuid, Uuid)> = comment_like::Entity::find()
        .select_only()
        .columns([comment_like::Column::AccountId, comment_like::Column::CommentId])
        .filter(comment_like::Column::CommentId.is_in(pairs.iter().map(|(_, comment)| *comment)))
        .filter(comment_like::Column::AccountId.is_in(pairs.iter().map(|(account, _)| *account)))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().filter(|pair| pairs.contains(pair)).collect())
}

/// A page of those who like each of these posts, the latest first: the like's id and the person's. The posts' ids come
/// from posts that were found visible; people whom the viewer may not see are left out.
pub async fn likers(
    app: &App,
    viewer: Option<Uuid>,
    posts: &[Uuid],
    page: PageRequest,
) -> Result<HashMap<Uuid, Page<(Uuid, Uuid)>>> {
    let list = |post: Uuid| {
        let query = post_like::Entity::find()
            .filter(post_like::Column::PostId.eq(post))
            .filter(visibility::people(post_like::Column::AccountId, viewer))
            .order_by_desc(post_like::Column::Id);
        match page.after {
            Some(after) => query.filter(post_like::Column::Id.lt(after)),
            None => query,
        }
    };
    let pages = page::of_each(app, posts, page, Order::NewestFirst, list, |row| (row.post_id, row.id)).await?;
    Ok(pages.into_iter().map(|(post, rows)| (post, rows.map(|row| (row.id, row.account_id)))).collect())
}

/// As [`likers`], of comments.
pub async fn comment_likers(
    app: &App,
    viewer: Option<Uuid>,
    comments: &[Uuid],
    page: PageRequest,
) -> Result<HashMap<Uuid, Page<(Uuid, Uuid)>>> {
    let list = |comment: Uuid| {
        let query = comment_like::Entity::find()
            .filter(comment_like::Column::CommentId.eq(comment))
            .filter(visibility::people(comment_like::Column::AccountId, viewer))
            .order_by_desc(comment_like::Column::Id);
        match page.after {
            Some(after) => query.filter(comment_like::Column::Id.lt(after)),
            None => query,
        }
    };
    let pages = page::of_each(app, comments, page, Order::NewestFirst, list, |row| (row.comment_id, row.id)).await?;
    Ok(pages.into_iter().map(|(comment, rows)| (comment, rows.map(|row| (row.id, row.account_id)))).collect())
}
