//! From the bytes as uploaded to renditions and facts.

use darkroom_entity::media::{self, Attachment, Status};
use darkroom_entity::rendition::{self, Format};
use darkroom_media::{Failure, FailureCode, Photo};
use darkroom_platform::objects::ObjectsError;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rendition::{put, row_of};
use super::{decoder, delete, limits, topic};
use crate::app::App;
use crate::error::{Error, Result};
use crate::job::EncodeWebp;
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
    match app.sandbox.process(bytes, &limits(app)).await.map_err(decoder::lost)? {
        Ok(photo) => store(app, &row, photo).await,
        Err(failure) => fail(app, &row, failure).await,
    }
}

/// Says that a photo can't be made use of after every attempt has failed through no visible fault of the file: nobody
/// waits for it for ever. The original is kept, for the operator to look at.
pub async fn give_up(app: &App, media_id: Uuid) -> Result<()> {
    let Some(row) = media::Entity::find_by_id(media_id).one(app.rows()).await? else { return Ok(()) };
    let message = "The photo could not be processed. Try again with another file.".to_owned();
    end(app, &row, Failure { code: FailureCode::Internal, message }, true).await
}

async fn store(app: &App, row: &media::Model, photo: Photo) -> Result<()> {
    let renditions: Vec<rendition::ActiveModel> =
        photo.renditions.iter().map(|made| row_of(row, made, Format::Jpeg)).collect();
    put(app, row, photo.renditions, Format::Jpeg).await?;

    let mut tx = app.begin().await?;
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
        if gone {
            let when = app.clock.now();
            object::doom(&mut tx, delete::keys(row), when).await?;
        }
        return tx.commit().await;
    };
    rendition::Entity::insert_many(renditions).exec_without_returning(tx.rows()).await?;
    card::count_posts(&tx, row.id).await?;
    card::count_authors(&tx, &now).await?;
    if app.config.media.webp {
        tx.enqueue(&EncodeWebp { media_id: row.id }).await?;
    }
    if now.attachment == Attachment::Post {
        post::publish_if_ready(&mut tx, row.id).await?;
    }
    tx.emit(topic(row.id), "ready");
    tx.commit().await
}

async fn fail(app: &App, row: &media::Model, failure: Failure) -> Result<()> {
    tracing::info!(media = %row.id, code = failure.code.as_str(), "a photo can't be used");
    end(app, row, failure, false).await
}

/// Ends a photo's processing with a reason. The file is of no further use to anyone, unless it is to be looked at.
async fn end(app: &App, row: &media::Model, failure: Failure, keep_original: bool) -> Result<()> {
    let mut tx = app.begin().await?;
    let mut change = media::ActiveModel {
        status: Set(Status::Failed),
        failure_code: Set(Some(failure.code.as_str().to_owned())),
        failure_message: Set(Some(failure.message.chars().take(500).collect())),
        ..Default::default()
    };
    if !keep_original {
        change.original_key = Set(String::new());
    }
    if let Some(now) = change_if_processing(&tx, row.id, change).await? {
        card::count_posts(&tx, row.id).await?;
        card::count_authors(&tx, &now).await?;
        if !keep_original {
            let when = app.clock.now();
            object::doom(&mut tx, delete::keys(row), when).await?;
        }
        tx.emit(topic(row.id), "failed");
    }
    tx.commit().await
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
