//! The end of photos: rows at once, objects by a job that makes sure.

use chrono::TimeDelta;
use darkroom_entity::media::{self, Status};
use darkroom_entity::rendition::Size;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rendition_key;
use crate::error::Result;
use crate::object;
use crate::transaction::Transaction;

/// How long a photo's objects may still be written by whoever was at work when its row went: longer than an upload and
/// than the time-out of `media.process`.
const STILL_WRITTEN: TimeDelta = TimeDelta::minutes(15);

/// Removes photos for good: a bounded number. Their objects are doomed in the same transaction.
///
/// A photo that is being uploaded or processed may write objects after its row has gone: those are purged later.
pub(crate) async fn delete(tx: &mut Transaction<'_>, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = media::Entity::delete_many()
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .exec_with_returning(tx.rows())
        .await?;
    let (settled, moving): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| matches!(row.status, Status::Ready | Status::Failed));
    let now = tx.app().clock.now();
    object::doom(tx, settled.iter().flat_map(keys).collect(), now).await?;
    object::doom(tx, moving.iter().flat_map(keys).collect(), now + STILL_WRITTEN).await
}

/// Every object that a photo has or may have.
pub(super) fn keys(row: &media::Model) -> Vec<String> {
    let mut keys: Vec<String> =
        [Size::Thumbnail, Size::Medium, Size::Large].map(|size| rendition_key(&row.rendition_prefix, size)).to_vec();
    if !row.original_key.is_empty() {
        keys.push(row.original_key.clone());
    }
    keys
}
