//! The end that everyone wants: the parts become one file, and that a photo.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use darkroom_entity::media;
use darkroom_entity::upload::{self, State};
use darkroom_platform::objects::ObjectsError;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use tracing::Instrument;
use uuid::Uuid;

use super::part::{self, Place};
use crate::app::App;
use crate::error::{Error, Result};
use crate::media::{self as photos, Cut, NewPhoto, Stored};
use crate::session::Viewer;
use crate::{sight, visibility};

/// Numbers of missing parts that a message names.
const NAMED: usize = 20;

/// Puts an upload's parts together and leaves the photo to be processed. It holds a few chunks in memory, never the file.
///
/// A second time it answers with the same photo, and of two at once one makes it. A crash in the middle leaves the upload as
/// it was. The work goes on in a task of its own, so that a client who hangs up does not cut it off.
///
/// # Errors
/// Parts that are missing or have another size: a conflict; bytes whose SHA-256 is not what was announced: refused; both
/// leave the upload open. A file that is no picture of the announced type, or can't be used: refused, and the upload is gone.
pub async fn finish(app: &App, viewer: &Viewer, upload_id: Uuid) -> Result<media::Model> {
    let row = super::find(app, viewer, upload_id).await?.ok_or_else(super::missing)?;
    if row.state == State::Finished {
        return made(app, &row).await;
    }
    let asked = Instant::now();
    let result = work_on(app, row).await;
    sight::upload("parts", asked, &result);
    result
}

async fn work_on(app: &App, row: upload::Model) -> Result<media::Model> {
    let Ok(permit) = Arc::clone(&app.uploads).try_acquire_owned() else {
        return Err(Error::RateLimited { retry_after: Duration::from_secs(5) });
    };
    let app = app.clone();
    let tasks = app.tasks.clone();
    let work = async move {
        let _permit = permit;
        compose(&app, &row).await
    };
    tasks.spawn(work.in_current_span()).await.map_err(Error::internal)?
}

/// The photo of a finished upload.
async fn made(app: &App, row: &upload::Model) -> Result<media::Model> {
    let photo = media::Entity::find()
        .filter(visibility::own_media(Some(row.account_id)))
        .filter(media::Column::Id.is_in(row.media_id))
        .one(app.rows())
        .await?;
    photo.ok_or_else(super::missing)
}

async fn compose(app: &App, row: &upload::Model) -> Result<media::Model> {
    let error = match put_together(app, row).await {
        Ok(photo) => return Ok(photo),
        Err(error) => error,
    };
    // Another one may have been quicker, and have taken the parts away.
    match upload::Entity::find_by_id(row.id).one(app.rows()).await? {
        Some(now) if now.state == State::Finished => made(app, &now).await,
        _ => Err(error),
    }
}

async fn put_together(app: &App, row: &upload::Model) -> Result<media::Model> {
    let lacking = part::lacking(app, row).await?;
    if !lacking.is_empty() {
        return Err(not_there(&lacking));
    }
    let photo = NewPhoto {
        owner: row.account_id,
        body: whole(app, row),
        alt_text: row.alt_text.clone(),
        purpose: row.purpose,
        announced: Some(row.content_type.clone()),
    };
    match photos::store(app, photo).await {
        Ok(stored) => conclude(app, row, &stored).await,
        Err(Cut::Failed(error)) => Err(error),
        Err(Cut::Refused(failure)) => {
            // A good picture that was damaged on its way looks like none, and may be sent again.
            verify(app, row).await?;
            super::end(app, row).await?;
            Err(Error::refused("uploadId", failure))
        }
    }
}

fn not_there(numbers: &[u32]) -> Error {
    let named: Vec<String> = numbers.iter().take(NAMED).map(u32::to_string).collect();
    let more = if numbers.len() > NAMED { " and more" } else { "" };
    let message =
        format!("Not there, or not whole: part {}{more}. Send what is missing, then finish.", named.join(", "));
    Error::conflict("uploadId", message)
}

/// Makes the stored photo the upload's; nothing is left of it if the upload is over.
async fn conclude(app: &App, row: &upload::Model, stored: &Stored) -> Result<media::Model> {
    let recorded = record(app, row, stored).await;
    match &recorded {
        Ok(_) => super::remove_parts(app, row),
        Err(_) => stored.discard(app).await,
    }
    recorded
}

/// One transaction: the upload is finished, the photo is processed, the parts are doomed.
async fn record(app: &App, row: &upload::Model, stored: &Stored) -> Result<media::Model> {
    let mut tx = app.begin().await?;
    let change =
        upload::ActiveModel { state: Set(State::Finished), media_id: Set(Some(stored.id())), ..Default::default() };
    let won = upload::Entity::update_many()
        .set(change)
        .filter(upload::Column::Id.eq(row.id))
        .filter(upload::Column::State.eq(State::Open))
        .filter(upload::Column::ExpiresAt.gt(app.clock.now()))
        .exec(tx.rows())
        .await?;
    if won.rows_affected == 0 {
        tx.abandon().await?;
        return Err(super::missing());
    }
    let photo = stored.accept(&mut tx).await?;
    super::doom_parts(&mut tx, &[row]).await?;
    tx.commit().await?;
    Ok(photo)
}

/// Reads every part, and gives an error unless they are what was announced.
async fn verify(app: &App, row: &upload::Model) -> Result<()> {
    whole(app, row).try_for_each(|_| std::future::ready(Ok(()))).await
}

/// The file, part by part. At its end comes an error if it is not what was announced: so no object is made of it.
fn whole(app: &App, row: &upload::Model) -> BoxStream<'static, Result<Bytes>> {
    let left = part::places(row).collect();
    let reading = Reading { app: app.clone(), row: row.clone(), left, current: None, hash: Sha256::new() };
    stream::try_unfold(reading, Reading::next).boxed()
}

/// A file being read from its parts.
struct Reading {
    app: App,
    row: upload::Model,
    left: VecDeque<Place>,
    current: Option<BoxStream<'static, Result<Bytes, ObjectsError>>>,
    hash: Sha256,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        loop {
            if let Some(current) = &mut self.current
                && let Some(chunk) = current.try_next().await?
            {
                self.hash.update(&chunk);
                return Ok(Some((chunk, self)));
            }
            let Some(place) = self.left.pop_front() else { break };
            self.current = Some(open(&self.app, &self.row, place).await?);
        }
        if format!("{:x}", self.hash.finalize()) == self.row.sha256 {
            return Ok(None);
        }
        let message = "The SHA-256 is not the one that was announced. Send the parts again, or cancel.";
        Err(Error::invalid("uploadId", message))
    }
}

async fn open(app: &App, row: &upload::Model, place: Place) -> Result<BoxStream<'static, Result<Bytes, ObjectsError>>> {
    match app.objects.read(&part::key(row, place.number), None).await {
        // It may have been sent again since it was looked at.
        Ok(read) if read.meta.size == place.byte_size => Ok(read.stream),
        Ok(_) | Err(ObjectsError::NotFound) => Err(not_there(&[place.number])),
        Err(error) => Err(error.into()),
    }
}
