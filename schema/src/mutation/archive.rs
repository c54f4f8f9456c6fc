//! Putting posts aside.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::post;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::Post;

#[derive(Default)]
pub(crate) struct ArchiveMutation;

/// Which post to put aside.
#[derive(InputObject)]
pub(crate) struct ArchivePostInput {
    /// One of your posts that is published.
    post_id: ID,
}

payload! {
    /// What came of `archivePost`.
    ArchivePostPayload {
        /// The post, whose `state` is `ARCHIVED` now.
        post: Post,
    }
}

/// Which post to bring back.
#[derive(InputObject)]
pub(crate) struct UnarchivePostInput {
    /// One of your archived posts.
    post_id: ID,
}

payload! {
    /// What came of `unarchivePost`.
    UnarchivePostPayload {
        /// The post, whose `state` is `PUBLISHED` again.
        post: Post,
    }
}

#[Object]
impl ArchiveMutation {
    /// Puts one of your posts aside: nobody but you sees it, and it is pinned no longer. Its likes and comments stay. You find
    /// it in `Viewer.archivedPosts`. Doing it twice changes nothing.
    async fn archive_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ArchivePostInput,
    ) -> Result<ArchivePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { post::archive(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(ArchivePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Brings an archived post back to where it stood, for those for whom it is. Doing it twice changes nothing.
    async fn unarchive_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnarchivePostInput,
    ) -> Result<UnarchivePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { post::unarchive(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(done.await)?;
        Ok(UnarchivePostPayload { post: post.map(Post::Row), user_errors })
    }
}
