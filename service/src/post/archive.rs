//! Putting posts aside, and bringing them back.

use darkroom_entity::account;
use darkroom_entity::post::{self, State};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::write::own_in;
use crate::account as people;
use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;

/// Puts one of the viewer's published posts aside: nobody else sees it, and it is pinned no longer. Likes and comments stay.
/// Doing it twice changes nothing.
pub async fn archive(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    set(app, viewer, post_id, State::Archived).await
}

/// Brings an archived post back to where it stood. Doing it twice changes nothing.
///
/// Timelines need no change: they kept its id.
pub async fn unarchive(app: &App, viewer: &Viewer, post_id: Uuid) -> Result<post::Model> {
    set(app, viewer, post_id, State::Published).await
}

async fn set(app: &App, viewer: &Viewer, post_id: Uuid, state: State) -> Result<post::Model> {
    let tx = app.begin().await?;
    let row = own_in(&tx, viewer, post_id).await?;
    if row.state == State::Pending {
        return Err(Error::conflict("postId", "This post is not published yet."));
    }
    if row.state == state {
        return Ok(row);
    }
    let change = post::ActiveModel {
        id: Set(row.id),
        state: Set(state),
        pinned_at: Set(None),
        card_revision: Set(row.card_revision + 1),
        ..Default::default()
    };
    let row = post::Entity::update(change).exec(tx.rows()).await?;
    let by = if state == State::Published { 1 } else { -1 };
    people::count(tx.rows(), viewer.id(), account::Column::PostCount, by).await?;
    tx.commit().await?;
    Ok(row)
}

/// The viewer's archived posts, newest first.
pub async fn archived(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<post::Model>> {
    let mut query = post::Entity::find()
        .filter(post::Column::AuthorId.eq(viewer.id()))
        .filter(post::Column::State.eq(State::Archived))
        .order_by_desc(post::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(post::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
}
