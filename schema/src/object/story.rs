//! Stories.

mod ahead;
mod hot;

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::story;
use darkroom_service::card::Author;
use darkroom_service::story::{self as stories, Reel};
use darkroom_service::{Error, Page, Viewer};

use super::media::FullMedia;
use super::user::load_people;
use super::{Audience, Media, User};
use crate::context::RequestContext;
use crate::cursor::{self, List};
use crate::error::Result;
use crate::hot::HotList;
use crate::id::Kind;
use crate::loader::{AccountById, SeenStory, StoriesOfAuthor, StoryMediaById};
use crate::page::{self, PageInfo, connection};

#[derive(Debug, Clone)]
pub(crate) struct Story {
    row: story::Model,
    ahead: Ahead,
}

/// What is known of a story without looking it up once more: what the tray that it is in was asked for. Nothing of others.
#[derive(Debug, Clone, Default)]
struct Ahead {
    author: Option<Author>,
    media: Option<Arc<FullMedia>>,
    /// Whether the viewer has seen it; true of their own.
    has_seen: Option<bool>,
    /// Whether it is the viewer's.
    is_viewers: Option<bool>,
}

impl From<story::Model> for Story {
    fn from(row: story::Model) -> Self {
        Self { row, ahead: Ahead::default() }
    }
}

/// A photo that lives for a day.
#[Object]
impl Story {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Story.id(self.row.id)
    }

    /// Whose it is.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        if let Some(author) = &self.ahead.author {
            return Ok(User::Card(author.clone()));
        }
        let author = ctx.loader()?.load_one(AccountById(self.row.author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// For whom it is.
    async fn audience(&self) -> Audience {
        self.row.audience.into()
    }

    /// What it shows. None of its links outlives the story.
    async fn media(&self, ctx: &Context<'_>) -> Result<Media> {
        if let Some(media) = &self.ahead.media {
            return Ok(Media::Full(Arc::clone(media)));
        }
        let media = ctx.loader()?.load_one(StoryMediaById(self.row.media_id)).await?;
        Ok(Media::Row(media.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// When it was posted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// From this moment on nobody sees it.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// Whether you have seen it; true for your own, false when signed out.
    async fn viewer_has_seen(&self, ctx: &Context<'_>) -> Result<bool> {
        if let Some(has_seen) = self.ahead.has_seen {
            return Ok(has_seen);
        }
        if self.is_viewers(ctx)? {
            return Ok(true);
        }
        Ok(ctx.loader()?.load_one(SeenStory(self.row.id)).await?.is_some())
    }

    /// How many have seen it: for its author only, null for others.
    async fn viewer_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(self.is_viewers(ctx)?.then_some(self.row.viewer_count))
    }

    /// Who has seen it, the latest first: for its author only, null for others.
    async fn viewers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<Option<StoryViewerConnection>> {
        let app = ctx.app()?;
        let page = page::request(app, List::StoryViewers, first, after.as_deref())?;
        let Some(viewer) = ctx.viewer()?.filter(|viewer| viewer.id() == self.row.author_id) else { return Ok(None) };
        let views = stories::viewers(app, viewer, &self.row, page).await?;
        Ok(Some(StoryViewerConnection::new(load_people(ctx, views).await?, after.is_some())))
    }
}

impl Story {
    fn is_viewers(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.viewer()?.is_some_and(|viewer| viewer.id() == self.row.author_id))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct StoryReel {
    reel: Reel,
    /// Whose it is, and their stories, if the tray was asked for that: see [`ahead`].
    user: Option<Author>,
    stories: Option<Vec<Story>>,
}

/// A person with live stories.
#[Object]
impl StoryReel {
    /// Whose they are.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        if let Some(user) = &self.user {
            return Ok(User::Card(user.clone()));
        }
        let author = ctx.loader()?.load_one(AccountById(self.reel.key.author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// Their live stories, oldest first, as they are watched; at most 100.
    async fn stories(&self, ctx: &Context<'_>) -> Result<Vec<Story>> {
        if let Some(stories) = &self.stories {
            return Ok(stories.clone());
        }
        let rows = ctx.loader()?.load_one(StoriesOfAuthor(self.reel.key.author_id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Story::from).collect())
    }

    /// Whether you have not seen them all. Your own count as seen.
    async fn has_unseen(&self) -> bool {
        self.reel.key.has_unseen
    }
}

/// A person in the tray, and their place.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct StoryReelEdge {
    /// Their place, to be given as `after`.
    cursor: String,
    /// The person and their stories.
    node: StoryReel,
}

#[derive(Debug, Clone)]
pub(crate) struct StoryReelConnection {
    edges: Vec<StoryReelEdge>,
    has_next: bool,
    has_previous: bool,
}

impl StoryReelConnection {
    /// A page of the viewer's tray, with what the field that this is the answer to is asked for.
    pub(crate) async fn new(ctx: &Context<'_>, viewer: &Viewer, page: Page<Reel>, has_previous: bool) -> Result<Self> {
        let has_next = page.has_next;
        let reels = ahead::look(ctx, viewer, page.items).await?;
        let edge = |node: StoryReel| StoryReelEdge { cursor: cursor::encode_reel(node.reel.key), node };
        Ok(Self { edges: reels.into_iter().map(edge).collect(), has_next, has_previous })
    }
}

/// A page of the tray.
#[Object]
impl StoryReelConnection {
    /// The page's people with their cursors.
    async fn edges(&self) -> HotList<'_, StoryReelEdge> {
        HotList(self.edges.iter().collect())
    }

    /// The page's people.
    async fn nodes(&self) -> HotList<'_, StoryReel> {
        HotList(self.edges.iter().map(|edge| &edge.node).collect())
    }

    /// Where the page stands in the tray.
    async fn page_info(&self) -> PageInfo {
        let ends =
            (self.edges.first().map(|edge| edge.cursor.clone()), self.edges.last().map(|edge| edge.cursor.clone()));
        PageInfo::new(ends, self.has_next, self.has_previous)
    }
}

connection! {
    /// A page of those who have seen a story.
    StoryViewerConnection of
    /// Somebody who has seen it, and their place in the list.
    StoryViewerEdge { User } in List::StoryViewers
}
