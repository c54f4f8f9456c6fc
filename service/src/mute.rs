//! Who mutes whom: keeps a person's posts out of the feed, or their stories out of the tray. Nothing else changes, and the
//! muted person is not told.
//!
//! Timelines need no change, neither for muting nor for unmuting: they hold a muted person's posts all the time, and what
//! stands in the feed is asked at each look.

use std::collections::HashMap;

use darkroom_entity::{account, mute};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::{account as people, visibility};

/// What of a person is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Muted {
    /// Their posts, in the feed.
    pub posts: bool,
    /// Their stories, in the tray.
    pub stories: bool,
}

/// Mutes a person, whether the viewer follows them or not; at least one of the two. It replaces what was muted of them
/// before. Doing it twice changes nothing.
pub async fn mute(app: &App, viewer: &Viewer, muted_id: Uuid, what: Muted) -> Result<account::Model> {
    if muted_id == viewer.id() {
        return Err(Error::invalid("userId", "You can't mute yourself."));
    }
    if what == Muted::default() {
        return Err(Error::invalid("posts", "Choose posts, stories or both."));
    }
    let tx = app.begin().await?;
    let person = people::visible_in(tx.rows(), viewer, muted_id).await?;
    let row = mute::ActiveModel {
        muter_id: Set(viewer.id()),
        muted_id: Set(muted_id),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
        posts: Set(what.posts),
        stories: Set(what.stories),
    };
    mute::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([mute::Column::MuterId, mute::Column::MutedId])
                .update_columns([mute::Column::Posts, mute::Column::Stories])
                .to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    tx.commit().await?;
    Ok(person)
}

/// Mutes a person no longer. Doing it twice changes nothing.
pub async fn unmute(app: &App, viewer: &Viewer, muted_id: Uuid) -> Result<account::Model> {
    let tx = app.begin().await?;
    let person = people::visible_in(tx.rows(), viewer, muted_id).await?;
    mute::Entity::delete_by_id((viewer.id(), muted_id)).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(person)
}

/// What the viewer mutes of these people, a bounded number; those of whom they mute nothing are left out.
pub async fn muted_among(app: &App, viewer: Uuid, people: &[Uuid]) -> Result<HashMap<Uuid, Muted>> {
    let rows = mute::Entity::find()
        .filter(mute::Column::MuterId.eq(viewer))
        .filter(mute::Column::MutedId.is_in(people.iter().copied()))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.muted_id, Muted { posts: row.posts, stories: row.stories })).collect())
}

/// Whom the viewer mutes, the latest first: the mute's id and the person's.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<(Uuid, Uuid)>> {
    let mut query = mute::Entity::find()
        .select_only()
        .columns([mute::Column::Id, mute::Column::MutedId])
        .filter(mute::Column::MuterId.eq(viewer.id()))
        .filter(visibility::people(mute::Column::MutedId, Some(viewer.id())))
        .order_by_desc(mute::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(mute::Column::Id.lt(after));
    }
    Ok(Page::cut(query.into_tuple().all(app.rows()).await?, page.first))
}
