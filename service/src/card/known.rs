//! What this process knows of the posts that people have been shown: pages that are read again cost the database one look at its log.
//!
//! ```text
//!   ids of a page ──► is everything about them known? ── no ──► the statement that says so (what it says is known from now on)
//!                                │ yes
//!                                ▼
//!          a look at the log of changes (one for all pages that wait for one) ── it tells of one of them ──► once more
//!                                │ nothing about any of them
//!                                ▼
//!                              shown
//! ```
//!
//! What is known was said by statements that decide who sees what ([`visibility`](crate::visibility)); nothing is derived here. It is
//! held against a look that began after the page was asked for, so a page is as true as if it had been read at that moment: counters and
//! marks, who is followed or blocked, and that the session stands. Only "yes" is known. What does not stand in a feed is asked each time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use darkroom_entity::audience::Audience;
use darkroom_entity::post;
use darkroom_platform::gather::Gather;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::shelf::Current;
use super::{Author, Marked};
use crate::app::App;
use crate::change::{self, Change, Look, Place};
use crate::id_map::IdMap;
use crate::session::Proof;

/// Most people who have been shown something that is known.
const MOST_PEOPLE: usize = 10_000;

/// Most posts on which one person's marks are known, some 40 bytes each. Beyond it they are begun anew.
const MOST_MARKS: usize = 128;

/// Most people of whom it is known that somebody is their close friend.
const MOST_CLOSE: usize = 64;

/// Most sessions of one person that are known to stand.
const MOST_SESSIONS: usize = 4;

/// Changes that are remembered for those who began to read before them.
const REMEMBERED: usize = 4096;

/// What is known, save what cards hold of it: see [`Current`].
pub(crate) struct Known {
    viewers: Cache<Uuid, Arc<Mutex<Viewer>>>,
    log: Mutex<Log>,
    looks: Gather<(), bool>,
}

impl Default for Known {
    fn default() -> Self {
        Self { viewers: Cache::new(MOST_PEOPLE), log: Mutex::default(), looks: Gather::default() }
    }
}

/// What is known of somebody who reads.
#[derive(Default)]
struct Viewer {
    generation: u64,
    sessions: Vec<Session>,
    marks: IdMap<Mark>,
    /// Authors whose close friend they are.
    close_to: Vec<Uuid>,
}

/// A session that stands, with everything that decides how a feed is read as it was.
struct Session {
    proof: Proof,
    until: DateTime<Utc>,
}

#[derive(Clone, Copy)]
struct Mark {
    liked: bool,
    saved: bool,
}

/// The changes that were seen last.
#[derive(Default)]
struct Log {
    /// From where to look; none before the first look.
    place: Option<Place>,
    /// Changes that were seen, and times that everything was forgotten.
    seen: u64,
    /// The last of them.
    recent: VecDeque<Change>,
    /// How often everything was forgotten: what was learnt before is not known.
    generation: u64,
}

/// A moment between two changes that this process has seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    seen: u64,
    generation: u64,
}

impl Log {
    fn now(&self) -> Option<Moment> {
        self.place.as_ref().map(|_| Moment { seen: self.seen, generation: self.generation })
    }

    /// What has been changed since; none if that is not remembered.
    fn since(&self, moment: Moment) -> Option<impl Iterator<Item = &Change>> {
        let behind = usize::try_from(self.seen - moment.seen).ok()?;
        let is_remembered = moment.generation == self.generation && behind <= self.recent.len();
        is_remembered.then(|| self.recent.iter().rev().take(behind))
    }

    fn note(&mut self, change: Change) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(change);
        self.seen += 1;
    }

    fn forget(&mut self) {
        self.recent.clear();
        self.generation += 1;
    }
}

/// A page as far as it is known.
pub(super) struct Page {
    /// Before anything of it was looked up.
    pub(super) as_of: Moment,
    /// Whether it is known that the session stands.
    pub(super) stands: bool,
    /// Posts that are known to stand in the feed, in their order.
    pub(super) found: Vec<Marked>,
    /// Posts of which that is not known, or not everything.
    pub(super) missing: Vec<Uuid>,
}

