//! The feed.

use async_graphql::{Enum, Object, SimpleObject};
use darkroom_service::Page;
use darkroom_service::card::Marked;

use super::Post;
use crate::cursor::{self, List};
use crate::hot::HotList;
use crate::page::PageInfo;

/// In which order a feed comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum FeedMode {
    /// What matters most to you first. Until ranking arrives it answers as `FOLLOWING`.
    Ranked,
    /// Newest first.
    Following,
}

/// What a post's rank is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum RankFactor {
    /// How close you are to its author.
    Relationship,
    /// How much it is about what you care for.
    Interest,
    /// How new it is.
    Recency,
    /// How well others received it.
    Quality,
    /// How active you are.
    Activity,
}

/// One part of a post's score. The parts sum up to it.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct RankReason {
    /// Which part.
    factor: RankFactor,
    /// How much the part counts, 0–100.
    weight: f64,
    /// What it added to the score.
    value: f64,
}

/// A post in the feed, and its place.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct FeedEdge {
    /// Its place, to be given as `after`.
    cursor: String,
    /// The post.
    node: Post,
    /// Why it stands here; empty in a feed that is ordered by time.
    reasons: Vec<RankReason>,
}

impl FeedEdge {
    pub(super) fn place(&self) -> &str {
        &self.cursor
    }

    pub(super) fn post(&self) -> &Post {
        &self.node
    }
}

#[derive(Debug, Clone)]
pub(crate) struct FeedConnection {
    edges: Vec<FeedEdge>,
    has_next: bool,
    has_previous: bool,
}

impl FeedConnection {
    pub(crate) fn new(page: Page<Marked>, has_previous: bool) -> Self {
        let has_next = page.has_next;
        let edges = page
            .items
            .into_iter()
            .map(|post| FeedEdge {
                cursor: cursor::encode(List::Feed, post.card.id),
                node: Post::Marked(Box::new(post)),
                reasons: Vec::new(),
            })
            .collect();
        Self { edges, has_next, has_previous }
    }
}

/// A page of the feed.
#[Object]
impl FeedConnection {
    /// The page's posts with their cursors and reasons.
    async fn edges(&self) -> HotList<'_, FeedEdge> {
        HotList(self.edges.iter().collect())
    }

    /// The page's posts.
    async fn nodes(&self) -> HotList<'_, Post> {
        HotList(self.edges.iter().map(|edge| &edge.node).collect())
    }

    /// Where the page stands in the feed.
    async fn page_info(&self) -> PageInfo {
        let ends =
            (self.edges.first().map(|edge| edge.cursor.clone()), self.edges.last().map(|edge| edge.cursor.clone()));
        PageInfo::new(ends, self.has_next, self.has_previous)
    }
}
