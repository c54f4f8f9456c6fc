//! Who blocks whom: neither sees anything of the other, and the blocked person is not told.

mod clean;

use std::collections::HashSet;

use darkroom_entity::{account, block, close_friend};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::job::CleanBlock;
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{account as people, follow, ranking, visibility};

pub use clean::clean;

/// Blocks a person. Doing it twice changes nothing.
///
/// What they were to each other (follows, requests, close friends, either way) ends at once; what they left with each other
/// (likes, comments) is removed by a job.
pub async fn block(app: &App, viewer: &Viewer, blocked_id: Uuid) -> Result<account::Model> {
    if blocked_id == viewer.id() {
        return Err(Error::invalid("userId", "You can't block yourself."));
    }
    let mut tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), blocked_id]).await?;
    people::visible_in(tx.rows(), viewer, blocked_id).await?;
    let row = block::ActiveModel {
        blocker_id: Set(viewer.id()),
        blocked_id: Set(blocked_id),
        id: Set(app.clock.new_id()),
        created_at: Set(app.clock.now()),
    };
    let written = block::Entity::insert(row)
        .on_conflict(OnConflict::columns([block::Column::BlockerId, block::Column::BlockedId]).do_nothing().to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        for (one, other) in [(viewer.id(), blocked_id), (blocked_id, viewer.id())] {
            follow::remove(&mut tx, one, other).await?;
            close_friend::Entity::delete_by_id((one, other)).exec(tx.rows()).await?;
        }
        ranking::forget_each_other(tx.rows(), viewer.id(), blocked_id).await?;
        tx.enqueue(&CleanBlock { blocker_id: viewer.id(), blocked_id }).await?;
    }
    let blocked = people::visible_in(tx.rows(), viewer, blocked_id).await?;
    tx.commit().await?;
    Ok(blocked)
}

/// Takes a block back; what it ended does not come back. Doing it twice changes nothing.
pub async fn unblock(app: &App, viewer: &Viewer, blocked_id: Uuid) -> Result<account::Model> {
    let tx = app.begin().await?;
    people::lock(&tx, &[viewer.id(), blocked_id]).await?;
    let person = people::visible_in(tx.rows(), viewer, blocked_id).await?;
    block::Entity::delete_by_id((viewer.id(), blocked_id)).exec(tx.rows()).await?;
    tx.commit().await?;
    Ok(person)
}

/// Refuses what can't be done with a person whom the viewer blocks. (Who is blocked does not find the blocker at all.)
pub(crate) async fn refuse_blocked(tx: &Transaction<'_>, viewer: &Viewer, person: Uuid) -> Result<()> {
    if stands(tx.rows(), viewer.id(), person).await? {
        return Err(Error::conflict("userId", "You block this person. Unblock them first."));
    }
    Ok(())
}

async fn stands(rows: &impl ConnectionTrait, blocker_id: Uuid, blocked_id: Uuid) -> Result<bool> {
    Ok(block::Entity::find_by_id((blocker_id, blocked_id)).one(rows).await?.is_some())
}

/// Which of these people the viewer blocks: a bounded number.
pub async fn blocked_among(app: &App, viewer: Uuid, people: &[Uuid]) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = block::Entity::find()
        .select_only()
        .column(block::Column::BlockedId)
        .filter(block::Column::BlockerId.eq(viewer))
        .filter(block::Column::BlockedId.is_in(people.iter().copied()))
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Whom the viewer blocks, the latest first: the block's id and the person's.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<(Uuid, Uuid)>> {
    let mut query = block::Entity::find()
        .select_only()
        .columns([block::Column::Id, block::Column::BlockedId])
        .filter(block::Column::BlockerId.eq(viewer.id()))
        .filter(visibility::cards(block::Column::BlockedId, Some(viewer.id())))
        .order_by_desc(block::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(block::Column::Id.lt(after));
    }
    Ok(Page::cut(query.into_tuple().all(app.rows()).await?, page.first))
}
