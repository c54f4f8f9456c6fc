//! Liking.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::like;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Comment, Post};

#[derive(Default)]
pub(crate) struct LikeMutation;

/// Which post to like.
#[derive(InputObject)]
pub(crate) struct LikePostInput {
    /// A post that you may see.
    post_id: ID,
}

payload! {
    /// What came of `likePost`.
    LikePostPayload {
        /// The post as it is now.
        post: Post,
    }
}

/// Which post to like no longer.
#[derive(InputObject)]
pub(crate) struct UnlikePostInput {
    /// A post that you may see.
    post_id: ID,
}

payload! {
    /// What came of `unlikePost`.
    UnlikePostPayload {
        /// The post as it is now.
        post: Post,
    }
}

/// Which comment to like.
#[derive(InputObject)]
pub(crate) struct LikeCommentInput {
    /// A comment that you may see.
    comment_id: ID,
}

payload! {
    /// What came of `likeComment`.
    LikeCommentPayload {
        /// The comment as it is now.
        comment: Comment,
    }
}

/// Which comment to like no longer.
#[derive(InputObject)]
pub(crate) struct UnlikeCommentInput {
    /// A comment that you may see.
    comment_id: ID,
}

payload! {
    /// What came of `unlikeComment`.
    UnlikeCommentPayload {
        /// The comment as it is now.
        comment: Comment,
    }
}

#[Object]
impl LikeMutation {
    /// Likes a post. Doing it twice changes nothing.
    async fn like_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: LikePostInput,
    ) -> Result<LikePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let liked = async { like::like(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(liked.await)?;
        Ok(LikePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Takes a like back. Doing it twice changes nothing.
    async fn unlike_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnlikePostInput,
    ) -> Result<UnlikePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let unliked = async { like::unlike(app, viewer, Kind::Post.parse("postId", &input.post_id)?).await };
        let (post, user_errors) = settle(unliked.await)?;
        Ok(UnlikePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Likes a comment. Doing it twice changes nothing.
    async fn like_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: LikeCommentInput,
    ) -> Result<LikeCommentPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done =
            async { like::like_comment(app, viewer, Kind::Comment.parse("commentId", &input.comment_id)?).await };
        let (comment, user_errors) = settle(done.await)?;
        Ok(LikeCommentPayload { comment: comment.map(Comment), user_errors })
    }

    /// Takes a like of a comment back. Doing it twice changes nothing.
    async fn unlike_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnlikeCommentInput,
    ) -> Result<UnlikeCommentPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done =
            async { like::unlike_comment(app, viewer, Kind::Comment.parse("commentId", &input.comment_id)?).await };
        let (comment, user_errors) = settle(done.await)?;
        Ok(UnlikeCommentPayload { comment: comment.map(Comment), user_errors })
    }
}
