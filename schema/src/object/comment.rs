//! Comments.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::comment;
use darkroom_service::{Error, Page};

use super::user::load_people;
use super::{Post, User, UserConnection};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{
    AccountById, CommentById, LikedComment, LikersOfComment, MentionsOfComment, PostById, RepliesOfComment,
};
use crate::page::{self, connection};

#[derive(Debug, Clone)]
pub(crate) struct Comment(pub(crate) comment::Model);

/// What somebody says below a post, or in answer to another comment there. Who sees the post sees it, but for what people
/// say whom they may not see.
#[Object]
impl Comment {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Comment.id(self.0.id)
    }

    /// Who said it.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        let author = ctx.loader()?.load_one(AccountById(self.0.author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "comment"))?))
    }

    /// Below which post.
    async fn post(&self, ctx: &Context<'_>) -> Result<Post> {
        let post = ctx.loader()?.load_one(PostById(self.0.post_id)).await?;
        Ok(Post::Row(post.ok_or_else(|| Error::not_found("id", "comment"))?))
    }

    /// 1 to `Instance.commentMaxChars` characters.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// The people whom it mentions, in order, as far as they see the post and you may see them; at most 20.
    async fn mentions(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        let people = ctx.loader()?.load_one(MentionsOfComment(self.0.id)).await?;
        Ok(people.unwrap_or_default().into_iter().map(User::Row).collect())
    }

    /// The comment that it answers; null if it answers none, or one that is gone or not yours to see.
    async fn reply_to(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        match self.0.reply_to_id {
            Some(id) => Ok(ctx.loader()?.load_one(CommentById(id)).await?.map(Comment)),
            None => Ok(None),
        }
    }

    /// The replies in its thread, oldest first. A reply has none of its own: an answer to it joins the same thread.
    async fn replies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<CommentConnection> {
        let page = page::request(ctx.app()?, List::Replies, first, after.as_deref())?;
        let rows = ctx.loader()?.load_one(RepliesOfComment(self.0.id, page)).await?.unwrap_or_else(Page::empty);
        Ok(CommentConnection::of(List::Replies, rows.map(|row| (row.id, Comment(row))), after.is_some()))
    }

    /// How many like it.
    async fn like_count(&self) -> i64 {
        self.0.like_count
    }

    /// Those who like it and whom you may see, the latest first.
    async fn likes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        let page = page::request(ctx.app()?, List::CommentLikes, first, after.as_deref())?;
        let likes = ctx.loader()?.load_one(LikersOfComment(self.0.id, page)).await?.unwrap_or_else(Page::empty);
        Ok(UserConnection::of(List::CommentLikes, load_people(ctx, likes).await?, after.is_some()))
    }

    /// How many replies are in its thread, whether you may see their authors or not; 0 of a reply.
    async fn reply_count(&self) -> i64 {
        self.0.reply_count
    }

    /// Whether you like it; false when signed out.
    async fn viewer_has_liked(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(LikedComment(self.0.id)).await?.is_some())
    }

    /// Whether the post's author put it first.
    async fn is_pinned(&self) -> bool {
        self.0.pinned_at.is_some()
    }

    /// When it was said.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

connection! {
    /// A page of comments.
    CommentConnection of
    /// A comment, and its place in the list.
    CommentEdge { Comment } in List::Comments
}
