//! What a person was told, in groups: events of one kind about one thing on one UTC day.
//!
//! A group stands at its newest row that the viewer may see, and is named by it. The same group some events later is
//! another row's: what a row's group is, everything up to that row, changes only by what is withdrawn or hidden.

use std::collections::HashMap;

use darkroom_entity::notification;
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Func, OverStatement, Query, WindowStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};
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

/// Who stands behind a notification: everyone in its group up to its row whom the viewer may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Different people.
    pub actor_count: i64,
    /// The newest [`ACTORS`] of them, newest first.
    pub actors: Vec<Uuid>,
}

/// The viewer's notifications, newest first: of each group the newest row.
pub async fn list(app: &App, viewer: &Viewer, page: PageRequest) -> Result<Page<notification::Model>> {
    let newer = Alias::new("newer");
    let newer_of_group = Query::select()
        .expr(Expr::value(1))
        .from_as(notification::Entity, newer.clone())
        .cond_where(visibility::notifications(newer.clone(), viewer.id()))
        .and_where(
            Expr::col((newer.clone(), notification::Column::GroupKey))
                .eq(Expr::col((notification::Entity, notification::Column::GroupKey))),
        )
        .and_where(
            Expr::col((newer, notification::Column::Id))
                .gt(Expr::col((notification::Entity, notification::Column::Id))),
        )
        .to_owned();
    let mut query = notification::Entity::find()
        .filter(visibility::notifications(notification::Entity, viewer.id()))
        .filter(Expr::exists(newer_of_group).not())
        .order_by_desc(notification::Column::Id)
        .limit(page.first as u64 + 1);
    if let Some(after) = page.after {
        query = query.filter(notification::Column::Id.lt(after));
    }
    Ok(Page::cut(query.all(app.rows()).await?, page.first))
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

/// Who stands behind these of the viewer's notifications: a bounded number, in one query.
pub async fn groups(app: &App, viewer: Uuid, ids: &[Uuid]) -> Result<HashMap<Uuid, Group>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let [anchor, member, turns, places] = ["anchor", "member", "turns", "places"].map(Alias::new);
    let [anchor_id, row_id, turn, place, actors] = ["anchor_id", "row_id", "turn", "place", "actors"].map(Alias::new);
    let actor_id = notification::Column::ActorId;
    let of = |table: &Alias, column: notification::Column| Expr::col((table.clone(), column));
    // Each actor's events in the group, the newest first.
    let each_actor = WindowStatement::partition_by((anchor.clone(), notification::Column::Id))
        .partition_by((member.clone(), actor_id))
        .order_by((member.clone(), notification::Column::Id), Order::Desc)
        .to_owned();
    let by_turn = Query::select()
        .expr_as(of(&anchor, notification::Column::Id), anchor_id.clone())
        .expr_as(of(&member, actor_id), actor_id)
        .expr_as(of(&member, notification::Column::Id), row_id.clone())
        .expr_window_as(Func::cust("ROW_NUMBER"), each_actor, turn.clone())
        .from_as(notification::Entity, anchor.clone())
        .join_as(
            sea_orm::JoinType::InnerJoin,
            notification::Entity,
            member.clone(),
            sea_orm::Condition::all()
                .add(of(&member, notification::Column::RecipientId).eq(of(&anchor, notification::Column::RecipientId)))
                .add(of(&member, notification::Column::GroupKey).eq(of(&anchor, notification::Column::GroupKey)))
                .add(of(&member, notification::Column::Id).lte(of(&anchor, notification::Column::Id))),
        )
        .and_where(of(&anchor, notification::Column::Id).is_in(ids.iter().copied()))
        .and_where(of(&anchor, notification::Column::RecipientId).eq(viewer))
        .cond_where(visibility::notifications(member, viewer))
        .to_owned();
    // Each actor once, by their newest event.
    let newest_first =
        WindowStatement::partition_by(anchor_id.clone()).order_by(row_id.clone(), Order::Desc).to_owned();
    let by_place = Query::select()
        .column(anchor_id.clone())
        .column(actor_id)
        .expr_window_as(Func::cust("ROW_NUMBER"), newest_first, place.clone())
        .expr_window_as(
            Func::count(Expr::col(Asterisk)),
            WindowStatement::partition_by(anchor_id.clone()),
            actors.clone(),
        )
        .from_subquery(by_turn, turns)
        .and_where(Expr::col(turn).eq(1))
        .to_owned();
    let newest = Query::select()
        .column(anchor_id.clone())
        .column(actor_id)
        .column(actors)
        .from_subquery(by_place, places)
        .and_where(Expr::col(place.clone()).lte(ACTORS as i32))
        .order_by(anchor_id, Order::Asc)
        .order_by(place, Order::Asc)
        .to_owned();
    let mut groups: HashMap<Uuid, Group> = HashMap::new();
    for row in app.rows().query_all(&newest).await? {
        let group = groups.entry(row.try_get("", "anchor_id")?).or_default();
        group.actor_count = row.try_get("", "actors")?;
        group.actors.push(row.try_get("", "actor_id")?);
    }
    Ok(groups)
}
