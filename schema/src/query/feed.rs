//! Asking for the feed.

use async_graphql::{Context, Object};
use darkroom_service::page::PageRequest;
use darkroom_service::ranking::Place;
use darkroom_service::session::{Asking, Settled};
use darkroom_service::{App, Error, Viewer, feed, ranking};

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
        let (app, caller) = (ctx.app()?, ctx.caller()?);
        let wanted = match mode {
            FeedMode::Ranked => {
                Wanted::Ranked(page::length(app, first)?, after.as_deref().map(cursor::decode_place).transpose()?)
            }
            FeedMode::Following => Wanted::Following(page::request(app, List::Feed, first, after.as_deref())?),
        };
        let is_first = after.is_none();
        let Some(presumed) = &caller.presumed else {
            return Ok(read(app, ctx.signed_in()?, wanted, is_first).await?);
        };
        // The page's own statement says who asks, and only then they see it.
        let asking = Asking::new(app, presumed);
        let page = read(&asking.app, asking.viewer(), wanted, is_first).await;
        match asking.settle(page).await? {
            Settled::Proved(page) => Ok(page?),
            Settled::Again(viewer) => Ok(read(app, viewer, wanted, is_first).await?),
        }
    }
}

/// A page of one of the feeds.
#[derive(Clone, Copy)]
enum Wanted {
    Ranked(usize, Option<Place>),
    Following(PageRequest),
}

async fn read(app: &App, viewer: &Viewer, wanted: Wanted, is_first: bool) -> Result<FeedConnection, Error> {
    match wanted {
        // Boxed: the compiler follows the futures of a resolver so far only.
        Wanted::Ranked(first, place) => {
            let ranked = Box::pin(ranking::feed(app, viewer, first, place)).await?;
            Ok(FeedConnection::ranked(ranked, !is_first))
        }
        Wanted::Following(page) => {
            Ok(FeedConnection::new(Box::pin(feed::following(app, viewer, page)).await?, !is_first))
        }
    }
}
