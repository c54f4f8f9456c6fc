//! Saving.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::save;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::Post;

#[derive(Default)]
pub(crate) struct SaveMutation;

/// Which post to save.
#[derive(InputObject)]
pub(crate) struct SavePostInput {
    /// A post that you may see.
    post_id: ID,
}

payload! {
    /// What came of `savePost`.
    SavePostPayload {
        /// The post as it is now.
        post: Post,
    }
}

/// Which post to save no longer.
#[derive(InputObject)]
pub(crate) struct UnsavePostInput {
    /// A post that you may see.
    post_id: ID,
}

payload! {
    /// What came of `unsavePost`.
    UnsavePostPayload {
        /// The post as it is now.
        post: Post,
    }
}

#[Object]
impl SaveMutation {
    /// Saves a post, for you alone. Doing it twice changes nothing.
    async fn save_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SavePostInput,
    ) -> Result<SavePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { save::save(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(SavePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Saves a post no longer, and takes it out of your collections. Doing it twice changes nothing.
    async fn unsave_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnsavePostInput,
    ) -> Result<UnsavePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { save::unsave(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(UnsavePostPayload { post: post.map(Post::Row), user_errors })
    }
}
