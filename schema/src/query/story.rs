//! Asking for stories.

use async_graphql::{Context, Object};
use darkroom_service::story;

use crate::context::RequestContext;
use crate::cursor;
use crate::error::Result;
use crate::object::StoryReelConnection;
use crate::page;

#[derive(Default)]
pub(crate) struct StoryQuery;

#[Object]
impl StoryQuery {
    /// People whom you follow, and you, with live stories: those with something unseen first, then by their newest.
    async fn story_tray(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<StoryReelConnection> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let first = page::length(app, first)?;
        let key = after.as_deref().map(cursor::decode_reel).transpose()?;
        let page = story::tray(app, viewer, first, key).await?;
        StoryReelConnection::new(ctx, viewer, page, after.is_some()).await
    }
}
