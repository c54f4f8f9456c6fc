//! What people want to be told.

use std::collections::{HashMap, HashSet};

use darkroom_entity::follow;
use darkroom_entity::notification::Kind;
use darkroom_entity::notification_setting::{self, Senders};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::KINDS;
use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Viewer;

/// By whose doings of one kind a person wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// What happened.
    pub kind: Kind,
    /// Whose doings.
    pub senders: Senders,
}

/// The viewer's choice for every kind: everyone's where they made none.
pub async fn settings(app: &App, viewer: &Viewer) -> Result<Vec<Setting>> {
    let rows = notification_setting::Entity::find()
        .filter(notification_setting::Column::AccountId.eq(viewer.id()))
        .all(app.rows())
        .await?;
    let chosen: HashMap<Kind, Senders> = rows.into_iter().map(|row| (row.kind, row.senders)).collect();
    let setting = |kind| Setting { kind, senders: chosen.get(&kind).copied().unwrap_or(Senders::Everyone) };
    Ok(KINDS.map(setting).to_vec())
}

/// Changes the kinds that are named, each once, and returns all. It counts for what happens from now on.
pub async fn update_settings(app: &App, viewer: &Viewer, changes: Vec<Setting>) -> Result<Vec<Setting>> {
    let named: HashSet<Kind> = changes.iter().map(|change| change.kind).collect();
    if named.len() != changes.len() {
        return Err(Error::invalid("settings", "Name each kind once."));
    }
    if !changes.is_empty() {
        let rows = changes.into_iter().map(|change| notification_setting::ActiveModel {
            account_id: Set(viewer.id()),
            kind: Set(change.kind),
            senders: Set(change.senders),
        });
        let key = [notification_setting::Column::AccountId, notification_setting::Column::Kind];
        notification_setting::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).update_column(notification_setting::Column::Senders).to_owned())
            .exec_without_returning(app.rows())
            .await?;
    }
    settings(app, viewer).await
}

/// Whether the recipient wants to be told of such doings of this actor. A condition without columns of the query's own.
pub(super) fn wanted(recipient_id: Uuid, actor_id: Uuid, kind: Kind) -> Condition {
    let chosen = |senders: Senders| {
        Expr::exists(
            Query::select()
                .expr(Expr::value(1))
                .from(notification_setting::Entity)
                .and_where(notification_setting::Column::AccountId.eq(recipient_id))
                .and_where(notification_setting::Column::Kind.eq(kind))
                .and_where(notification_setting::Column::Senders.eq(senders))
                .to_owned(),
        )
    };
    let follows = Expr::exists(
        Query::select()
            .expr(Expr::value(1))
            .from(follow::Entity)
            .and_where(follow::Column::FollowerId.eq(recipient_id))
            .and_where(follow::Column::FolloweeId.eq(actor_id))
            .and_where(follow::Column::State.eq(follow::State::Accepted))
            .to_owned(),
    );
    Condition::all()
        .add(chosen(Senders::Nobody).not())
        .add(Condition::any().add(chosen(Senders::Following).not()).add(follows))
}
