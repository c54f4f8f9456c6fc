//! Uploading large files, part by part.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::Error;
use darkroom_service::upload::{self, Announced};

use super::media::MediaPurpose;
use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Media, MediaUpload};

#[derive(Default)]
pub(crate) struct UploadMutation;

/// A large file to be sent.
#[derive(InputObject)]
pub(crate) struct CreateUploadInput {
    /// Its media type: one of `Instance.acceptedTypes`, and what its content is.
    content_type: String,
    /// Its bytes, at most `Instance.uploadMaxBytes`.
    byte_size: i64,
    /// The SHA-256 of the whole file: 64 hexadecimal digits.
    sha256: String,
    /// What is to be seen, for those who don't see it; at most `Instance.altTextMaxChars` characters.
    #[graphql(default)]
    alt_text: String,
    /// What it is for.
    #[graphql(default_with = "MediaPurpose::Post")]
    purpose: MediaPurpose,
}

payload! {
    /// What came of `createUpload`.
    CreateUploadPayload {
        /// The upload, and where to send its parts.
        upload: MediaUpload,
    }
}

/// Which upload to finish.
#[derive(InputObject)]
pub(crate) struct FinishUploadInput {
    /// One of your uploads.
    upload_id: ID,
}

payload! {
    /// What came of `finishUpload`.
    FinishUploadPayload {
        /// The photo, `PROCESSING`: as of `uploadMedia`. The same one if the upload was finished before.
        media: Media,
    }
}

/// Which upload to cancel.
#[derive(InputObject)]
pub(crate) struct CancelUploadInput {
    /// One of your uploads that is not finished.
    upload_id: ID,
}

payload! {
    /// What came of `cancelUpload`.
    CancelUploadPayload {
        /// The id of the upload that is gone.
        cancelled_upload_id: ID,
    }
}

#[Object]
impl UploadMutation {
    /// Begins to upload a large file: send its parts by PUT to the links of the answer, then `finishUpload`. For as long as
    /// `expiresAt` says it can be interrupted, and gone on with by `Viewer.upload`.
    async fn create_upload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CreateUploadInput,
    ) -> Result<CreateUploadPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let CreateUploadInput { content_type, byte_size, sha256, alt_text, purpose } = input;
        let announced = Announced { content_type, byte_size, sha256, alt_text, purpose: purpose.into() };
        let (upload, user_errors) = settle(upload::create(&app, viewer, announced).await)?;
        Ok(CreateUploadPayload { upload: upload.map(MediaUpload), user_errors })
    }

    /// Makes a photo of an upload whose parts are all there, once size, checksum and type are what was announced. Doing it
    /// twice makes one photo. Missing or damaged parts are a user error, and can be sent again; a file that can't be used
    /// ends the upload.
    async fn finish_upload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: FinishUploadInput,
    ) -> Result<FinishUploadPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let finished = async {
            let id = Kind::Upload.parse("uploadId", &input.upload_id)?;
            upload::finish(app, viewer, id).await
        };
        let (media, user_errors) = settle(finished.await)?;
        Ok(FinishUploadPayload { media: media.map(Media::Row), user_errors })
    }

    /// Ends an upload that is not finished, and removes what came of it.
    async fn cancel_upload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CancelUploadInput,
    ) -> Result<CancelUploadPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let cancelled = async {
            let id = Kind::Upload.parse("uploadId", &input.upload_id)?;
            upload::cancel(&app, viewer, id).await?;
            Ok::<_, Error>(Kind::Upload.id(id))
        };
        let (cancelled_upload_id, user_errors) = settle(cancelled.await)?;
        Ok(CancelUploadPayload { cancelled_upload_id, user_errors })
    }
}
