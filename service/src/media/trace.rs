//! What happened to a photo, for operators.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_entity::media::{self, Attachment};
use darkroom_entity::rendition::{Format, Size};
use darkroom_entity::{job, media_run, post_media, story};
use futures::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::rendition::renditions;
use super::run::Row as RunRow;
use crate::app::App;
use crate::error::Result;
use crate::job::{EncodeWebp, Job, ProcessMedia};
use crate::live;

/// Runs that are told of, the last ones.
const RUNS: u64 = 50;

/// What happened to a photo, as far as rows and objects say.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its row.
    pub photo: media::Model,
    /// When every byte of it was there. Not known before, and of a photo whose runs are no longer known.
    pub accepted_at: Option<DateTime<Utc>>,
    /// What shows it.
    pub used_by: Option<Use>,
    /// From when on it is removed, with everything that was made of it. None: as long as what shows it is there.
    pub removed_from: Option<DateTime<Utc>>,
    /// Those that its rows speak of, the original first.
    pub objects: Vec<Stored>,
    /// Runs of its jobs that have ended, in that order: the last fifty of the last 30 days.
    pub runs: Vec<RunRow>,
    /// Its jobs that wait, run or are dead, the oldest first.
    pub jobs: Vec<job::Model>,
}

/// What shows a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// This post.
    Post(Uuid),
    /// This story.
    Story(Uuid),
    /// The profile of this person.
    Avatar(Uuid),
}

/// An object of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies in the store.
    pub key: String,
    /// Which rendition; none for the original.
    pub rendition: Option<(Size, Format)>,
    /// Bytes, as the row says.
    pub byte_size: i64,
    /// Whether it is there; none if the store does not say.
    pub is_present: Option<bool>,
}

/// What happened to a photo; none if there is no such photo, or no more. Of a photo that is still coming in the original is not
/// expected in the store yet.
pub async fn trace(app: &App, media_id: Uuid) -> Result<Option<Trace>> {
    let Some(photo) = media::Entity::find_by_id(media_id).one(app.rows()).await? else { return Ok(None) };
    let runs = runs(app, media_id).await?;
    let jobs = jobs(app, media_id, &runs).await?;
    let unused_for = TimeDelta::hours(i64::from(app.config.media.unattached_ttl_hours));
    Ok(Some(Trace {
        accepted_at: accepted_at(&runs, &jobs),
        used_by: used_by(app, &photo).await?,
        removed_from: match photo.attachment {
            Attachment::None => Some(photo.created_at + unused_for),
            Attachment::Post | Attachment::Story | Attachment::Avatar => photo.expires_at,
        },
        objects: objects(app, &photo).await?,
        runs,
        jobs,
        photo,
    }))
}

async fn runs(app: &App, media_id: Uuid) -> Result<Vec<RunRow>> {
    let mut runs = media_run::Entity::find()
        .filter(media_run::Column::MediaId.eq(media_id))
        .order_by_desc(media_run::Column::Id)
        .limit(RUNS)
        .all(app.rows())
        .await?;
    runs.reverse();
    Ok(runs)
}

/// Jobs that wait or run have a unique key. Those that are dead, or were tried again, have lost it, and left a run.
async fn jobs(app: &App, media_id: Uuid, runs: &[RunRow]) -> Result<Vec<job::Model>> {
    let keys = [ProcessMedia { media_id }.unique_key(), EncodeWebp { media_id }.unique_key()];
    let keyed = job::Column::UniqueKey.is_in(keys.into_iter().flatten());
    let mut jobs = job::Entity::find().filter(keyed).all(app.rows()).await?;
    let seen = job::Column::Id.is_in(runs.iter().map(|run| run.job_id));
    jobs.extend(job::Entity::find().filter(seen).all(app.rows()).await?);
    jobs.sort_unstable_by_key(|job| job.id);
    jobs.dedup_by_key(|job| job.id);
    Ok(jobs)
}

/// The transaction that accepts a photo writes its job.
fn accepted_at(runs: &[RunRow], jobs: &[job::Model]) -> Option<DateTime<Utc>> {
    let waiting = jobs.iter().filter(|job| job.name == ProcessMedia::NAME).map(|job| job.id);
    let ended = runs.iter().filter(|run| run.job_name == ProcessMedia::NAME).map(|run| run.job_id);
    waiting.chain(ended).min().map(live::moment_of)
}

async fn used_by(app: &App, photo: &media::Model) -> Result<Option<Use>> {
    Ok(match photo.attachment {
        Attachment::None => None,
        Attachment::Avatar => Some(Use::Avatar(photo.account_id)),
        Attachment::Post => {
            let post = post_media::Entity::find().filter(post_media::Column::MediaId.eq(photo.id));
            post.one(app.rows()).await?.map(|row| Use::Post(row.post_id))
        }
        Attachment::Story => {
            let story = story::Entity::find().filter(story::Column::MediaId.eq(photo.id));
            story.one(app.rows()).await?.map(|row| Use::Story(row.id))
        }
    })
}

async fn objects(app: &App, photo: &media::Model) -> Result<Vec<Stored>> {
    let original = (None, photo.original_key.clone(), photo.byte_size);
    let made = renditions(app, &[photo.id]).await?.remove(&photo.id).unwrap_or_default();
    let made = made.into_iter().map(|row| (Some((row.size, row.format)), row.object_key, row.byte_size));
    let all = std::iter::once(original).filter(|(_, key, _)| !key.is_empty()).chain(made);
    // A handful, and a store that is away is no reason to tell nothing of the rest.
    let looked_at = all.map(|(rendition, key, byte_size)| async move {
        let is_present = app.objects.size(&key).await.ok().map(|size| size.is_some());
        Stored { key, rendition, byte_size, is_present }
    });
    Ok(join_all(looked_at).await)
}
