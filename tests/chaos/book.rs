//! What people were told: every change that was acknowledged, and every one of which nobody knows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What its author knows of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The answer came: it must be there, once.
    Acknowledged,
    /// No answer came, or a failure: it may be there, once at most.
    Maybe,
}

/// An upload, known by its alternative text, or a comment, known by its words. Without an id nobody knows whether it is there.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) token: String,
    pub(crate) id: Option<String>,
    /// What it hangs on: a comment's post.
    pub(crate) on: Option<String>,
}

/// A post, known by its caption. Without an id nobody knows whether it is there.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) by: usize,
    pub(crate) token: String,
    pub(crate) id: Option<String>,
    pub(crate) media: String,
    /// Whether its author has deleted it.
    pub(crate) gone: Option<Fate>,
    /// A link to its photo that was given out before that.
    pub(crate) link: Option<String>,
}

/// A story, known by its photo. Without an id nobody knows whether it is there.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) by: usize,
    pub(crate) id: Option<String>,
    pub(crate) media: String,
}

/// Something that is or is not: a like, a follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) wanted: bool,
    pub(crate) fate: Fate,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    /// With an answer, be it a refusal.
    Good,
    /// With a failure of the server's: its status, or that of its error's code.
    Failed(u16),
    /// Without an answer.
    Unreachable,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) uploads: Vec<Made>,
    pub(crate) posts: Vec<Posted>,
    pub(crate) comments: Vec<Made>,
    pub(crate) stories: Vec<Told>,
    /// By person and post.
    pub(crate) likes: HashMap<(usize, String), Wish>,
    /// By follower and followee.
    pub(crate) follows: HashMap<(usize, usize), Wish>,
    /// Changes that were acknowledged.
    pub(crate) acknowledged: u64,
    /// What must never be seen, and was.
    pub(crate) wrong: Vec<String>,
    /// Each request's beginning and end.
    pulse: Vec<(Instant, Instant, Beat)>,
    tokens: u64,
}

/// The one that everybody writes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Book>>);

impl Shared {
    /// Reads or writes. Not across an await.
    pub(crate) fn open(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Words that nobody has used.
    pub(crate) fn token(&self, what: &str) -> String {
        let mut book = self.open();
        book.tokens += 1;
        format!("{what} {}", book.tokens)
    }
}

impl Book {
    /// Notes how a request ended.
    pub(crate) fn beat(&mut self, begun: Instant, beat: Beat) {
        self.pulse.push((begun, Instant::now(), beat));
    }

    /// How long after `moment` the first request that was begun after it was answered.
    pub(crate) fn answered_after(&self, moment: Instant) -> Option<Duration> {
        let good = self.pulse.iter().filter(|(begun, _, beat)| *begun >= moment && *beat == Beat::Good);
        good.map(|(_, ended, _)| ended.duration_since(moment)).min()
    }

    /// How long after `moment` the server last failed a request that was begun after it; none if it never did.
    pub(crate) fn failed_until(&self, moment: Instant) -> Option<Duration> {
        let failed =
            self.pulse.iter().filter(|(begun, _, beat)| *begun >= moment && matches!(beat, Beat::Failed(500..)));
        failed.map(|(begun, _, _)| begun.duration_since(moment)).max()
    }

    /// How many requests since `moment` ended like this.
    pub(crate) fn beats_since(&self, moment: Instant, which: impl Fn(Beat) -> bool) -> usize {
        self.pulse.iter().filter(|(begun, _, beat)| *begun >= moment && which(*beat)).count()
    }
}
