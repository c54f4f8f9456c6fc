//! Close friends: a person's list of those for whom some of their posts and stories are. Nobody is told that they are on
//! somebody's list, or are on it no longer.
//!
//! Timelines need no change, as with mutes: they hold what followees posted for whomever. A post for close friends stands
//! in the feed of those close friends who follow its author.

use std::collections::HashSet;

use darkroom_entity::{account, close_friend};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::{account as people, block, visibility};

/// How many one person can have.
pub const MOST: u64 = 1000;

/// Puts a person on the viewer's list, at most [`MOST`]; they need not follow the viewer. Doing it twice changes nothing.
pub async fn add(app: &App, viewer: &Viewer, friend_id: Uuid) -> Result<account::Model> {
    if friend_id == viewer.id() {
        return Err(Error::invalid("userId", "You see everything of your own anyway."));
    }
    let tx = app.begin().await?;
    // A block that comes at the same moment must find the row, and the list must not grow beyond its bound.
    people::lock(&tx, &[viewer.id(), friend_id]).await?;
    let friend = people::visible_in(tx.rows(), viewer, friend_id).await?;
    block::refuse_blocked(&tx, viewer, friend_id).await?;
    if close_friend::Entity::find_by_id((viewer.id(), friend_id)).one(tx.rows()).await?.is_some() {
        return Ok(friend);
    }
    let held = close_friend::Entity::find().filter(close_friend::Column::AccountId.eq(viewer.id()));
    if held.count(tx.rows()).await? >= MOST {
        return Err(Error::conflict("userId", format!("The list holds at most {MOST} people.")));
    }
    let row = close_friend::ActiveModel {
        account_id: Set(viewer.id()),
        friend_id: Set(friend_id),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    close_friend::Entity::insert(row).exec_without_returning(tx.rows()).await?;
    tx.commit().await?;
    Ok(friend)
}

/// Takes a person off the viewer's list. Doing it twice changes nothing.
pub async fn remove(app: &App, viewer: &Viewer, friend_id: Uuid) -> Result<account::Model> {
    let tx = app.begin().await?;
    let friend = people::visible_in(tx.rows(), viewer, friend_id).await?;
    close_friend::Entity::delete_by_id((viewer.id(), friend_id)).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(friend)
}

/// Which of these people are on the viewer's list: a bounded number.
pub async fn listed_among(app: &App, viewer: Uuid, people: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = close_friend::Entity::find()
        .select_only()
        .column(close_friend::Column::FriendId)
        .filter(close_friend::Column::AccountId.eq(viewer))
        .filter(close_friend::Column::FriendId.is_in(people.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// The viewer's list, the latest first: the entry's id and the person's.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<(Uuid, Uuid)>> {
    let mut query = close_friend::Entity::find()
        .select_only()
        .columns([close_friend::Column::Id, close_friend::Column::FriendId])
        .filter(close_friend::Column::AccountId.eq(viewer.id()))
        .filter(visibility::people(close_friend::Column::FriendId, Some(viewer.id())))
        .order_by_desc(close_friend::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(close_friend::Column::Id.lt(after));
    }
    Ok(Page::cut(query.into_tuple().all(app.rows()).await?, page.first))
}
