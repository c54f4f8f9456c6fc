//! From an event to rows.

use chrono::TimeDelta;
use darkroom_entity::notification::Kind;
use darkroom_entity::{notification, notification_group};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use super::occasion::Occasion;
use super::{Event, key, occasion, recipient};
use crate::app::App;
use crate::error::Result;
use crate::live;
use crate::transaction::Transaction;

/// For so long after it was first told, what was taken back and done again is not told again.
const QUIET_FOR: TimeDelta = TimeDelta::hours(1);

/// Tells those whom an event concerns. A second run changes nothing.
///
/// Who is told is found before the transaction, so that it stays short. What may change in between is harmless: a block or
/// a suspension hides the row when it is read. Only whether it is still so at all is held fast.
pub async fn deliver(app: &App, event: Event) -> Result<()> {
    let Some(occasion) = occasion::find(app.rows(), event).await? else { return Ok(()) };
    let told = recipient::choose(app, &occasion).await?;
    if told.is_empty() {
        return Ok(());
    }
    let mut tx = app.begin().await?;
    for (recipient_id, kind) in told {
        if occasion::holds(tx.rows(), event, recipient_id).await?
            && let Some(id) = write(&tx, &occasion, recipient_id, kind).await?
        {
            tx.emit(live::notifications_topic(recipient_id), id.to_string());
        }
    }
    tx.commit().await
}

/// Writes one row; none if it is there already.
async fn write(tx: &Transaction<'_>, occasion: &Occasion, recipient_id: Uuid, kind: Kind) -> Result<Option<Uuid>> {
    let (clock, about) = (&tx.app().clock, occasion.about);
    let (id, now) = (clock.new_id(), clock.now());
    let row = notification::Model {
        id,
        recipient_id,
        kind,
        actor_id: occasion.actor_id,
        post_id: about.post_id,
        comment_id: about.comment_id,
        group_key: key::group(kind, about, now),
        unique_key: key::unique(kind, occasion.actor_id, about),
        created_at: now,
        read_at: None,
        withdrawn_at: None,
    };
    if insert(tx, &row).await? {
        return Ok(Some(id));
    }
    let withdrawn = Condition::all()
        .add(notification::Column::RecipientId.eq(recipient_id))
        .add(notification::Column::UniqueKey.eq(row.unique_key.as_str()))
        .add(notification::Column::WithdrawnAt.is_not_null());
    let restored = notification::Entity::update_many()
        .set(notification::ActiveModel { withdrawn_at: Set(None), ..Default::default() })
        .filter(withdrawn.clone())
        .filter(notification::Column::CreatedAt.gt(now - QUIET_FOR))
        .exec(tx.rows())
        .await?;
    if restored.rows_affected > 0 {
        return Ok(None);
    }
    let old = notification::Entity::delete_many().filter(withdrawn).exec(tx.rows()).await?;
    Ok((old.rows_affected > 0 && insert(tx, &row).await?).then_some(id))
}

async fn insert(tx: &Transaction<'_>, row: &notification::Model) -> Result<bool> {
    let unique = [notification::Column::RecipientId, notification::Column::UniqueKey];
    let written = notification::Entity::insert(notification::ActiveModel::from(row.clone()))
        .on_conflict(OnConflict::columns(unique).do_nothing().to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    if written > 0 {
        lift(tx, row).await?;
    }
    Ok(written > 0)
}

/// Puts the row's group to its place, or makes it. Of two rows that are written at once the newer decides.
async fn lift(tx: &Transaction<'_>, row: &notification::Model) -> Result<()> {
    let key = [notification_group::Column::RecipientId, notification_group::Column::GroupKey];
    let newest = notification_group::Column::NewestId;
    let is_older = Expr::col((notification_group::Entity, newest)).lt(row.id);
    let group = notification_group::ActiveModel {
        recipient_id: Set(row.recipient_id),
        group_key: Set(row.group_key.clone()),
        newest_id: Set(row.id),
    };
    notification_group::Entity::insert(group)
        .on_conflict(OnConflict::columns(key).update_column(newest).action_and_where(is_older).to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    Ok(())
}
