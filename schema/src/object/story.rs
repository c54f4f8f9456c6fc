//! Stories.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::story;
use darkroom_service::story::{self as stories, Reel};
use darkroom_service::{Error, Page};

use super::user::load_people;
use super::{Audience, Media, User};
use crate::context::RequestContext;
use crate::cursor::{self, List};
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{AccountById, SeenStory, StoriesOfAuthor, StoryMediaById};
use crate::page::{self, PageInfo, connection};

#[derive(Debug, Clone)]
pub(crate) struct Story(pub(crate) story::Model);

/// A photo that lives for a day.
#[Object]
impl Story {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Story.id(self.0.id)
    }

    /// Whose it is.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        let author = ctx.loader()?.load_one(AccountById(self.0.author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// For whom it is.
    async fn audience(&self) -> Audience {
        self.0.audience.into()
    }

    /// What it shows. None of its links outlives the story.
    async fn media(&self, ctx: &Context<'_>) -> Result<Media> {
        let media = ctx.loader()?.load_one(StoryMediaById(self.0.media_id)).await?;
        Ok(Media::Row(media.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// When it was posted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// From this moment on nobody sees it.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// Whether you have seen it; true for your own, false when signed out.
    async fn viewer_has_seen(&self, ctx: &Context<'_>) -> Result<bool> {
        if self.is_viewers(ctx)? {
            return Ok(true);
        }
        Ok(ctx.loader()?.load_one(SeenStory(self.0.id)).await?.is_some())
    }

    /// How many have seen it: for its author only, null for others.
    async fn viewer_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        Ok(self.is_viewers(ctx)?.then_some(self.0.viewer_count))
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
        let Some(viewer) = ctx.viewer()?.filter(|viewer| viewer.id() == self.0.author_id) else { return Ok(None) };
        let views = stories::viewers(app, viewer, &self.0, page).await?;
        Ok(Some(StoryViewerConnection::new(load_people(ctx, views).await?, after.is_some())))
    }
}

impl Story {
    fn is_viewers(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.viewer()?.is_some_and(|viewer| viewer.id() == self.0.author_id))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct StoryReel(Reel);

/// A person with live stories.
#[Object]
impl StoryReel {
    /// Whose they are.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        let author = ctx.loader()?.load_one(AccountById(self.0.key.author_id)).await?;
        Ok(User::Row(author.ok_or_else(|| Error::not_found("id", "story"))?))
    }

    /// Their live stories, oldest first, as they are watched; at most 100.
    async fn stories(&self, ctx: &Context<'_>) -> Result<Vec<Story>> {
        let rows = ctx.loader()?.load_one(StoriesOfAuthor(self.0.key.author_id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Story).collect())
    }

    /// Whether you have not seen them all. Your own count as seen.
    async fn has_unseen(&self) -> bool {
        self.0.key.has_unseen
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
    pub(crate) fn new(page: Page<Reel>, has_previous: bool) -> Self {
        let has_next = page.has_next;
        let edges = page
            .items
            .into_iter()
            .map(|reel| StoryReelEdge { cursor: cursor::encode_reel(reel.key), node: StoryReel(reel) })
            .collect();
        Self { edges, has_next, has_previous }
    }
}

/// A page of the tray.
#[Object]
impl StoryReelConnection {
    /// The page's people with their cursors.
    async fn edges(&self) -> &[StoryReelEdge] {
        &self.edges
    }

    /// The page's people.
    async fn nodes(&self) -> Vec<&StoryReel> {
        self.edges.iter().map(|edge| &edge.node).collect()
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
