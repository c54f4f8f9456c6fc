//! Posts.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::post;
use darkroom_service::card::{Marked, PostCard, Wanted};
use darkroom_service::{Error, Page};
use uuid::Uuid;

use super::user::load_people;
use super::{Comment, CommentConnection, Media, User, UserConnection};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{
    AccountById, CommentsOfPost, LikedPost, LikersOfPost, MentionsOfPost, PinnedOfPost, PostById, PostCardOf, SavedPost,
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
    /// Only you: you put it aside with `archivePost`.
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
pub(crate) enum Post {
    /// What it holds is looked up when it is asked for.
    Row(post::Model),
    /// With everything that a page of posts shows.
    Marked(Box<Marked>),
}

/// What either form knows.
struct Facts<'a> {
    id: Uuid,
    author_id: Uuid,
    state: post::State,
    audience: darkroom_entity::audience::Audience,
    commenters: post::Commenters,
    caption: &'a str,
    location: Option<&'a str>,
    like_count: i64,
    comment_count: i64,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    pinned_at: Option<DateTime<Utc>>,
}

impl Post {
    fn facts(&self) -> Facts<'_> {
        match self {
            Self::Row(row) => Facts {
                id: row.id,
                author_id: row.author_id,
                state: row.state,
                audience: row.audience,
                commenters: row.commenters,
                caption: &row.caption,
                location: row.location.as_deref(),
                like_count: row.like_count,
                comment_count: row.comment_count,
                created_at: row.created_at,
                edited_at: row.edited_at,
                pinned_at: row.pinned_at,
            },
            Self::Marked(marked) => Facts {
                id: marked.card.id,
                author_id: marked.card.author_id,
                state: marked.card.state,
                audience: marked.card.audience,
                commenters: marked.card.commenters,
                caption: &marked.card.caption,
                location: marked.card.location.as_deref(),
                like_count: marked.like_count,
                comment_count: marked.comment_count,
                created_at: marked.card.created_at,
                edited_at: marked.card.edited_at,
                pinned_at: marked.card.pinned_at,
            },
        }
    }

    /// What it looks like to everyone; none if it is gone by now.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Arc<PostCard>>> {
        match self {
            Self::Row(row) => {
                let wanted = Wanted { id: row.id, revision: row.card_revision };
                Ok(ctx.loader()?.load_one(PostCardOf(wanted)).await?)
            }
            Self::Marked(marked) => Ok(Some(Arc::clone(&marked.card))),
        }
    }
}

/// One to ten photos with words.
#[Object]
impl Post {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Post.id(self.facts().id)
    }

    /// Who posted it.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        if let Self::Marked(marked) = self {
            return Ok(User::Card(marked.author.clone()));
        }
        let author = ctx.loader()?.load_one(AccountById(self.facts().author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "post"))?))
    }

    /// Whether others see it yet.
    async fn state(&self) -> PostState {
        self.facts().state.into()
    }

    /// For whom it is.
    async fn audience(&self) -> Audience {
        self.facts().audience.into()
    }

    /// Who may comment on it, of those who see it.
    async fn commenters(&self) -> Commenters {
        self.facts().commenters.into()
    }

    /// At most 2,200 characters; may be empty.
    async fn caption(&self) -> &str {
        self.facts().caption
    }

    /// Where it was, in the author's words; at most 200 characters.
    async fn location(&self) -> Option<&str> {
        self.facts().location
    }

    /// The caption's hashtags in order, without `#`, in comparable form (NFKC, lower case); at most 30.
    async fn hashtags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        Ok(self.card(ctx).await?.map(|card| card.hashtags.clone()).unwrap_or_default())
    }

    /// The people whom the caption mentions, in order; at most 20.
    async fn mentions(&self, ctx: &Context<'_>) -> Result<Vec<User>> {
        let people = ctx.loader()?.load_one(MentionsOfPost(self.facts().id)).await?;
        Ok(people.unwrap_or_default().into_iter().map(User::Row).collect())
    }

    /// Its photos, in order: 1 to 10.
    async fn media(&self, ctx: &Context<'_>) -> Result<Vec<Media>> {
        let Some(card) = self.card(ctx).await? else { return Ok(Vec::new()) };
        Ok((0..card.media.len()).map(|at| Media::Card { post: Arc::clone(&card), at }).collect())
    }

    /// How many like it.
    async fn like_count(&self) -> i64 {
        self.facts().like_count
    }

    /// Those who like it and whom you may see, the latest first.
    async fn likes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        let page = page::request(ctx.app()?, List::PostLikes, first, after.as_deref())?;
        let likes = ctx.loader()?.load_one(LikersOfPost(self.facts().id, page)).await?.unwrap_or_else(Page::empty);
        Ok(UserConnection::of(List::PostLikes, load_people(ctx, likes).await?, after.is_some()))
    }

    /// Its comments that answer no other, newest first; pinned ones stand in their place here too. Those by people whom
    /// you may not see are left out.
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<CommentConnection> {
        let page = page::request(ctx.app()?, List::Comments, first, after.as_deref())?;
        let rows = ctx.loader()?.load_one(CommentsOfPost(self.facts().id, page)).await?.unwrap_or_else(Page::empty);
        Ok(CommentConnection::new(rows.map(|row| (row.id, Comment(row))), after.is_some()))
    }

    /// Comments that its author put first, the last pinned first; at most 3.
    async fn pinned_comments(&self, ctx: &Context<'_>) -> Result<Vec<Comment>> {
        let rows = ctx.loader()?.load_one(PinnedOfPost(self.facts().id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Comment).collect())
    }

    /// How many comments it has, replies among them, whether you may see their authors or not.
    async fn comment_count(&self) -> i64 {
        self.facts().comment_count
    }

    /// Whether you like it; false when signed out.
    async fn viewer_has_liked(&self, ctx: &Context<'_>) -> Result<bool> {
        if let Self::Marked(marked) = self {
            return Ok(marked.viewer_has_liked);
        }
        Ok(ctx.loader()?.load_one(LikedPost(self.facts().id)).await?.is_some())
    }

    /// Whether it stands first on its author's profile.
    async fn is_pinned(&self) -> bool {
        self.facts().pinned_at.is_some()
    }

    /// Whether you have saved it; false when signed out. Nobody else learns of it.
    async fn viewer_has_saved(&self, ctx: &Context<'_>) -> Result<bool> {
        if let Self::Marked(marked) = self {
            return Ok(marked.viewer_has_saved);
        }
        Ok(ctx.loader()?.load_one(SavedPost(self.facts().id)).await?.is_some())
    }

    /// When it was accepted: the feed's order.
    async fn created_at(&self) -> DateTime<Utc> {
        self.facts().created_at
    }

    /// When its words were last changed; null if never.
    async fn edited_at(&self) -> Option<DateTime<Utc>> {
        self.facts().edited_at
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
        .filter_map(|(place, post)| found.remove(&PostById(post)).map(|row| (place, Post::Row(row))))
        .collect();
    Ok(Page { items, has_next: page.has_next })
}