impl Known {
    /// From when on what is read may be [learnt](Self::learn); none before the first look.
    pub(super) fn now(&self) -> Option<Moment> {
        self.log().now()
    }

    /// What is known of these posts of the viewer's feed.
    pub(super) fn page(&self, app: &App, viewer: Uuid, proof: &Proof, ids: &[Uuid]) -> Option<Page> {
        let as_of = self.now()?;
        let unknown = || Page { as_of, stands: false, found: Vec::new(), missing: ids.to_vec() };
        let person = self.viewers.get(&viewer);
        let person = person.as_ref().map(|person| person.lock().unwrap_or_else(PoisonError::into_inner));
        let (Some(person), Some(circle)) = (
            person.filter(|person| person.generation == as_of.generation),
            app.circles.of(viewer, proof.reader.circle_revision),
        ) else {
            return Some(unknown());
        };
        let stands = person.sessions.iter().any(|session| session.proof.agrees(proof) && proof.now < session.until);
        let circle = circle.authors();
        let (mut found, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            let known = person.marks.get(id).and_then(|mark| {
                let (card, [like_count, comment_count, _]) = app.cards.current_post(*id, as_of.generation)?;
                let is_for_them = card.audience != Audience::CloseFriends || person.close_to.contains(&card.author_id);
                let is_shown = card.author_id == viewer || (is_for_them && circle.hold(card.author_id));
                if !is_shown || card.state != post::State::Published {
                    return None;
                }
                let (author, [follower_count, following_count, post_count]) =
                    app.cards.current_author(card.author_id, as_of.generation)?;
                let author = Author { card: author, follower_count, following_count, post_count };
                let (viewer_has_liked, viewer_has_saved) = (mark.liked, mark.saved);
                Some(Marked { card, author, like_count, comment_count, viewer_has_liked, viewer_has_saved })
            });
            match known {
                Some(post) => found.push(post),
                None => missing.push(*id),
            }
        }
        Some(Page { as_of, stands, found, missing })
    }

    /// Whether nothing of this page has been changed since, as far as the log was seen.
    pub(super) fn holds(&self, as_of: Moment, viewer: Uuid, page: &[Marked]) -> bool {
        let log = self.log();
        let Some(mut changes) = log.since(as_of) else { return false };
        let concerns = |about| page.iter().any(|post| post.card.id == about || post.card.author_id == about);
        changes.all(|change| match change.whose {
            Some(whose) => whose != viewer || !concerns(change.about),
            None => change.about != viewer && !concerns(change.about),
        })
    }

    /// Notes what a statement has said that proved who asks, until when their session stands, and what it has found. What has been
    /// changed since the statement may have been read is left out.
    pub(super) fn learn(
        &self,
        app: &App,
        since: Moment,
        viewer: Uuid,
        proof: &Proof,
        until: DateTime<Utc>,
        posts: &[Marked],
    ) {
        // Held to the end: no change is seen between the question whether there was one and the note.
        let log = self.log();
        let Some(changes) = log.since(since) else { return };
        let changes: Vec<Change> = changes.copied().collect();
        let is_changed = |id: Uuid| changes.iter().any(|change| change.about == id && change.whose.is_none());
        let is_marked = |id: Uuid| changes.iter().any(|change| change.about == id && change.whose == Some(viewer));
        let person = self.viewers.get(&viewer).unwrap_or_else(|| {
            let person = Arc::default();
            self.viewers.insert(viewer, Arc::clone(&person));
            person
        });
        let mut person = person.lock().unwrap_or_else(PoisonError::into_inner);
        if person.generation != since.generation {
            *person = Viewer { generation: since.generation, ..Viewer::default() };
        }
        if !is_changed(viewer) {
            person.sessions.retain(|session| session.proof.token_hash != proof.token_hash);
            person.sessions.truncate(MOST_SESSIONS - 1);
            person.sessions.insert(0, Session { proof: proof.clone(), until });
        }
        if person.marks.len() + posts.len() > MOST_MARKS {
            person.marks.clear();
        }
        for post in posts {
            let (card, author) = (&post.card, &post.author);
            if !is_marked(card.id) {
                let mark = Mark { liked: post.viewer_has_liked, saved: post.viewer_has_saved };
                person.marks.insert(card.id, mark);
            }
            let is_close = card.audience == Audience::CloseFriends && card.author_id != viewer;
            if is_close && !is_marked(card.author_id) && !person.close_to.contains(&card.author_id) {
                person.close_to.truncate(MOST_CLOSE - 1);
                person.close_to.insert(0, card.author_id);
            }
            if !is_changed(card.id) {
                app.cards.learn_post(card, Current::new(since.generation, [post.like_count, post.comment_count, 0]));
            }
            if !is_changed(author.card.id) {
                let counts = [author.follower_count, author.following_count, author.post_count];
                app.cards.learn_author(&author.card, Current::new(since.generation, counts));
            }
        }
    }

