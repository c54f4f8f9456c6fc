//! Posts: writing, publishing, carrying to followers, deleting.
//!
//! A post is accepted at once. It is PENDING, its author's alone, until every photo of it is READY; then it is PUBLISHED
//! in the transaction that made the last one ready, together with the job that carries it to followers' timelines. If a
//! photo fails, the post stays pending and its author sees why.

mod archive;
mod fan_out;
mod pin;
mod write;

use std::collections::HashMap;

use darkroom_entity::{
    account, collection_post, media, post, post_hashtag, post_like, post_media, post_mention, saved_post,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{comment, notification, purge, visibility};

pub use archive::{archive, archived, unarchive};
pub use darkroom_entity::audience::Audience;
pub use darkroom_entity::post::Commenters;
pub use fan_out::fan_out;
pub use pin::{PINNED_MOST, pin, pinned_by, unpin};
pub(crate) use write::publish_if_ready;
pub use write::{NewPost, PostChange, create, delete, update};

/// The posts with these ids that this viewer may see: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, post::Model>> {
    let rows = post::Entity::find()
        .filter(post::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::posts(viewer))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// One post that the viewer may see, inside a transaction.
pub(crate) async fn visible_in(rows: &impl ConnectionTrait, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    post::Entity::find_by_id(post_id)
        .filter(visibility::posts(Some(viewer.id())))
        .one(rows)
        .await?
        .ok_or_else(|| Error::not_found("postId", "post"))
}

/// A person's posts that this viewer may see, newest first; without archived ones, for which there is [`archived`].
pub async fn by_author(app: &App, viewer: Option<Uuid>, author: Uuid, page: PageRequest) -> Result<Page<post::Model>> {
    let mut query = post::Entity::find()
        .filter(post::Column::AuthorId.eq(author))
        .filter(post::Column::State.ne(post::State::Archived))
        .filter(visibility::posts(viewer))
        .order_by_desc(post::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(post::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
}

/// The photos of these posts, in order: ids come from posts that were found visible.
pub async fn media_of(app: &App, post_ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<media::Model>>> {
    let places = post_media::Entity::find()
        .filter(post_media::Column::PostId.is_in(post_ids.iter().copied()))
        .order_by_asc(post_media::Column::PostId)
        .order_by_asc(post_media::Column::Position)
        .all(app.rows())
        .await?;
    let ids: Vec<Uuid> = places.iter().map(|place| place.media_id).collect();
    let rows = media::Entity::find().filter(media::Column::Id.is_in(ids)).all(app.rows()).await?;
    let mut rows: HashMap<Uuid, media::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let mut by_post: HashMap<Uuid, Vec<media::Model>> = HashMap::new();
    for place in places {
        if let Some(row) = rows.remove(&place.media_id) {
            by_post.entry(place.post_id).or_default().push(row);
        }
    }
    Ok(by_post)
}

/// The hashtags of these posts, in the order of their captions.
pub async fn hashtags_of(app: &App, post_ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>> {
    let rows = post_hashtag::Entity::find()
        .filter(post_hashtag::Column::PostId.is_in(post_ids.iter().copied()))
        .order_by_asc(post_hashtag::Column::Position)
        .all(app.rows())
        .await?;
    let mut by_post: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        by_post.entry(row.post_id).or_default().push(row.tag);
    }
    Ok(by_post)
}

/// The people whom these posts mention and whom the viewer may see, in the order of their captions.
pub async fn mentions_of(
    app: &App,
    viewer: Option<Uuid>,
    post_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<account::Model>>> {
    let places = post_mention::Entity::find()
        .filter(post_mention::Column::PostId.is_in(post_ids.iter().copied()))
        .filter(visibility::people(post_mention::Column::AccountId, viewer))
        .order_by_asc(post_mention::Column::Position)
        .all(app.rows())
        .await?;
    let ids: Vec<Uuid> = places.iter().map(|place| place.account_id).collect();
    let people = crate::account::by_ids(app, viewer, &ids).await?;
    let mut by_post: HashMap<Uuid, Vec<account::Model>> = HashMap::new();
    for place in places {
        if let Some(person) = people.get(&place.account_id) {
            by_post.entry(place.post_id).or_default().push(person.clone());
        }
    }
    Ok(by_post)
}

/// Adds `by` to a counter of a post that the viewer may see, and returns the post. Nothing is found of a post that is gone
/// by now: the caller's change is dropped with its transaction, so that nothing hangs on what is not there.
///
/// It locks the row that everybody wants who likes this post or comments on it: the last statement before the commit.
pub(crate) async fn count(
    tx: &Transaction<'_>,
    viewer: &Viewer,
    post_id: Uuid,
    counter: post::Column,
    by: i64,
) -> Result<post::Model> {
    let counted = post::Entity::update_many()
        .col_expr(counter, Expr::col(counter).add(by))
        .filter(post::Column::Id.eq(post_id))
        .filter(visibility::posts(Some(viewer.id())))
        .exec_with_returning(tx.rows())
        .await?;
    counted.into_iter().next().ok_or_else(|| Error::not_found("postId", "post"))
}

/// Removes what a deleted post has left in great numbers, in bounded batches: what people were told of it, likes, comments with
/// all that hangs on them, and its places among people's saved posts and collections. A second run changes nothing.
pub async fn purge(app: &App, post_id: Uuid) -> Result<()> {
    if post::Entity::find_by_id(post_id).one(app.rows()).await?.is_some() {
        return Ok(());
    }
    notification::purge_post(app, post_id).await?;
    let likes = Condition::all().add(post_like::Column::PostId.eq(post_id));
    purge::rows::<post_like::Entity>(app, likes, post_like::Column::AccountId).await?;
    comment::purge_post(app, post_id).await?;
    let collected = Condition::all().add(collection_post::Column::PostId.eq(post_id));
    purge::rows::<collection_post::Entity>(app, collected, collection_post::Column::CollectionId).await?;
    let saved = Condition::all().add(saved_post::Column::PostId.eq(post_id));
    purge::rows::<saved_post::Entity>(app, saved, saved_post::Column::AccountId).await
}
