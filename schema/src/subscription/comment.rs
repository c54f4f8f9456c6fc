//! Listening to what is said below a post.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use darkroom_entity::comment as rows;
use darkroom_service::{App, Error, live};
use futures::FutureExt;
use futures::stream::{BoxStream, StreamExt};
use uuid::Uuid;

use super::Common;
use super::arrivals::{Arrivals, Source};
use super::turn;
use super::watch::{Listener, Rhythm};
use crate::context::RequestContext;
use crate::error::Result;
use crate::id::Kind;
use crate::object::Comment;

#[derive(Default)]
pub(crate) struct CommentSubscription;

#[Object]
impl CommentSubscription {
    /// What is said below a post from now on, replies and your own words too. With `after` you get first what has come
    /// since, so that a client which connects again misses nothing; what came in the last 5 seconds before may come a
    /// second time, with the same `id`. If more than 100 have come since, it fails with `CONFLICT`: read the comments
    /// again, and listen without `after`. Comments of people whom you don't see are not told. Ends when you don't see the
    /// post any more, or when your session ends.
    async fn comment_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A post that you may see.")] post_id: ID,
        #[graphql(desc = "The `id` of the newest comment that you have.")] after: Option<ID>,
    ) -> Result<Comment> {
        let listener: Option<&Arc<Common>> = ctx.data_opt();
        // What this client selects below a comment is asked together with all who listen to the same post.
        if let Some(common) = listener {
            ctx.loader()?.loader().share(Arc::clone(common));
        }
        turn::take(ctx, begin(ctx, post_id, after)).boxed().await
    }
}

async fn begin(ctx: &Context<'_>, post_id: ID, after: Option<ID>) -> Result<BoxStream<'static, Result<Comment>>> {
    let post_id = Kind::Post.parse("postId", &post_id)?;
    let after = after.map(|id| Kind::Comment.parse("after", &id)).transpose()?;
    let listener = Listener::at(ctx, &live::comments_topic(post_id)).await?;
    let (app, common) = (listener.app.clone(), Arc::clone(&listener.common));
    let said = Said { app, common, viewer_id: listener.viewer_id(), post_id };
    if !said.is_open().await? {
        return Err(Error::not_found("postId", "post").into());
    }
    let (arrivals, first) = Arrivals::begin(listener.begun, said, after).await?;
    Ok(listener.watch(Rhythm::LONG, arrivals, first).map(|item| item.map(Comment)).boxed())
}

/// What is said below a post.
struct Said {
    app: App,
    common: Arc<Common>,
    viewer_id: Option<Uuid>,
    post_id: Uuid,
}

impl Source for Said {
    type Row = rows::Model;

    fn id(row: &rows::Model) -> Uuid {
        row.id
    }

    async fn after(&self, place: Uuid, limit: u64) -> Result<Vec<rows::Model>, Arc<Error>> {
        Ok(live::comments_after(&self.app, self.viewer_id, self.post_id, place, limit).await?)
    }

    async fn ids_after(&self, place: Uuid, limit: u64) -> Result<Vec<Uuid>, Arc<Error>> {
        self.common.comment_ids(self.post_id, place, limit).await
    }

    async fn among(&self, ids: &[Uuid]) -> Result<Vec<rows::Model>, Arc<Error>> {
        Ok(self.common.comments(self.viewer_id, ids).await?.into_values().collect())
    }

    async fn is_open(&self) -> Result<bool, Arc<Error>> {
        self.common.sees_post(self.viewer_id, self.post_id).await
    }
}
