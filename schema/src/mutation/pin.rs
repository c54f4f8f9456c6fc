//! Putting posts first.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::post;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::Post;

#[derive(Default)]
pub(crate) struct PinMutation;

/// Which post to pin.
#[derive(InputObject)]
pub(crate) struct PinPostInput {
    /// One of your posts that is published.
    post_id: ID,
}

payload! {
    /// What came of `pinPost`.
    PinPostPayload {
        /// The post, whose `isPinned` is true now.
        post: Post,
    }
}

/// Which post to unpin.
#[derive(InputObject)]
pub(crate) struct UnpinPostInput {
    /// One of your posts.
    post_id: ID,
}

payload! {
    /// What came of `unpinPost`.
    UnpinPostPayload {
        /// The post, whose `isPinned` is false now.
        post: Post,
    }
}

#[Object]
impl PinMutation {
    /// Puts one of your posts first on your profile, in `User.pinnedPosts`: at most 3. Doing it twice changes nothing.
    async fn pin_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: PinPostInput,
    ) -> Result<PinPostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { post::pin(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(PinPostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Pins one of your posts no longer. Doing it twice changes nothing.
    async fn unpin_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnpinPostInput,
    ) -> Result<UnpinPostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { post::unpin(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(UnpinPostPayload { post: post.map(Post::Row), user_errors })
    }
}
