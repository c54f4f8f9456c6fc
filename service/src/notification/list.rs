//! What a person was told, in groups: events of one kind about one thing on one UTC day.
//!
//! A group stands in the list where its newest event was told, and shows its newest row that the viewer may see, which
//! names it. Each has a row in `notification_group`, so that a page reads groups and not everything that is in them. The
//! same group some events later is another row's: what a row's group is, everything up to that row, changes only by what
//! is withdrawn or hidden.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use darkroom_entity::{notification, notification_group};
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::page::{Page, PageRequest};
use crate::session::Viewer;
use crate::visibility;

/// Unread notifications are counted up to here: the count costs no more than so many rows.
pub const UNREAD_COUNTED: u64 = 100;

/// The newest actors of a group that are told by name.
pub const ACTORS: usize = 10;

/// The newest events of a group that are counted: however long it is, it costs no more than so many rows.
pub const EVENTS_COUNTED: usize = 100;

/// Notifications about which one statement asks: each adds a part with its visibility to it.
const PARTS: usize = 50;

/// Who stands behind a notification: everyone in its group up to its row whom the viewer may see, of its newest
/// [`EVENTS_COUNTED`] events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Different people.
    pub actor_count: i64,
    /// The newest [`ACTORS`] of them, newest first.
    pub actors: Vec<Uuid>,
}

impl Group {
    /// From events in any order: each its id and its actor.
    fn of(mut events: Vec<(Uuid, Uuid)>) -> Self {
        events.sort_unstable_by_key(|event| Reverse(event.0));
        let (mut known, mut actors) = (HashSet::new(), Vec::new());
        for (_, actor) in events {
            if known.insert(actor) && actors.len() < ACTORS {
                actors.push(actor);
            }
        }
        Self { actor_count: known.len() as i64, actors }
    }
}

/// An entry of the list: its place, and the newest row of the group that the viewer may see.
pub type Entry = (Uuid, notification::Model);

/// The viewer's notifications, newest first: of each group the newest row. A page reads so many groups, however long they
/// are, and those between them of which nothing is to be seen.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<Entry>> {
    let [shown, place] = ["shown", "place"].map(Alias::new);
    let of_group = |column: notification_group::Column| Expr::col((notification_group::Entity, column));
    let newest_shown = Query::select()
        .column((shown.clone(), notification::Column::Id))
        .from_as(notification::Entity, shown.clone())
        .cond_where(visibility::notifications(shown.clone(), viewer.id()))
        .and_where(
            Expr::col((shown.clone(), notification::Column::GroupKey))
                .eq(of_group(notification_group::Column::GroupKey)),
        )
        .order_by((shown, notification::Column::Id), Order::Desc)
        .limit(1)
        .to_owned();
    let is_newest_shown = notification::Column::Id.into_expr().eq(Expr::SubQuery(None, Box::new(newest_shown.into())));
    let mut query = notification::Entity::find().into_query();
    query
        .expr_as(of_group(notification_group::Column::NewestId), place)
        .join(JoinType::InnerJoin, notification_group::Entity, is_newest_shown)
        .and_where(notification_group::Column::RecipientId.eq(viewer.id()))
        .order_by((notification_group::Entity, notification_group::Column::NewestId), Order::Desc)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query.and_where(notification_group::Column::NewestId.lt(after));
    }
    let rows = app.rows().query_all(&query).await?;
    let entry = |row: QueryResult| Ok((row.try_get("", "place")?, notification::Model::from_query_result(&row, "")?));
    let entries: Vec<Entry> = rows.into_iter().map(entry).collect::<Result<_>>()?;
    Ok(Page::cut(entries, page.first))
}

