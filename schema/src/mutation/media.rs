//! Uploading.

use async_graphql::{Context, Enum, InputObject, Object};
use darkroom_service::media::{self, NewUpload, Purpose};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::object::Media;
use crate::upload::Upload;

#[derive(Default)]
pub(crate) struct MediaMutation;

/// What a photo is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Purpose")]
pub(crate) enum MediaPurpose {
    /// A post or a profile picture.
    Post,
    /// A story. It only chooses where the bytes lie: operators give stories storage rules of their own.
    Story,
}

/// A photo to be uploaded.
#[derive(InputObject)]
pub(crate) struct UploadMediaInput {
    /// The file: one of `Instance.acceptedTypes`, by content; of several pictures in it the first.
    file: Upload,
    /// What is to be seen, for those who don't see it; at most `Instance.altTextMaxChars` characters.
    #[graphql(default)]
    alt_text: String,
    /// What it is for.
    #[graphql(default_with = "MediaPurpose::Post")]
    purpose: MediaPurpose,
}

payload! {
    /// What came of `uploadMedia`.
    UploadMediaPayload {
        /// The photo, `PROCESSING`: every byte is stored. `mediaProcessed` tells when it is ready. Unless a post, a
        /// story or your profile uses it, it is removed after a day.
        media: Media,
    }
}

#[Object]
impl MediaMutation {
    /// Uploads a photo, by the GraphQL multipart request specification. A file that can't be used is refused as soon as
    /// that is known.
    async fn upload_media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UploadMediaInput,
    ) -> Result<UploadMediaPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let uploaded = async {
            let body = input.file.open(ctx).await?.body;
            let new = NewUpload { body, alt_text: input.alt_text, purpose: input.purpose.into() };
            media::upload(&app, viewer, new).await
        };
        let (media, user_errors) = settle(uploaded.await)?;
        Ok(UploadMediaPayload { media: media.map(Media::Row), user_errors })
    }
}
