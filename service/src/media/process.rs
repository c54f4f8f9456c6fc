//! From the bytes as uploaded to renditions and facts.

use darkroom_entity::media::{self, Attachment, Status};
use darkroom_entity::media_run::Outcome;
use darkroom_entity::rendition::{self, Format};
use darkroom_media::{Failure, FailureCode, Photo};
use darkroom_platform::metrics::{self, Reason};
use darkroom_platform::objects::ObjectsError;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use tracing::Instrument;
use uuid::Uuid;

use super::rendition::{put, row_of};
use super::{decoder, delete, limits, run, topic};
use crate::app::App;
use crate::error::{Error, Result};
use crate::feature::{self, Feature};
use crate::job::{self, EncodeWebp, Job, ProcessMedia};
use crate::transaction::Transaction;
use crate::{card, object, post};

/// Makes a photo's renditions and facts, then publishes the post that waited for it. A second run changes nothing.
///
/// A file that can't be used ends FAILED with a reason: that is no error of the job.
pub async fn process(app: &App, media_id: Uuid) -> Result<()> {
    let Some(row) = media::Entity::find_by_id(media_id).one(app.rows()).await? else { return Ok(()) };
    if row.status != Status::Processing {
        return Ok(());
    }
    let bytes = match app.objects.get(&row.original_key, app.config.limits.upload_max_bytes).await {
        Ok(bytes) => bytes,
        Err(ObjectsError::NotFound) => {
            let message = "The uploaded file is missing. Upload it again.".to_owned();
            return fail(app, &row, Failure { code: FailureCode::Internal, message }).await;
        }
        Err(error) => return Err(error.into()),
    };
    let span = tracing::trace_span!("photo.decode", photo.bytes = bytes.len());
    match app.sandbox.process(bytes, &limits(app)).instrument(span).await.map_err(decoder::lost)? {
        Ok(photo) => store(app, &row, photo).await,
        Err(failure) => fail(app, &row, failure).await,
    }
}

/// Says that a photo can't be made use of after every attempt has failed through no visible fault of the file: nobody
/// waits for it for ever. The original is kept, for the operator to look at.
pub async fn give_up(app: &App, media_id: Uuid) -> Result<()> {
    let mut tx = app.begin().await?;
    let has_ended = give_up_within(&mut tx, media_id).await?;
    conclude(tx, has_ended.then_some(FailureCode::Internal.as_str())).await
}

/// The same, as a part of a change. Says whether it had not ended before.
pub(crate) async fn give_up_within(tx: &mut Transaction<'_>, media_id: Uuid) -> Result<bool> {
    let Some(row) = media::Entity::find_by_id(media_id).one(tx.rows()).await? else { return Ok(false) };
    let message = "The photo could not be processed. Try again with another file.".to_owned();
    end_within(tx, &row, Failure { code: FailureCode::Internal, message }, true).await
}

/// Has a photo `PROCESSING` again that was given up, for the job that an operator has tried again. One that is gone, whose
/// original is gone, or that has ended for a reason of its own stays as it is: the job will find nothing to do.
pub(crate) async fn take_up_again(tx: &Transaction<'_>, media_id: Uuid) -> Result<()> {
    // The post before its photo, as everybody takes them; a revision too many does no harm.
    card::count_posts(tx, media_id).await?;
    let change = media::ActiveModel {
        status: Set(Status::Processing),
        failure_code: Set(None),
        failure_message: Set(None),
        ..Default::default()
    };
    let changed = media::Entity::update_many()
        .set(change)
        .filter(media::Column::Id.eq(media_id))
        .filter(media::Column::Status.eq(Status::Failed))
        .filter(media::Column::FailureCode.eq(FailureCode::Internal.as_str()))
        .filter(media::Column::OriginalKey.ne(""))
        .exec_with_returning(tx.rows())
        .await?;
    if let Some(now) = changed.into_iter().next() {
        card::count_authors(tx, &now).await?;
    }
    Ok(())
}

