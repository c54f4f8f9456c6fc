//! Large files: announced, sent part by part to signed links, and put together when all of them are there.
//!
//! ```text
//!   create ── row OPEN ── parts, in any order, as often as need be ── finish ── row FINISHED + media + job media.process
//!                │             uploads/<random>/<number>                 │ missing, damaged: still open
//!                │                                                       └ no picture: gone
//!                └── cancel, or its time is over: gone
//! ```
//!
//! A part is an object of its own, at our own route or at the bucket: nobody has to remember what is under way there. What
//! becomes of it is decided by the row alone.
//!
//! However an upload ends, every key that a part may have is doomed in the transaction that ends it, to be purged when no
//! link that was given out can write to it any more: links live for an hour at most, and never longer than the upload. The
//! parts are removed at once as well, since nobody needs them; what comes late waits for the purge.

mod finish;
mod link;
mod part;
mod receive;
pub mod rules;
mod sweep;

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::upload::{self, State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Problem, ProblemCode, Result};
use crate::feature::{self, Feature};
use crate::session::Viewer;
use crate::transaction::Transaction;
use crate::{account, media, object, rate, visibility};

pub use finish::finish;
pub(crate) use link::PartSigner;
pub use link::{PartLink, grant};
pub(crate) use part::keys as part_keys;
pub use part::{Part, parts};
pub use receive::receive;
pub use rules::Announced;
pub use sweep::sweep;

/// How long a link to a part lives at the most.
const LINK_LIFE: TimeDelta = TimeDelta::hours(1);

/// After a link's end: so long a body may still come that was begun before it. Our own route cuts it off after half of that; at
/// a bucket nobody can, but 16 MiB that take longer come at fewer than 5 kB/s.
const LATE: TimeDelta = TimeDelta::hours(1);

/// Begins an upload.
///
/// # Errors
/// Refused if what is announced can't be taken, or if the viewer has too many uploads, or too many bytes, under way.
pub async fn create(app: &App, viewer: &Viewer, announced: Announced) -> Result<upload::Model> {
    if let Some(id) = app.done_before() {
        return find(app, viewer, id).await?.ok_or_else(missing);
    }
    let limits = &app.config.limits;
    let bounds = rules::Bounds {
        accepted_types: media::accepted_types(app),
        max_bytes: limits.upload_max_bytes.min(limits.uploads_open_max_bytes),
        alt_text_max_chars: limits.alt_text_max_chars,
    };
    let announced = announced.checked(&bounds)?;
    feature::require(app, Feature::Upload).await?;
    rate::upload(app, viewer).await?;
    let mut tx = app.begin().await?;
    // Of two begun at once the second counts the first.
    account::lock(&tx, &[viewer.id()]).await?;
    make_sure_of_room(&tx, viewer, announced.byte_size).await?;
    let now = app.clock.now();
    let row = upload::Model {
        id: app.clock.new_id(),
        account_id: viewer.id(),
        state: State::Open,
        content_type: announced.content_type,
        byte_size: announced.byte_size,
        sha256: announced.sha256,
        part_size: app.config.media.upload_part_bytes as i64,
        part_prefix: format!("uploads/{}", object::random_name()?),
        purpose: announced.purpose,
        alt_text: announced.alt_text,
        media_id: None,
        created_at: now,
        expires_at: now + TimeDelta::hours(i64::from(app.config.media.unattached_ttl_hours)),
    };
    upload::Entity::insert(upload::ActiveModel::from(row.clone())).exec_without_returning(tx.rows()).await?;
    tx.outcome(row.id);
    tx.commit().await?;
    Ok(row)
}

/// Refuses one that is too many, or too large beside the others.
async fn make_sure_of_room(tx: &Transaction<'_>, viewer: &Viewer, byte_size: i64) -> Result<()> {
    let app = tx.app();
    let limits = &app.config.limits;
    let open: Vec<i64> = upload::Entity::find()
        .select_only()
        .column(upload::Column::ByteSize)
        .filter(visibility::uploads(viewer.id(), app.clock.now()))
        .filter(upload::Column::State.eq(State::Open))
        .limit(limits.uploads_open_max)
        .into_tuple()
        .all(tx.rows())
        .await?;
    if open.len() as u64 >= limits.uploads_open_max {
        let message =
            format!("You have {} uploads under way, the most there can be. Finish or cancel one.", open.len());
        return Err(Problem { code: ProblemCode::Conflict, field: None, message, failure: None }.into());
    }
    let most = limits.uploads_open_max_bytes as i64;
    let left = most - open.iter().sum::<i64>();
    if byte_size > left {
        let message = format!("Your uploads under way may have {most} bytes together, {} are left.", left.max(0));
        return Err(Error::conflict("byteSize", message));
    }
    Ok(())
}

/// One of the viewer's uploads, under way or finished; none if its time is over.
pub async fn find(app: &App, viewer: &Viewer, upload_id: Uuid) -> Result<Option<upload::Model>> {
    let own = visibility::uploads(viewer.id(), app.clock.now());
    Ok(upload::Entity::find_by_id(upload_id).filter(own).one(app.rows()).await?)
}

/// Ends one of the viewer's uploads, and removes what came of it.
///
/// # Errors
/// Not found if there is none, or if it was cancelled before; a conflict if it is finished.
pub async fn cancel(app: &App, viewer: &Viewer, upload_id: Uuid) -> Result<()> {
    if app.done_before().is_some() {
        return Ok(());
    }
    let row = find(app, viewer, upload_id).await?.ok_or_else(missing)?;
    if row.state == State::Open && end(app, &row).await? {
        return Ok(());
    }
    // Between the two it was finished, or cancelled elsewhere.
    match find(app, viewer, upload_id).await? {
        Some(_) => {
            Err(Error::conflict("uploadId", "It is finished. A photo that nothing uses is removed after a day."))
        }
        None => Err(missing()),
    }
}

fn missing() -> Error {
    Error::not_found("uploadId", "upload")
}

/// Removes an open upload; says whether it still was one.
async fn end(app: &App, row: &upload::Model) -> Result<bool> {
    let mut tx = app.begin().await?;
    let removed =
        upload::Entity::delete_by_id(row.id).filter(upload::Column::State.eq(State::Open)).exec(tx.rows()).await?;
    if removed.rows_affected == 0 {
        tx.abandon().await?;
        return Ok(false);
    }
    doom_parts(&mut tx, &[row]).await?;
    tx.outcome(row.id);
    tx.commit().await?;
    remove_parts(app, row);
    Ok(true)
}

/// Until when a link to a part lives that is given out now.
fn link_end(row: &upload::Model, now: DateTime<Utc>) -> DateTime<Utc> {
    (now + LINK_LIFE).min(row.expires_at)
}

/// Lists every key that a part of these may have, to be purged once nothing can be written there.
async fn doom_parts(tx: &mut Transaction<'_>, rows: &[&upload::Model]) -> Result<()> {
    let now = tx.app().clock.now();
    let last = rows.iter().map(|row| link_end(row, now)).max();
    let keys = rows.iter().flat_map(|row| part::keys(row)).collect();
    object::doom(tx, keys, last.unwrap_or(now) + LATE).await
}

/// Removes the parts now. If that fails, the purge does it: they are doomed.
fn remove_parts(app: &App, row: &upload::Model) {
    let (objects, keys, id) = (app.objects.clone(), part::keys(row), row.id);
    app.tasks.spawn(async move {
        if let Err(error) = objects.delete(&keys).await {
            tracing::warn!(%error, upload = %id, "the parts of an upload are left to the purge");
        }
    });
}
