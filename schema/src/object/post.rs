//! Posts.

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::post;
use darkroom_service::{Error, Page};
use uuid::Uuid;

use super::user::load_people;
use super::{Comment, CommentConnection, Media, User, UserConnection};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{
    AccountById, CommentsOfPost, HashtagsOfPost, LikedPost, LikersOfPost, MediaOfPost, MentionsOfPost, PinnedOfPost,
    PostById, SavedPost,
};
use crate::page::{self, connection};

/// Who sees a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "post::State")]
pub(crate) enum PostState {
    /// Only you: one of its media is not `READY` yet, or has `FAILED`.
    Pending,
    /// Everyone for whom it is: see `audience`.
    Published,
    /// Only you: you put it aside.
    Archived,
}

/// For whom a post or a story is. Nobody sees it whom its author blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "darkroom_entity::audience::Audience")]
pub(crate) enum Audience {
    /// Everyone; of a private account its followers.
    Everyone,
    /// Followers.
    Followers,
    /// Those on the author's list of close friends.
    CloseFriends,
}

/// Who may comment on a post, of those who see it. Its author always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "post::Commenters")]
pub(crate) enum Commenters {
    /// Everyone.
    Everyone,
    /// The author's followers.
    Followers,
    /// Nobody: comments are off.
    Nobody,
}

#[derive(Debug, Clone)]
pub(crate) struct Post(pub(crate) post::Model);

/// One to ten photos with words.
#[Object]
impl Post {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Post.id(self.0.id)
    }

    /// Who posted it.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        let author = ctx.loader()?.load_one(AccountById(self.0.author_id)).await?;
        Ok(User(author.ok_or_else(|| Error::not_found("id", "post"))?))
    }

    /// Whether others see it yet.
    async fn state(&self) -> PostState {
        self.0.state.into()
    }

    /// For whom it is.
    async fn audience(&self) -> Audience {
        self.0.audience.into()
    }

    /// Who may comment on it, of those who see it.
    async fn commenters(&self) -> Commenters {
        self.0.commenters.into()
    }

    /// At most 2,200 characters; may be empty.
    async fn caption(&self) -> &str {
        &self.0.caption
    }

    /// Where it was, in the author's words; at most 200 characters.
    async fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The caption's hashtags in order, without `#`, in comparable form (NFKC, lower case); at most 30.
    async fn hashtags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        Ok(ctx.loader()?.load_one(HashtagsOfPost(self.0.id)).await?.unwrap_or_default())
    }

    /// The people whom the caption mentions, in order; at most 20.
    async fn mentions(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        let people = ctx.loader()?.load_one(MentionsOfPost(self.0.id)).await?;
        Ok(people.unwrap_or_default().into_iter().map(User).collect())
    }

    /// Its photos, in order: 1 to 10.
    async fn media(&self, ctx: &Context<'_>) -> Result<Vec<Media>> {
        let rows = ctx.loader()?.load_one(MediaOfPost(self.0.id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Media).collect())
    }

    /// How many like it.
    async fn like_count(&self) -> i64 {
        self.0.like_count
    }

    /// Those who like it and whom you may see, the latest first.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn likes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        let page = page::request(ctx.app()?, List::PostLikes, first, after.as_deref())?;
        let likes = ctx.loader()?.load_one(LikersOfPost(self.0.id, page)).await?.unwrap_or_else(Page::empty);
        Ok(UserConnection::of(List::PostLikes, load_people(ctx, likes).await?, after.is_some()))
    }

    /// Its comments that answer no other, newest first; pinned ones stand in their place here too. Those by people whom
    /// you may not see are left out.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<CommentConnection> {
        let page = page::request(ctx.app()?, List::Comments, first, after.as_deref())?;
        let rows = ctx.loader()?.load_one(CommentsOfPost(self.0.id, page)).await?.unwrap_or_else(Page::empty);
        Ok(CommentConnection::new(rows.map(|row| (row.id, Comment(row))), after.is_some()))
    }

    /// Comments that its author put first, the last pinned first; at most 3.
    #[graphql(complexity = "3 * child_complexity")]
    async fn pinned_comments(&self, ctx: &Context<'_>) -> Result<Vec<Comment>> {
        let rows = ctx.loader()?.load_one(PinnedOfPost(self.0.id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Comment).collect())
    }

    /// How many comments it has, replies among them, whether you may see their authors or not.
    async fn comment_count(&self) -> i64 {
        self.0.comment_count
    }

    /// Whether you like it; false when signed out.
    async fn viewer_has_liked(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(LikedPost(self.0.id)).await?.is_some())
    }

    /// Whether you have saved it; false when signed out. Nobody else learns of it.
    async fn viewer_has_saved(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(SavedPost(self.0.id)).await?.is_some())
    }

    /// When it was accepted: the feed's order.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When its words were last changed; null if never.
    async fn edited_at(&self) -> Option<DateTime<Utc>> {
        self.0.edited_at
    }
}

connection! {
    /// A page of posts.
    PostConnection of
    /// A post, and its place in the list.
    PostEdge { Post } in List::Posts
}

/// Puts posts in the place of their ids, in one batch.
pub(super) async fn load_posts(ctx: &Context<'_>, page: Page<(Uuid, Uuid)>) -> Result<Page<(Uuid, Post)>> {
    let keys = page.items.iter().map(|(_, post)| PostById(*post));
    let mut found = ctx.loader()?.load_many(keys).await?;
    let items = page
        .items
        .into_iter()
        .filter_map(|(place, post)| found.remove(&PostById(post)).map(|row| (place, Post(row))))
        .collect();
    Ok(Page { items, has_next: page.has_next })
}
