//! The end of photos: rows at once, objects by a job that makes sure.

use chrono::TimeDelta;
use darkroom_entity::media::{self, Status};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rendition;
use crate::error::Result;
use crate::job::{EncodeWebp, ledger};
use crate::object;
use crate::transaction::Transaction;

/// How long a photo's objects may still be written by whoever was at work when its row went: longer than an upload and
/// than the time-outs of `media.process` and `media.encode_webp`.
const STILL_WRITTEN: TimeDelta = TimeDelta::minutes(15);

/// Removes photos for good: a bounded number. Their objects are doomed in the same transaction.
///
/// A photo that is being uploaded or processed may write objects after its row has gone: those are purged later. So are
/// those in WebP, as long as the job that makes them is in the ledger.
pub(crate) async fn delete(tx: &mut Transaction<'_>, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let encoded = ids.iter().map(|id| EncodeWebp { media_id: *id });
    let encoded = ledger::waiting_or_running(tx.rows(), encoded).await?;
    let rows = media::Entity::delete_many()
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .exec_with_returning(tx.rows())
        .await?;
    let (mut settled, mut moving) = (Vec::new(), Vec::new());
    for row in &rows {
        let is_settled = matches!(row.status, Status::Ready | Status::Failed);
        let is_encoded = encoded.iter().any(|job| job.media_id == row.id);
        for key in keys(row) {
            let may_come = !is_settled || is_encoded && rendition::is_webp(&key);
            if may_come { moving.push(key) } else { settled.push(key) }
        }
    }
    let now = tx.app().clock.now();
    object::doom(tx, settled, now).await?;
    object::doom(tx, moving, now + STILL_WRITTEN).await
}

/// Every object that a photo has or may have.
pub(crate) fn keys(row: &media::Model) -> Vec<String> {
    rendition::keys(row).chain(std::iter::once(row.original_key.clone()).filter(|key| !key.is_empty())).collect()
}
