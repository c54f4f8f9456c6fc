//! Commenting.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::comment::{self, NewComment};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::Comment;

#[derive(Default)]
pub(crate) struct CommentMutation;

/// What to say.
#[derive(InputObject)]
pub(crate) struct AddCommentInput {
    /// Below which post: one that you may see, and on which its author lets you comment (`Post.commenters`).
    post_id: ID,
    /// 1 to `Instance.commentMaxChars` characters. The first 20 `@names` become mentions.
    text: String,
    /// A comment below the same post that it answers: it joins its thread. Null for a comment of its own.
    reply_to_id: Option<ID>,
}

payload! {
    /// What came of `addComment`.
    AddCommentPayload {
        /// The comment.
        comment: Comment,
    }
}

/// Which comment to delete.
#[derive(InputObject)]
pub(crate) struct DeleteCommentInput {
    /// A comment of yours, or one below a post of yours.
    comment_id: ID,
}

payload! {
    /// What came of `deleteComment`.
    DeleteCommentPayload {
        /// The id of the comment that is gone.
        deleted_comment_id: ID,
    }
}

/// Which comment to put first.
#[derive(InputObject)]
pub(crate) struct PinCommentInput {
    /// A comment below a post of yours that answers no other.
    comment_id: ID,
}

payload! {
    /// What came of `pinComment`.
    PinCommentPayload {
        /// The comment as it is now.
        comment: Comment,
    }
}

/// Which comment to put back into its place.
#[derive(InputObject)]
pub(crate) struct UnpinCommentInput {
    /// A comment below a post of yours.
    comment_id: ID,
}

payload! {
    /// What came of `unpinComment`.
    UnpinCommentPayload {
        /// The comment as it is now.
        comment: Comment,
    }
}

#[Object]
impl CommentMutation {
    /// Comments on a post, or answers a comment there. `FORBIDDEN` where its author lets others comment only.
    async fn add_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AddCommentInput,
    ) -> Result<AddCommentPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let added = async {
            let reply_to_id = input.reply_to_id.map(|id| Kind::Comment.parse("replyToId", &id)).transpose()?;
            let new =
                NewComment { post_id: Kind::Post.parse("postId", &input.post_id)?, text: input.text, reply_to_id };
            comment::add(&app, viewer, new).await
        };
        let (comment, user_errors) = settle(added.await)?;
        Ok(AddCommentPayload { comment: comment.map(Comment), user_errors })
    }

    /// Deletes a comment for good, and with it what is below it in its thread.
    async fn delete_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: DeleteCommentInput,
    ) -> Result<DeleteCommentPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let deleted = async {
            let comment_id = Kind::Comment.parse("commentId", &input.comment_id)?;
            comment::delete(&app, viewer, comment_id).await.map(|()| Kind::Comment.id(comment_id))
        };
        let (deleted_comment_id, user_errors) = settle(deleted.await)?;
        Ok(DeleteCommentPayload { deleted_comment_id, user_errors })
    }

    /// Puts a comment first below your post; `CONFLICT` if three are there already. Doing it twice changes nothing.
    async fn pin_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: PinCommentInput,
    ) -> Result<PinCommentPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { comment::pin(app, viewer, Kind::Comment.parse("commentId", &input.comment_id)?).await };
        let (comment, user_errors) = settle(done.await)?;
        Ok(PinCommentPayload { comment: comment.map(Comment), user_errors })
    }

    /// Puts a pinned comment back into its place. Doing it twice changes nothing.
    async fn unpin_comment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnpinCommentInput,
    ) -> Result<UnpinCommentPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { comment::unpin(app, viewer, Kind::Comment.parse("commentId", &input.comment_id)?).await };
        let (comment, user_errors) = settle(done.await)?;
        Ok(UnpinCommentPayload { comment: comment.map(Comment), user_errors })
    }
}
