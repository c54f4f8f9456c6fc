//! Objects that are to disappear: listed in the transaction that removed their row, struck off once they are gone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::doomed_object;
use rand::TryRngCore;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};
use crate::job::PurgeObjects;
use crate::transaction::Transaction;

/// Objects that one step of a purge removes.
const BATCH: u64 = 500;

/// 128 random bits: nobody guesses an object's name from another's.
pub(crate) fn random_name() -> Result<String> {
    let mut bits = [0_u8; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut bits).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// Lists objects to be purged at `when`, and writes the job that does it.
pub(crate) async fn doom(tx: &mut Transaction<'_>, keys: Vec<String>, when: DateTime<Utc>) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let app = tx.app();
    let batch_id = app.clock.new_id();
    let rows = keys.into_iter().map(|key| doomed_object::ActiveModel {
        object_key: Set(key),
        batch_id: Set(batch_id),
        doomed_at: Set(when),
    });
    doomed_object::Entity::insert_many(rows)
        .on_conflict(
            OnConflict::column(doomed_object::Column::ObjectKey)
                .update_columns([doomed_object::Column::BatchId, doomed_object::Column::DoomedAt])
                .to_owned(),
        )
        .exec_without_returning(tx.rows())
        .await?;
    let job = PurgeObjects { batch_id };
    if when <= app.clock.now() { tx.enqueue(&job).await } else { tx.enqueue_at(&job, when).await }
}

/// Removes a batch's objects from the store, asks the store whether they are gone, and only then strikes them off.
pub async fn purge(app: &App, batch_id: Uuid) -> Result<()> {
    loop {
        let keys = doomed(app, doomed_object::Column::BatchId.eq(batch_id)).await?;
        if keys.is_empty() {
            return Ok(());
        }
        remove(app, keys).await?;
    }
}

/// Purges what is overdue although its own job should have done it: a bounded number of batches a run.
pub async fn sweep(app: &App) -> Result<()> {
    let overdue = app.clock.now() - TimeDelta::hours(1);
    for _ in 0..20 {
        let keys = doomed(app, doomed_object::Column::DoomedAt.lte(overdue)).await?;
        if keys.is_empty() {
            break;
        }
        tracing::warn!(objects = keys.len(), "objects were overdue for their purge");
        remove(app, keys).await?;
    }
    Ok(())
}

async fn doomed(app: &App, which: sea_orm::sea_query::SimpleExpr) -> Result<Vec<String>> {
    Ok(doomed_object::Entity::find()
        .select_only()
        .column(doomed_object::Column::ObjectKey)
        .filter(which)
        .order_by_asc(doomed_object::Column::DoomedAt)
        .limit(BATCH)
        .into_tuple()
        .all(app.rows())
        .await?)
}

async fn remove(app: &App, keys: Vec<String>) -> Result<()> {
    app.objects.delete(&keys).await?;
    for key in &keys {
        if app.objects.size(key).await?.is_some() {
            return Err(Error::internal(format!("object {key} is still there after it was deleted")));
        }
    }
    doomed_object::Entity::delete_many().filter(doomed_object::Column::ObjectKey.is_in(keys)).exec(app.rows()).await?;
    Ok(())
}
