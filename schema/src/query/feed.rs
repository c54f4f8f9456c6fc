//! Asking for the feed.

use async_graphql::{Context, Object};
use darkroom_service::{feed, ranking};

use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::object::{FeedConnection, FeedMode};
use crate::{cursor, page};

#[derive(Default)]
pub(crate) struct FeedQuery;

#[Object]
impl FeedQuery {
    /// Your feed: your own posts and those of the people you follow. A cursor is good for the mode that it came from.
    async fn feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which order.", default_with = "FeedMode::Ranked")] mode: FeedMode,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<FeedConnection> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        match mode {
            FeedMode::Ranked => {
                let (first, place) =
                    (page::length(app, first)?, after.as_deref().map(cursor::decode_place).transpose()?);
                // Boxed: the compiler follows the futures of a resolver so far only.
                let ranked = Box::pin(ranking::feed(app, viewer, first, place)).await?;
                Ok(FeedConnection::ranked(ranked, after.is_some()))
            }
            FeedMode::Following => {
                let page = page::request(app, List::Feed, first, after.as_deref())?;
                Ok(FeedConnection::new(feed::following(app, viewer, page).await?, after.is_some()))
            }
        }
    }
}
