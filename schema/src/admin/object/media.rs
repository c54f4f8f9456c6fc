//! What happened to photos.

use async_graphql::{Enum, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_service::media::{self, Outcome, RunRow, Trace, TracedObject, Use};

use super::Job;
use crate::id::Kind;
use crate::object::{MediaFailure, MediaFormat, MediaSize, MediaStatus};

#[derive(Debug, Clone)]
pub(crate) struct MediaTrace(pub(crate) Trace);

/// What happened to a photo. Nothing of what it shows or of what people wrote about it.
#[Object]
impl MediaTrace {
    /// The id of the `Media` of the product's API.
    async fn id(&self) -> ID {
        Kind::Media.id(self.0.photo.id)
    }

    /// Whose it is: the id of a `User` of the product's API.
    async fn owner_id(&self) -> ID {
        Kind::User.id(self.0.photo.account_id)
    }

    /// How far it is on its way.
    async fn status(&self) -> MediaStatus {
        self.0.photo.status.into()
    }

    /// Why it can't be used, if its status is `FAILED`.
    async fn failure(&self) -> Option<MediaFailure> {
        MediaFailure::of(&self.0.photo)
    }

    /// The media type of the file, recognised from its content.
    async fn content_type(&self) -> &str {
        &self.0.photo.content_type
    }

    /// Pixels, upright; null if not known yet.
    async fn width(&self) -> Option<i32> {
        self.0.photo.width
    }

    /// Pixels, upright; null if not known yet.
    async fn height(&self) -> Option<i32> {
        self.0.photo.height
    }

    /// When its first bytes were recognised as a picture.
    async fn begun_at(&self) -> DateTime<Utc> {
        self.0.photo.created_at
    }

    /// When every byte of it was stored, and the job written that processes it; null if that is not so, or no longer known.
    async fn accepted_at(&self) -> Option<DateTime<Utc>> {
        self.0.accepted_at
    }

    /// What shows it: the id of a `Post`, a `Story` or, if it is a profile picture, a `User` of the product's API. Null if nothing
    /// does.
    async fn used_by(&self) -> Option<ID> {
        self.0.used_by.map(|used_by| match used_by {
            Use::Post(id) => Kind::Post.id(id),
            Use::Story(id) => Kind::Story.id(id),
            Use::Avatar(id) => Kind::User.id(id),
        })
    }

    /// From when on it is removed with everything that was made of it: because nothing shows it, or its story has ended. Null if it
    /// stays as long as what shows it.
    async fn removed_from(&self) -> Option<DateTime<Utc>> {
        self.0.removed_from
    }

    /// What its rows say that there is in the object store: the original first, then renditions, smallest first. An original that
    /// can't be used is removed, and not listed.
    async fn objects(&self) -> Vec<MediaObject> {
        self.0.objects.iter().cloned().map(MediaObject).collect()
    }

    /// How the runs of its jobs have ended, in that order: the last 50 of the last 30 days. One whose worker died, or that was put
    /// off because a store was away, is not among them.
    async fn runs(&self) -> Vec<MediaRun> {
        self.0.runs.iter().cloned().map(MediaRun).collect()
    }

    /// Its jobs that wait, run or are dead, the oldest first. One that is done is gone.
    async fn jobs(&self) -> Vec<Job> {
        self.0.jobs.iter().cloned().map(Job).collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct MediaObject(TracedObject);

/// An object of a photo.
#[Object]
impl MediaObject {
    /// Where it lies in the store. No link: nobody gets at it by that.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Which size; null for the original.
    async fn size(&self) -> Option<MediaSize> {
        self.0.rendition.map(|(size, _)| size.into())
    }

    /// How it is encoded; null for the original.
    async fn format(&self) -> Option<MediaFormat> {
        self.0.rendition.map(|(_, format)| format.into())
    }

    /// Bytes, as its row says.
    async fn byte_size(&self) -> i64 {
        self.0.byte_size
    }

    /// Whether it is there; null if the store does not say.
    async fn is_present(&self) -> Option<bool> {
        self.0.is_present
    }
}

/// How a run of a photo's job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Outcome")]
pub(crate) enum MediaRunOutcome {
    /// It has made what it was to make.
    Done,
    /// The file can't be used.
    Refused,
    /// It failed, and the job came back later.
    Retried,
    /// It failed, and the job was given up.
    Dead,
}

#[derive(Debug, Clone)]
pub(crate) struct MediaRun(RunRow);

/// A run of a photo's job that has ended.
#[Object]
impl MediaRun {
    /// Of which job. It may be gone.
    async fn job_id(&self) -> ID {
        Kind::Job.id(self.0.job_id)
    }

    /// The job's name: `media.process` or `media.encode_webp`.
    async fn name(&self) -> &str {
        &self.0.job_name
    }

    /// Which of the job's runs, from 1.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// When a worker took it.
    async fn begun_at(&self) -> DateTime<Utc> {
        self.0.begun_at
    }

    /// When it ended.
    async fn ended_at(&self) -> DateTime<Utc> {
        media::ended_at(&self.0)
    }

    /// How.
    async fn outcome(&self) -> MediaRunOutcome {
        self.0.outcome.into()
    }

    /// Why, unless it is done: at most 200 characters.
    async fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }
}