    /// Waits for a look at the log that begins after this call, one for everybody who waits for one. Says whether it came about.
    pub(super) async fn look(&self, app: &App) -> bool {
        let looking = app.clone();
        let look = self.looks.ask((), usize::MAX, move |waiting| {
            let app = looking.clone();
            async move {
                let is_seen = app.known.look_now(&app).await;
                waiting.iter().map(|()| is_seen).collect()
            }
        });
        look.await.unwrap_or(false)
    }

    async fn look_now(&self, app: &App) -> bool {
        let from = self.log().place.clone();
        // The truth: a replica's log may lack what the next look does not ask for again.
        match change::look(app.database.connection(), from.as_ref()).await {
            Ok(look) => {
                self.see(app, look);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "the log of changes can't be read");
                false
            }
        }
    }

    /// Whether the log was looked at before.
    pub(super) fn has_begun(&self) -> bool {
        self.log().place.is_some()
    }

    fn see(&self, app: &App, look: Look) {
        let mut log = self.log();
        log.place = Some(look.place);
        if look.is_another {
            // What it lacks may have counted up to what it counts up to again.
            app.circles.clear();
            app.cards.clear();
        }
        let Some(changes) = look.changes else {
            log.forget();
            return;
        };
        for change in changes {
            log.note(change);
            match change.whose {
                Some(whose) => self.of(whose, |person| {
                    person.marks.remove(&change.about);
                    person.close_to.retain(|author| *author != change.about);
                }),
                None => {
                    app.cards.doubt(change.about);
                    self.of(change.about, |person| person.sessions.clear());
                }
            }
        }
    }

    fn of(&self, person: Uuid, change: impl FnOnce(&mut Viewer)) {
        if let Some(person) = self.viewers.get(&person) {
            change(&mut person.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn about(number: u128) -> Change {
        Change { about: Uuid::from_u128(number), whose: None }
    }

    fn log() -> Log {
        Log { place: Some(Place::default()), ..Log::default() }
    }

    fn told(log: &Log, since: Moment) -> Option<Vec<u128>> {
        log.since(since).map(|changes| changes.map(|change| change.about.as_u128()).collect())
    }

    #[test]
    fn what_was_changed_since_a_moment_is_told_the_last_first() {
        let mut log = log();
        let first = log.now().unwrap();
        assert_eq!(told(&log, first), Some(vec![]));
        (1..=3).for_each(|number| log.note(about(number)));
        let later = log.now().unwrap();
        log.note(about(4));
        assert_eq!((told(&log, first), told(&log, later)), (Some(vec![4, 3, 2, 1]), Some(vec![4])));
    }

    #[test]
    fn a_moment_that_is_too_long_ago_or_before_everything_was_forgotten_tells_nothing() {
        assert!(Log::default().now().is_none(), "before the first look nothing is learnt");
        let mut log = log();
        let first = log.now().unwrap();
        (0..REMEMBERED as u128).for_each(|number| log.note(about(number)));
        assert_eq!(told(&log, first).unwrap().len(), REMEMBERED);
        log.note(about(0));
        assert_eq!(told(&log, first), None);
        let last = log.now().unwrap();
        log.forget();
        assert_eq!(told(&log, last), None);
        let anew = log.now().unwrap();
        log.note(about(7));
        assert_eq!((told(&log, anew), told(&log, last)), (Some(vec![7]), None));
    }
}
