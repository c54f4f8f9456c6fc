//! A photo's renditions in WebP, made when nobody waits any more.

use darkroom_entity::media::{self, Status};
use darkroom_entity::media_run::Outcome;
use darkroom_entity::rendition::{self, Format, Size};
use darkroom_media::Rendition;
use darkroom_platform::objects::ObjectsError;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use tracing::Instrument;
use uuid::Uuid;

use super::rendition::{put, row_of, size_of};
use super::{decoder, delete, limits, run};
use crate::app::App;
use crate::error::Result;
use crate::feature::{self, Feature};
use crate::job::{EncodeWebp, Job};
use crate::{card, object};

/// Makes a photo's renditions in WebP, from its original. A second run changes nothing.
///
/// Those that are no smaller than the JPEG of their size are not kept: nobody gains by them. A photo that can't be encoded
/// keeps its JPEGs, which is no error of the job; one that was deleted meanwhile leaves no object behind.
pub async fn encode_webp(app: &App, media_id: Uuid) -> Result<()> {
    if !app.config.media.webp || !feature::is_on(app, Feature::Webp).await? {
        return Ok(());
    }
    let Some(row) = media::Entity::find_by_id(media_id).one(app.rows()).await? else { return Ok(()) };
    let have = rendition::Entity::find().filter(rendition::Column::MediaId.eq(media_id)).all(app.rows()).await?;
    let is_done = have.iter().any(|row| row.format == Format::WebP);
    if row.status != Status::Ready || row.original_key.is_empty() || is_done {
        return Ok(());
    }
    let bytes = match app.objects.get(&row.original_key, app.config.limits.upload_max_bytes).await {
        Ok(bytes) => bytes,
        // Deleted at this very moment, or lost: there is nothing to make WebP of.
        Err(ObjectsError::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let span = tracing::trace_span!("photo.encode_webp", photo.bytes = bytes.len());
    match app.sandbox.encode_webp(bytes, &limits(app)).instrument(span).await.map_err(decoder::lost)? {
        Ok(made) => store(app, &row, smaller(made, &have)).await,
        Err(failure) => {
            tracing::info!(media = %row.id, code = failure.code.as_str(), "a photo stays without WebP");
            Ok(())
        }
    }
}

/// Those that take fewer bytes than the JPEG of their size.
fn smaller(made: Vec<Rendition>, have: &[rendition::Model]) -> Vec<Rendition> {
    let jpeg = |size: Size| have.iter().find(|row| row.size == size && row.format == Format::Jpeg);
    made.into_iter()
        .filter(|made| jpeg(size_of(made.size)).is_some_and(|jpeg| (made.bytes.len() as i64) < jpeg.byte_size))
        .collect()
}

async fn store(app: &App, row: &media::Model, made: Vec<Rendition>) -> Result<()> {
    if made.is_empty() {
        return Ok(());
    }
    let rows: Vec<rendition::ActiveModel> = made.iter().map(|made| row_of(row, made, Format::WebP)).collect();
    put(app, row, made, Format::WebP).await?;

    let mut tx = app.begin().await?;
    // The post before its photo, as whoever deletes it.
    let is_posted = card::count_posts(&tx, row.id).await?;
    // Locked, so that it is deleted either before, which is seen here, or after, which dooms these objects as well.
    let Some(there) = media::Entity::find_by_id(row.id).lock_exclusive().one(tx.rows()).await? else {
        let when = app.clock.now();
        object::doom(&mut tx, delete::keys(row), when).await?;
        return tx.commit().await;
    };
    if !is_posted {
        // Posted, or shown on a profile, at this very moment.
        card::count_posts(&tx, row.id).await?;
        card::count_authors(&tx, &there).await?;
    }
    // Another run may have been faster; it has written the same.
    let key = [rendition::Column::MediaId, rendition::Column::Size, rendition::Column::Format];
    rendition::Entity::insert_many(rows)
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    run::note(&tx, row.id, EncodeWebp::NAME, Outcome::Done, None).await?;
    tx.commit().await
}
