//! The server itself.

use async_graphql::{Context, Object};
use darkroom_service::account::rules;
use darkroom_service::text;

use crate::context::RequestContext;
use crate::error::Result;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Instance;

/// This server: its version and what it takes.
#[Object]
impl Instance {
    /// The version of Darkroom.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// The most bytes of an uploaded file.
    async fn upload_max_bytes(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(i64::try_from(ctx.app()?.config.limits.upload_max_bytes).unwrap_or(i64::MAX))
    }

    /// The most pixels of a photo: width × height.
    async fn media_max_pixels(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(i64::try_from(ctx.app()?.config.limits.media_max_pixels).unwrap_or(i64::MAX))
    }

    /// The longest side of a photo in pixels.
    async fn media_max_side(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(i64::from(ctx.app()?.config.limits.media_max_side))
    }

    /// Media types of files that can be uploaded. A file is recognised by its content.
    async fn accepted_types(&self, ctx: &Context<'_>) -> Result<Vec<&'static str>> {
        Ok(darkroom_service::media::accepted_types(ctx.app()?))
    }

    /// The most photos of a post.
    async fn media_per_post(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.media_per_post)
    }

    /// The most characters of a caption.
    async fn caption_max_chars(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.caption_max_chars)
    }

    /// The most characters of a comment.
    async fn comment_max_chars(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.comment_max_chars)
    }

    /// The most characters of a location.
    async fn location_max_chars(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.location_max_chars)
    }

    /// The most characters of an alt text.
    async fn alt_text_max_chars(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.alt_text_max_chars)
    }

    /// The most characters of a bio.
    async fn bio_max_chars(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.bio_max_chars)
    }

    /// The most characters of a username.
    async fn username_max_chars(&self) -> usize {
        text::USERNAME_CHARS
    }

    /// The fewest characters of a password.
    async fn password_min_chars(&self) -> usize {
        rules::PASSWORD_CHARS.0
    }

    /// The most entries of a page.
    async fn page_max(&self, ctx: &Context<'_>) -> Result<usize> {
        Ok(ctx.app()?.config.limits.page_max)
    }

    /// How many hours a story lives.
    async fn story_ttl_hours(&self, ctx: &Context<'_>) -> Result<u32> {
        Ok(ctx.app()?.config.story.ttl_hours)
    }
}
