//! Comments: what people say below a post, in threads of one level.
//!
//! ```text
//!   post ◄── comment (top)  ◄── comment (reply: thread_id = the top one, reply_to_id = the one it answers)
//!   comment_count = top comments + replies below one that is there        reply_count = replies of a thread
//! ```
//!
//! Rows are locked upwards: a reply, its thread's top comment, the post. So two changes of one thread wait for each other
//! and never crosswise; whoever waited for the end of what is above finds nothing to count on, and takes everything back.

mod delete;
mod mention;
mod pin;
mod write;

use std::collections::HashMap;

use darkroom_entity::comment;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{self, Order, Page, PageRequest};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::visibility;

pub(crate) use delete::purge_post;
pub use delete::{delete, purge};
pub use mention::{known, mentioned_in, mentions_of};
pub use pin::{PINNED_PER_POST, pin, pinned_of, unpin};
pub use write::{NewComment, add};

/// The comments with these ids that this viewer may see: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, comment::Model>> {
    let rows = comment::Entity::find()
        .filter(comment::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::comments(viewer))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// One comment that the viewer may see.
async fn visible_in(rows: &impl ConnectionTrait, viewer: &Viewer, comment_id: Uuid) -> Result<comment::Model> {
    comment::Entity::find_by_id(comment_id)
        .filter(visibility::comments(Some(viewer.id())))
        .one(rows)
        .await?
        .ok_or_else(missing)
}

fn missing() -> Error {
    Error::not_found("commentId", "comment")
}

/// A page of the top comments of each of these posts that this viewer may see, newest first.
pub async fn of_posts(
    app: &App,
    viewer: Option<Uuid>,
    posts: &[Uuid],
    page: PageRequest,
) -> Result<HashMap<Uuid, Page<comment::Model>>> {
    let list = |post: Uuid| {
        let query = comment::Entity::find()
            .filter(comment::Column::PostId.eq(post))
            .filter(comment::Column::ThreadId.is_null())
            .filter(visibility::comments(viewer))
            // All null here, but PostgreSQL does not see that the index brings the ids in order without it.
            .order_by_desc(comment::Column::ThreadId)
            .order_by_desc(comment::Column::Id);
        match page.after {
            Some(after) => query.filter(comment::Column::Id.lt(after)),
            None => query,
        }
    };
    page::of_each(app, posts, page, Order::NewestFirst, list, |row| (row.post_id, row.id)).await
}

/// A page of the replies in each of these threads that this viewer may see, oldest first, as they are read. A thread goes
/// by the id of its top comment; a reply has none of its own.
pub async fn replies(
    app: &App,
    viewer: Option<Uuid>,
    threads: &[Uuid],
    page: PageRequest,
) -> Result<HashMap<Uuid, Page<comment::Model>>> {
    let list = |thread: Uuid| {
        let query = comment::Entity::find()
            .filter(comment::Column::ThreadId.eq(thread))
            .filter(visibility::comments(viewer))
            .order_by_asc(comment::Column::Id);
        match page.after {
            Some(after) => query.filter(comment::Column::Id.gt(after)),
            None => query,
        }
    };
    let place = |row: &comment::Model| (row.thread_id.unwrap_or(row.id), row.id);
    page::of_each(app, threads, page, Order::OldestFirst, list, place).await
}

/// Adds `by` to the likes of a comment that the viewer may see, and returns it: the last statement before the commit, as
/// with a post's.
pub(crate) async fn count_likes(
    tx: &Transaction<'_>,
    viewer: &Viewer,
    comment_id: Uuid,
    by: i64,
) -> Result<comment::Model> {
    let counted = comment::Entity::update_many()
        .col_expr(comment::Column::LikeCount, Expr::col(comment::Column::LikeCount).add(by))
        .filter(comment::Column::Id.eq(comment_id))
        .filter(visibility::comments(Some(viewer.id())))
        .exec_with_returning(tx.rows())
        .await?;
    counted.into_iter().next().ok_or_else(missing)
}

/// Adds `by` to the replies of a thread; says whether its top comment is still there.
async fn count_replies(tx: &Transaction<'_>, thread_id: Uuid, by: i64) -> Result<bool> {
    let counted = comment::Entity::update_many()
        .col_expr(comment::Column::ReplyCount, Expr::col(comment::Column::ReplyCount).add(by))
        .filter(comment::Column::Id.eq(thread_id))
        .exec(tx.rows())
        .await?;
    Ok(counted.rows_affected > 0)
}