/// Those of these notifications that the viewer may see: a bounded number, in no order.
pub async fn by_ids(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, notification::Model>> {
    Ok(among(app, viewer, ids).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// Those of these notifications that the viewer may see, oldest first: a bounded number.
pub async fn among(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<Vec<notification::Model>> {
    let rows = notification::Entity::find()
        .filter(notification::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::notifications(notification::Entity, viewer))
        .order_by_asc(notification::Column::Id);
    Ok(rows.all(app.rows()).await?)
}

/// Up to `limit` single notifications of the viewer after the place `after`, oldest first.
pub async fn arrived_after(app: &App, viewer: Uuid, after: Uuid, limit: u64) -> Result<Vec<notification::Model>> {
    let rows = notification::Entity::find()
        .filter(visibility::notifications(notification::Entity, viewer))
        .filter(notification::Column::Id.gt(after))
        .order_by_asc(notification::Column::Id)
        .limit(limit);
    Ok(rows.all(app.rows()).await?)
}

/// How many of the viewer's notifications are unread, up to [`UNREAD_COUNTED`]: each event counts, not each group.
pub async fn unread_count(app: &App, viewer: &Viewer) -> Result<usize> {
    let unread: Vec<Uuid> = notification::Entity::find()
        .select_only()
        .column(notification::Column::Id)
        .filter(visibility::notifications(notification::Entity, viewer.id()))
        .filter(notification::Column::ReadAt.is_null())
        .limit(UNREAD_COUNTED)
        .into_tuple()
        .all(app.rows())
        .await?;
    Ok(unread.len())
}

/// Who stands behind these of the viewer's notifications: a bounded number, in a statement for every `PARTS` of them.
pub async fn groups(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, Group>> {
    let mut events: HashMap<Uuid, Vec<(Uuid, Uuid)>> = HashMap::new();
    for anchors in ids.chunks(PARTS) {
        let mut parts = anchors.iter().enumerate().map(|(place, anchor)| {
            // In a query of its own: SQLite takes no order and limit in the part of a union itself.
            let part = up_to(viewer, *anchor).expr_as(Expr::value(place as i32), Alias::new("place")).to_owned();
            Query::select().column(Asterisk).from_subquery(part, "part").to_owned()
        });
        let Some(mut all) = parts.next() else { break };
        all.unions(parts.map(|part| (UnionType::All, part)));
        for row in app.rows().query_all(&all).await? {
            let place: i32 = row.try_get("", "place")?;
            let anchor = usize::try_from(place).ok().and_then(|place| anchors.get(place));
            let event = (row.try_get("", "id")?, row.try_get("", "actor_id")?);
            events.entry(*anchor.unwrap_or(&event.0)).or_default().push(event);
        }
    }
    Ok(events.into_iter().map(|(anchor, events)| (anchor, Group::of(events))).collect())
}

/// The newest events of a notification's group up to itself, as far as they are counted: who, and when.
fn up_to(viewer: Uuid, anchor: Uuid) -> SelectStatement {
    let [member, named] = ["member", "named"].map(Alias::new);
    let of = |table: &Alias, column: notification::Column| Expr::col((table.clone(), column));
    let group_key = Query::select()
        .column((named.clone(), notification::Column::GroupKey))
        .from_as(notification::Entity, named.clone())
        .and_where(of(&named, notification::Column::Id).eq(anchor))
        .and_where(of(&named, notification::Column::RecipientId).eq(viewer))
        .to_owned();
    Query::select()
        .columns([notification::Column::Id, notification::Column::ActorId].map(|column| (member.clone(), column)))
        .from_as(notification::Entity, member.clone())
        .cond_where(visibility::notifications(member.clone(), viewer))
        .and_where(of(&member, notification::Column::GroupKey).eq(Expr::SubQuery(None, Box::new(group_key.into()))))
        .and_where(of(&member, notification::Column::Id).lte(anchor))
        .order_by((member, notification::Column::Id), Order::Desc)
        .limit(EVENTS_COUNTED as u64)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_told_once_each_the_newest_first() {
        let event = |id: u128, actor: u128| (Uuid::from_u128(id), Uuid::from_u128(actor));
        let group = Group::of(vec![event(1, 7), event(4, 7), event(3, 9), event(2, 8)]);
        assert_eq!(group.actors, [7, 9, 8].map(Uuid::from_u128));
        assert_eq!(group.actor_count, 3);
        let many = Group::of((0..EVENTS_COUNTED as u128).map(|id| event(id, id)).collect());
        assert_eq!((many.actors.len(), many.actor_count), (ACTORS, EVENTS_COUNTED as i64));
        assert_eq!(Group::of(Vec::new()), Group::default());
    }
}
