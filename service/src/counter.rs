//! Counters that rows carry: what they count, and whether they are right.
//!
//! A counter changes in the transaction of what it counts, so it is never wrong. [`recount`] makes sure: it compares every
//! counter with what is there and repairs what differs. How many were wrong is the drift, which should stay nought for
//! ever; whoever watches a server watches it.

mod recount;

use std::sync::atomic::{AtomicU64, Ordering};

use darkroom_platform::metrics::{self, Counted};
use serde::{Deserialize, Serialize};

pub use recount::{Place, Recounted, recount, recount_page, recount_pages};

/// A counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// `account.follower_count`: accepted follows of a person.
    AccountFollowers,
    /// `account.following_count`: accepted follows by a person.
    AccountFollowing,
    /// `account.post_count`: published posts.
    AccountPosts,
    /// `post.like_count`.
    PostLikes,
    /// `post.comment_count`: top comments, and replies below one that is there.
    PostComments,
    /// `comment.like_count`.
    CommentLikes,
    /// `comment.reply_count`: replies in a thread.
    CommentReplies,
    /// `story.viewer_count`.
    StoryViewers,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AccountFollowers,
        Self::AccountFollowing,
        Self::AccountPosts,
        Self::PostLikes,
        Self::PostComments,
        Self::CommentLikes,
        Self::CommentReplies,
        Self::StoryViewers,
    ];

    /// Its name: table and column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountFollowers => "account.follower_count",
            Self::AccountFollowing => "account.following_count",
            Self::AccountPosts => "account.post_count",
            Self::PostLikes => "post.like_count",
            Self::PostComments => "post.comment_count",
            Self::CommentLikes => "comment.like_count",
            Self::CommentReplies => "comment.reply_count",
            Self::StoryViewers => "story.viewer_count",
        }
    }
}

/// Tables that carry counters, in the order of a recount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// People.
    Account,
    /// Posts.
    Post,
    /// Comments.
    Comment,
    /// Stories.
    Story,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Account, Self::Post, Self::Comment, Self::Story];

    /// Its counters.
    pub const fn counters(self) -> &'static [Counter] {
        match self {
            Self::Account => &[Counter::AccountFollowers, Counter::AccountFollowing, Counter::AccountPosts],
            Self::Post => &[Counter::PostLikes, Counter::PostComments],
            Self::Comment => &[Counter::CommentLikes, Counter::CommentReplies],
            Self::Story => &[Counter::StoryViewers],
        }
    }

    /// The one that follows.
    fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|table| *table != self).nth(1)
    }
}

static DRIFT: [AtomicU64; Counter::ALL.len()] = [const { AtomicU64::new(0) }; Counter::ALL.len()];

/// How many counters of each kind this process has found wrong since its start, and repaired: the metric
/// `darkroom_counter_drift_total`.
pub fn drift() -> impl Iterator<Item = (Counter, u64)> {
    Counter::ALL.into_iter().map(|counter| (counter, DRIFT[counter as usize].load(Ordering::Relaxed)))
}

/// Notes a counter that was wrong.
fn note_drift(counter: Counter) -> u64 {
    let counted = Counted { counter: counter.name() };
    metrics::record(|metrics| _ = metrics.drift.get_or_create(&counted).inc());
    DRIFT[counter as usize].fetch_add(1, Ordering::Relaxed) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_of_one_table() {
        let of_tables: Vec<Counter> = Table::ALL.into_iter().flat_map(|table| table.counters().to_vec()).collect();
        assert_eq!(of_tables, Counter::ALL);
        for counter in Counter::ALL {
            assert_eq!(Counter::ALL[counter as usize], counter);
        }
    }

    #[test]
    fn tables_follow_one_another_to_an_end() {
        let mut seen = vec![Table::Account];
        while let Some(next) = seen.last().and_then(|table| table.next()) {
            seen.push(next);
        }
        assert_eq!(seen, Table::ALL);
    }
}
