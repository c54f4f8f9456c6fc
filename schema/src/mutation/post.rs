//! Posting.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use darkroom_service::Error;
use darkroom_service::post::{self, NewPost, PostChange};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Audience, Commenters, Post};

#[derive(Default)]
pub(crate) struct PostMutation;

/// What to post.
#[derive(InputObject)]
pub(crate) struct CreatePostInput {
    /// 1–10 of your uploaded photos that are not in use, in order. They need not be `READY` yet.
    media_ids: Vec<ID>,
    /// At most 2,200 characters. `#words` become hashtags and `@names` mentions.
    #[graphql(default)]
    caption: String,
    /// Where it was; at most 200 characters.
    location: Option<String>,
    /// For whom it is.
    #[graphql(default_with = "Audience::Everyone")]
    audience: Audience,
    /// Who may comment on it, of those who see it.
    #[graphql(default_with = "Commenters::Everyone")]
    commenters: Commenters,
}

payload! {
    /// What came of `createPost`.
    CreatePostPayload {
        /// The post. Others see it as soon as all its photos are `READY`.
        post: Post,
    }
}

/// What to change of a post. What is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdatePostInput {
    /// One of your posts.
    post_id: ID,
    /// At most 2,200 characters.
    caption: Option<String>,
    /// At most 200 characters; null removes it.
    location: MaybeUndefined<String>,
    /// For whom it is from now on: at once, and everywhere.
    audience: Option<Audience>,
    /// Who may comment on it from now on. Comments that are there stay.
    commenters: Option<Commenters>,
}

payload! {
    /// What came of `updatePost`.
    UpdatePostPayload {
        /// The post as it is now.
        post: Post,
    }
}

/// Which post to delete.
#[derive(InputObject)]
pub(crate) struct DeletePostInput {
    /// One of your posts.
    post_id: ID,
}

payload! {
    /// What came of `deletePost`.
    DeletePostPayload {
        /// The id of the post that is gone.
        deleted_post_id: ID,
    }
}

#[Object]
impl PostMutation {
    /// Posts photos. It is accepted at once, and stays yours alone until all its photos are `READY`.
    async fn create_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CreatePostInput,
    ) -> Result<CreatePostPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let created = async {
            // A list that is too long is refused before it is read.
            if input.media_ids.len() > app.config.limits.media_per_post {
                let most = app.config.limits.media_per_post;
                return Err(Error::invalid("mediaIds", format!("A post holds 1 to {most} photos.")));
            }
            let media_ids = input
                .media_ids
                .iter()
                .map(|id| Kind::Media.parse("mediaIds", id))
                .collect::<Result<Vec<_>, Error>>()?;
            let new = NewPost {
                media_ids,
                caption: input.caption,
                location: input.location,
                audience: input.audience.into(),
                commenters: input.commenters.into(),
            };
            post::create(&app, viewer, new).await
        };
        let (post, user_errors) = settle(created.await)?;
        Ok(CreatePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Changes the words of one of your posts, for whom it is, or who may comment on it.
    async fn update_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UpdatePostInput,
    ) -> Result<UpdatePostPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let updated = async {
            let post_id = Kind::Post.parse("postId", &input.post_id)?;
            let location = match input.location {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(location) => Some(Some(location)),
            };
            let change = PostChange {
                caption: input.caption,
                location,
                audience: input.audience.map(Into::into),
                commenters: input.commenters.map(Into::into),
            };
            post::update(app, viewer, post_id, change).await
        };
        let (post, user_errors) = settle(updated.await)?;
        Ok(UpdatePostPayload { post: post.map(Post::Row), user_errors })
    }

    /// Deletes one of your posts for good: nobody sees it from now on, and its files follow within minutes.
    async fn delete_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: DeletePostInput,
    ) -> Result<DeletePostPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let deleted = async {
            let post_id = Kind::Post.parse("postId", &input.post_id)?;
            post::delete(&app, viewer, post_id).await.map(|()| Kind::Post.id(post_id))
        };
        let (deleted_post_id, user_errors) = settle(deleted.await)?;
        Ok(DeletePostPayload { deleted_post_id, user_errors })
    }
}
