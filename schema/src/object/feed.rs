//! The feed.

use async_graphql::{Enum, Object, SimpleObject};
use darkroom_service::Page;
use darkroom_service::card::Marked;
use darkroom_service::ranking::{Factor, Placed, Ranked, Reason};

use super::Post;
use crate::cursor::{self, List};
use crate::hot::HotList;
use crate::page::PageInfo;

/// How many posts a page should hold where nobody is known better.
const PAGE_LENGTH: u8 = 20;

/// In which order a feed comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum FeedMode {
    /// What matters most to you first: the newest posts of your feed, up to 800, by their score; below these by time. No two
    /// neighbours are of one author, and nobody floods a page, as long as others have something to show. Your own posts of the
    /// last hour come first.
    Ranked,
    /// Newest first.
    Following,
}

/// What a post's rank is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Factor")]
pub(crate) enum RankFactor {
    /// How close you are to its author: your likes, comments, saves, looks at their profile and stories, and your follow. What is
    /// two weeks old counts half. 0 for your own posts.
    Relationship,
    /// How much it is about what you care for: its hashtags, its kind of media, its author. 0 for your own posts.
    Interest,
    /// How new it is: a half after a day, unless the server is set up otherwise.
    Recency,
    /// How well others received it: likes and comments against what is expected of so many who saw it, how long they looked,
    /// whether it has a caption, a place and an alternative text.
    Quality,
    /// How active you are: the same for all posts. It orders none of them, but makes your pages longer and more mixed.
    Activity,
}

/// One part of a post's score, `weight · value`. The parts sum up to it.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct RankReason {
    /// Which part.
    pub(super) factor: RankFactor,
    /// How much the part counts, 0–100: yours if you chose it, else the server's.
    pub(super) weight: f64,
    /// How much of it the post had when it was ranked, 0–1.
    pub(super) value: f64,
}

impl From<Reason> for RankReason {
    fn from(reason: Reason) -> Self {
        Self { factor: reason.factor.into(), weight: reason.weight, value: reason.value }
    }
}

/// A post in the feed, and its place.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct FeedEdge {
    /// Its place, to be given as `after`. In a ranked feed it names the order as well, and is good for an hour, unless the server
    /// is set up otherwise.
    cursor: String,
    /// The post.
    node: Post,
    /// What it is worth to you; null where the feed goes by time.
    score: Option<f64>,
    /// Why it stands here: the parts of its score. Empty where the feed goes by time.
    reasons: Vec<RankReason>,
}

impl FeedEdge {
    pub(super) fn place(&self) -> &str {
        &self.cursor
    }

    pub(super) fn post(&self) -> &Post {
        &self.node
    }

    pub(super) fn points(&self) -> Option<f64> {
        self.score
    }

    pub(super) fn parts(&self) -> &[RankReason] {
        &self.reasons
    }

    fn by_time(post: Marked, cursor: String) -> Self {
        Self { cursor, node: Post::Marked(Box::new(post)), score: None, reasons: Vec::new() }
    }

    fn ranked(placed: Placed) -> Self {
        let edge = Self::by_time(placed.post, cursor::encode_place(placed.place));
        match placed.reasons {
            Some((reasons, score)) => {
                Self { score: Some(score), reasons: reasons.into_iter().map(RankReason::from).collect(), ..edge }
            }
            None => edge,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct FeedConnection {
    edges: Vec<FeedEdge>,
    has_next: bool,
    has_previous: bool,
    restarted: bool,
    page_length: u8,
}

impl FeedConnection {
    /// A page of the feed by time.
    pub(crate) fn new(page: Page<Marked>, has_previous: bool) -> Self {
        let has_next = page.has_next;
        let edge = |post: Marked| {
            let cursor = cursor::encode(List::Feed, post.card.id);
            FeedEdge::by_time(post, cursor)
        };
        let edges = page.items.into_iter().map(edge).collect();
        Self { edges, has_next, has_previous, restarted: false, page_length: PAGE_LENGTH }
    }

    /// A page of the ranked feed.
    pub(crate) fn ranked(ranked: Ranked, has_previous: bool) -> Self {
        let Ranked { page, restarted, page_length } = ranked;
        let has_next = page.has_next;
        let edges = page.items.into_iter().map(FeedEdge::ranked).collect();
        Self { edges, has_next, has_previous: has_previous && !restarted, restarted, page_length }
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

    /// Whether the order of the cursor that you gave is not kept any more: this is the first page of a new one. Show it in place
    /// of what you show. Always false without `after`, and in a feed by time.
    async fn restarted(&self) -> bool {
        self.restarted
    }

    /// How many posts your next page should hold, 10–30: more for those who do much.
    async fn suggested_first(&self) -> i32 {
        self.page_length.into()
    }
}
