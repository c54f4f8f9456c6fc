//! Asking for the feed.

use async_graphql::{Context, Object};
use darkroom_service::feed;

use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::object::{FeedConnection, FeedMode};
use crate::page;

#[derive(Default)]
pub(crate) struct FeedQuery;

#[Object]
impl FeedQuery {
    /// Your feed: your own posts and those of the people you follow.
    async fn feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which order.", default_with = "FeedMode::Ranked")] mode: FeedMode,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<FeedConnection> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let page = page::request(app, List::Feed, first, after.as_deref())?;
        let posts = match mode {
            FeedMode::Ranked | FeedMode::Following => feed::following(app, viewer, page).await?,
        };
        Ok(FeedConnection::new(posts, after.is_some()))
    }
}
