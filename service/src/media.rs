//! Photos: upload, processing, links, and the end of them.
//!
//! ```text
//!   upload ── first bytes recognised ──► row UPLOADING ── bytes streamed ──► PROCESSING + job media.process
//!     │ refused: nothing is left                                                   │
//!     ▼                                                           renditions, facts ▼ or a reason
//!   userErrors                        job media.encode_webp + READY ◄──────────┴────────► FAILED
//! ```
//!
//! A row stands before the first byte is stored, so that whatever a crash leaves behind is found by the sweep.

mod decoder;
mod delete;
mod process;
mod rendition;
mod run;
mod sweep;
mod trace;
mod upload;
mod url;
mod webp;

use std::collections::HashMap;

use darkroom_entity::media;
pub use darkroom_entity::media::Status;
pub use darkroom_entity::media_run::Outcome;
pub use darkroom_entity::upload::Purpose;
use darkroom_media::Limits;
pub use darkroom_media::{Facts, FailureCode, heif_support};
use darkroom_platform::config::Isolation;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Problem, Result};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::visibility;

pub use decoder::{bounds, sandbox};
pub(crate) use delete::{delete, keys};
pub use process::{give_up, process};
pub(crate) use process::{give_up_within, take_up_again};
pub use rendition::{content_type, renditions};
pub use run::{Row as RunRow, ended_at};
pub(crate) use run::{Run, note_failure, photo_of};
pub use sweep::sweep;
pub use trace::{Stored as TracedObject, Trace, Use, trace};
pub(crate) use upload::{Cut, NewPhoto, Stored, store};
pub use upload::{NewUpload, body_error, upload};
pub(crate) use url::UrlSigner;
pub use url::{Grant, grant, original_url, rendition_url};
pub use webp::encode_webp;

/// The topic on which a photo's changes are told.
pub fn topic(media_id: Uuid) -> String {
    format!("media:{media_id}")
}

/// Media types of files that can be used.
pub fn accepted_types(app: &App) -> Vec<&'static str> {
    let limits = limits(app);
    let accepted = darkroom_media::Format::all().into_iter().filter(|format| limits.accepts(*format));
    accepted.map(darkroom_media::Format::content_type).collect()
}

/// What a file must keep to, from the settings.
fn limits(app: &App) -> Limits {
    let limits = &app.config.limits;
    Limits {
        max_bytes: limits.upload_max_bytes,
        max_pixels: limits.media_max_pixels,
        max_side: limits.media_max_side,
        // libheif is C++: a fault in it must not be one in this process.
        heif: app.config.media.isolation == Isolation::Process,
        ..Limits::default()
    }
}

/// The one of these media that this viewer may see, by its own id.
pub async fn by_ids(app: &App, viewer: Option<Uuid>, ids: &[Uuid]) -> Result<HashMap<Uuid, media::Model>> {
    let rows = media::Entity::find()
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .filter(visibility::media(viewer, app.clock.now()))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// One of the viewer's own photos.
pub async fn own(app: &App, viewer: &Viewer, media_id: Uuid) -> Result<media::Model> {
    media::Entity::find_by_id(media_id)
        .filter(visibility::own_media(Some(viewer.id())))
        .one(app.rows())
        .await?
        .ok_or_else(|| Error::not_found("mediaId", "media"))
}

/// The photos of profile pictures: ids come from accounts that were found visible.
pub async fn avatars(app: &App, ids: &[Uuid]) -> Result<HashMap<Uuid, media::Model>> {
    let rows = media::Entity::find()
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .filter(media::Column::Attachment.eq(media::Attachment::Avatar))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The photos of stories that were found visible: ids come from such stories.
pub async fn of_stories(app: &App, ids: &[Uuid]) -> Result<HashMap<Uuid, media::Model>> {
    let rows = media::Entity::find()
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .filter(media::Column::Attachment.eq(media::Attachment::Story))
        .all(app.rows())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Takes the owner's free photos into use, all or none, and gives them back in the order of `ids`.
///
/// The rows are locked until the transaction ends, so a photo that becomes ready at the same moment is seen either
/// before or after, never in between.
pub(crate) async fn attach(
    tx: &Transaction<'_>,
    owner: Uuid,
    ids: &[Uuid],
    to: media::Attachment,
    field: &'static str,
) -> Result<Vec<media::Model>> {
    let taken = media::Entity::update_many()
        .set(media::ActiveModel { attachment: Set(to), ..Default::default() })
        .filter(media::Column::Id.is_in(ids.iter().copied()))
        .filter(media::Column::AccountId.eq(owner))
        .filter(media::Column::Attachment.eq(media::Attachment::None))
        .filter(media::Column::Status.is_in([media::Status::Processing, media::Status::Ready]))
        .exec_with_returning(tx.rows())
        .await?;
    let mut taken: HashMap<Uuid, media::Model> = taken.into_iter().map(|row| (row.id, row)).collect();
    if taken.len() < ids.len() {
        let missing: Vec<Uuid> = ids.iter().copied().filter(|id| !taken.contains_key(id)).collect();
        return Err(why_not(tx.rows(), owner, &missing, field).await?);
    }
    Ok(ids.iter().filter_map(|id| taken.remove(id)).collect())
}

/// Why these photos can't be taken into use.
async fn why_not(rows: &impl ConnectionTrait, owner: Uuid, missing: &[Uuid], field: &'static str) -> Result<Error> {
    let found = media::Entity::find()
        .filter(media::Column::Id.is_in(missing.iter().copied()))
        .filter(media::Column::AccountId.eq(owner))
        .all(rows)
        .await?;
    if found.len() < missing.len() {
        return Ok(Error::not_found(field, "media"));
    }
    let problems = found
        .iter()
        .map(|row| match row.status {
            media::Status::Failed => Problem::invalid(
                field,
                format!("A photo could not be used: {}", row.failure_message.as_deref().unwrap_or("it failed.")),
            ),
            media::Status::Uploading => Problem::invalid(field, "A photo is still being uploaded."),
            media::Status::Processing | media::Status::Ready => {
                Problem::conflict(field, "A photo is in use already. Upload it again to use it twice.")
            }
        })
        .collect();
    Ok(Error::Rejected { problems })
}