async fn store(app: &App, row: &media::Model, photo: Photo) -> Result<()> {
    let renditions: Vec<rendition::ActiveModel> =
        photo.renditions.iter().map(|made| row_of(row, made, Format::Jpeg)).collect();
    put(app, row, photo.renditions, Format::Jpeg).await?;

    let wants_webp = app.config.media.webp && feature::is_on(app, Feature::Webp).await?;

    let mut tx = app.begin().await?;
    // The post before its photo, as whoever deletes it: crosswise each would wait for the other.
    let is_posted = card::count_posts(&tx, row.id).await?;
    let [red, green, blue] = photo.dominant_color;
    let change = media::ActiveModel {
        status: Set(Status::Ready),
        width: Set(Some(photo.width as i32)),
        height: Set(Some(photo.height as i32)),
        placeholder: Set(Some(photo.placeholder)),
        dominant_color: Set(Some(format!("#{red:02x}{green:02x}{blue:02x}"))),
        perceptual_hash: Set(Some(photo.perceptual_hash as i64)),
        facts: Set(Some(serde_json::to_value(&photo.facts).map_err(Error::internal)?)),
        ..Default::default()
    };
    let changed = change_if_processing(&tx, row.id, change).await?;
    let Some(now) = changed else {
        // It was deleted, or another run was faster. Only in the first case are these objects nobody's.
        let gone = media::Entity::find_by_id(row.id).one(tx.rows()).await?.is_none();
        if !gone {
            return tx.abandon().await;
        }
        let when = app.clock.now();
        object::doom(&mut tx, delete::keys(row), when).await?;
        return tx.commit().await;
    };
    rendition::Entity::insert_many(renditions).exec_without_returning(tx.rows()).await?;
    if !is_posted {
        // Posted at this very moment.
        card::count_posts(&tx, row.id).await?;
    }
    card::count_authors(&tx, &now).await?;
    if wants_webp {
        tx.enqueue(&EncodeWebp { media_id: row.id }).await?;
    }
    run::note(&tx, row.id, ProcessMedia::NAME, Outcome::Done, None).await?;
    if now.attachment == Attachment::Post {
        post::publish_if_ready(&mut tx, row.id).await?;
    }
    tx.emit(topic(row.id), "ready");
    tx.commit().await?;
    note_ready(app, row.id).await;
    Ok(())
}

/// Notes how long it took from the upload's last transaction, which wrote the job that now runs.
async fn note_ready(app: &App, media_id: Uuid) {
    let Some(metrics) = metrics::get() else { return };
    metrics.media_processed.get_or_create(&Reason { reason: "READY" }).inc();
    if let Ok(Some(accepted)) = job::gauge::written(app, &ProcessMedia { media_id }).await {
        metrics.media_ready_seconds.observe((app.clock.now() - accepted).as_seconds_f64());
    }
}

async fn fail(app: &App, row: &media::Model, failure: Failure) -> Result<()> {
    tracing::info!(media = %row.id, code = failure.code.as_str(), "a photo can't be used");
    let reason = failure.code.as_str();
    let mut tx = app.begin().await?;
    let has_ended = end_within(&mut tx, row, failure, false).await?;
    if has_ended {
        run::note(&tx, row.id, ProcessMedia::NAME, Outcome::Refused, Some(reason)).await?;
    }
    conclude(tx, has_ended.then_some(reason)).await
}

/// Makes a photo's end true, and counts it. Without one there is nothing to be made true.
async fn conclude(tx: Transaction<'_>, reason: Option<&'static str>) -> Result<()> {
    let Some(reason) = reason else { return tx.abandon().await };
    tx.commit().await?;
    metrics::record(|metrics| _ = metrics.media_processed.get_or_create(&Reason { reason }).inc());
    Ok(())
}

/// Ends a photo's processing with a reason, if it has not ended yet. The file is of no further use to anyone, unless it is to
/// be looked at.
async fn end_within(
    tx: &mut Transaction<'_>,
    row: &media::Model,
    failure: Failure,
    keep_original: bool,
) -> Result<bool> {
    // The post before its photo, as in `store`.
    let is_posted = card::count_posts(tx, row.id).await?;
    let mut change = media::ActiveModel {
        status: Set(Status::Failed),
        failure_code: Set(Some(failure.code.as_str().to_owned())),
        failure_message: Set(Some(failure.message.chars().take(500).collect())),
        ..Default::default()
    };
    if !keep_original {
        change.original_key = Set(String::new());
    }
    let Some(now) = change_if_processing(tx, row.id, change).await? else { return Ok(false) };
    if !is_posted {
        card::count_posts(tx, row.id).await?;
    }
    card::count_authors(tx, &now).await?;
    if !keep_original {
        let when = tx.app().clock.now();
        object::doom(tx, delete::keys(row), when).await?;
    }
    tx.emit(topic(row.id), "failed");
    Ok(true)
}

/// Changes a photo that is still being processed; `None` if it no longer is.
async fn change_if_processing(
    tx: &Transaction<'_>,
    id: Uuid,
    change: media::ActiveModel,
) -> Result<Option<media::Model>> {
    let changed = media::Entity::update_many()
        .set(change)
        .filter(media::Column::Id.eq(id))
        .filter(media::Column::Status.eq(Status::Processing))
        .exec_with_returning(tx.rows())
        .await?;
    Ok(changed.into_iter().next())
}
