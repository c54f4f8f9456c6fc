//! Large files on their way in.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::upload;
use darkroom_service::upload::{self as uploads, Part};

use super::{Media, Url};
use crate::context::RequestContext;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::MediaById;

#[derive(Debug, Clone)]
pub(crate) struct MediaUpload(pub(crate) upload::Model);

/// A large file of yours that is sent part by part. Only you see it.
#[Object]
impl MediaUpload {
    /// Opaque. Keep it: with it an upload that was interrupted goes on, by `Viewer.upload`. It is no node.
    async fn id(&self) -> ID {
        Kind::Upload.id(self.0.id)
    }

    /// The media type that you announced.
    async fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// The bytes of the whole file, as you announced them.
    async fn byte_size(&self) -> i64 {
        self.0.byte_size
    }

    /// The SHA-256 of the whole file that you announced: 64 hexadecimal digits in lower case.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// What is to be seen, for those who don't see it. May be empty.
    async fn alt_text(&self) -> &str {
        &self.0.alt_text
    }

    /// The bytes of every part but the last, which has what is left.
    async fn part_size(&self) -> i64 {
        self.0.part_size
    }

    /// The parts in order, each with a fresh link: at most 320. Send them in any order, several at once if you like, and what
    /// failed again. Empty once the upload is finished.
    async fn parts(&self, ctx: &Context<'_>) -> Result<Vec<UploadPart>> {
        let parts = uploads::parts(ctx.app()?, &self.0).await?;
        Ok(parts.into_iter().map(UploadPart::from).collect())
    }

    /// What it has become; null until it is finished, and if that photo is gone.
    async fn media(&self, ctx: &Context<'_>) -> Result<Option<Media>> {
        let Some(media_id) = self.0.media_id else { return Ok(None) };
        Ok(ctx.loader()?.load_one(MediaById(media_id)).await?.map(Media::Row))
    }

    /// When it was begun.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Unless it is finished by then, it is gone, with every part that came.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
}

/// A part of a large file.
#[derive(SimpleObject)]
pub(crate) struct UploadPart {
    /// From 1.
    number: u32,
    /// Where it begins in the file, bytes from 0.
    offset: i64,
    /// Its bytes: exactly so many must be sent.
    byte_size: i64,
    /// Send the bytes there as the body of a PUT, with their length in `Content-Length` and without your session. Any other
    /// header is left out. A part that is sent again replaces what was there.
    url: Url,
    /// When that link ends, within an hour: ask for the upload again for new ones.
    url_expires_at: DateTime<Utc>,
    /// Whether as many bytes as it should have are stored. Whether they are the right ones shows when the upload is finished.
    uploaded: bool,
}

impl From<Part> for UploadPart {
    fn from(part: Part) -> Self {
        Self {
            number: part.number,
            offset: part.offset as i64,
            byte_size: part.byte_size as i64,
            url: Url(part.url),
            url_expires_at: part.url_expires_at,
            uploaded: part.is_stored,
        }
    }
}
