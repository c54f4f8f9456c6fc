//! Which objects the rows speak of, walked in pages along their keys.

use darkroom_entity::media::{self, Status};
use darkroom_entity::{doomed_object, rendition, upload};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::sorted::{Entry, Fact};
use crate::app::App;
use crate::error::Result;
use crate::media as photos;
use crate::upload as uploads;

/// Rows of one page.
const PAGE: u64 = 1000;

/// Every object that a photo has, and those that it may have: being written, left by a run that was cut off, or made later. They
/// are its own as long as it lives, and go with it.
pub(super) async fn photos(app: &App, mut note: impl FnMut(Entry) -> Result<()>) -> Result<()> {
    let mut after: Option<Uuid> = None;
    loop {
        let page = media::Entity::find()
            .order_by_asc(media::Column::Id)
            .apply_if(after, |query, after| query.filter(media::Column::Id.gt(after)))
            .limit(PAGE)
            .all(app.rows())
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for row in &page {
            for key in photos::keys(row) {
                note(Entry { key, fact: Fact::Possible })?;
            }
            if let Some(bytes) = original(row) {
                let fact = Fact::Required { media_id: row.id, bytes };
                note(Entry { key: row.original_key.clone(), fact })?;
            }
        }
        let ids = page.iter().map(|row| row.id);
        let made = rendition::Entity::find().filter(rendition::Column::MediaId.is_in(ids)).all(app.rows()).await?;
        for row in made {
            let fact = Fact::Required { media_id: row.media_id, bytes: row.byte_size.unsigned_abs() };
            note(Entry { key: row.object_key, fact })?;
        }
    }
}

/// The bytes of an original that must be there: not of one that is still coming in.
fn original(row: &media::Model) -> Option<u64> {
    (row.status != Status::Uploading && !row.original_key.is_empty()).then_some(row.byte_size.unsigned_abs())
}

/// Whether a photo's row still says that there is this object.
pub(super) async fn is_required(app: &App, media_id: Uuid, key: &str) -> Result<bool> {
    let row = media::Entity::find_by_id(media_id).one(app.rows()).await?;
    if row.is_some_and(|row| row.original_key == key && original(&row).is_some()) {
        return Ok(true);
    }
    let made = rendition::Entity::find()
        .filter(rendition::Column::MediaId.eq(media_id))
        .filter(rendition::Column::ObjectKey.eq(key))
        .one(app.rows())
        .await?;
    Ok(made.is_some())
}

/// Every part that a large file may have.
pub(super) async fn parts(app: &App, mut note: impl FnMut(Entry) -> Result<()>) -> Result<()> {
    let mut after: Option<Uuid> = None;
    loop {
        let page = upload::Entity::find()
            .order_by_asc(upload::Column::Id)
            .apply_if(after, |query, after| query.filter(upload::Column::Id.gt(after)))
            .limit(PAGE)
            .all(app.rows())
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for key in page.iter().flat_map(uploads::part_keys) {
            note(Entry { key, fact: Fact::Possible })?;
        }
    }
}

/// Every object that is listed to be removed.
pub(super) async fn doomed(app: &App, mut note: impl FnMut(Entry) -> Result<()>) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page: Vec<String> = doomed_object::Entity::find()
            .select_only()
            .column(doomed_object::Column::ObjectKey)
            .order_by_asc(doomed_object::Column::ObjectKey)
            .apply_if(after, |query, after| query.filter(doomed_object::Column::ObjectKey.gt(after)))
            .limit(PAGE)
            .into_tuple()
            .all(app.rows())
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for key in page {
            note(Entry { key, fact: Fact::Possible })?;
        }
    }
}
