//! Whose posts stand in a person's feed, as far as this process has seen: what need not be asked again for each post of a page.
//!
//! Whether an author is followed, muted or blocked is asked by four look-ups for each post, more than half of what a page costs
//! the database. What has been answered stays so until somebody's posts stand in the feed no longer, and the database counts that in
//! the person's own row, whoever writes (`circle_revision`). The statement of a page proves the number on its way, as it proves who asks
//! (`session/presumed.rs`): nothing is shown by what was known before it changed.
//!
//! What is known is only ever "yes": an author of whom nothing is known is asked about.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use quick_cache::sync::Cache;
use uuid::Uuid;

/// Most people of whom something is known.
const MOST_PEOPLE: usize = 4096;

/// Most authors who are known for one person, 16 bytes each. Beyond it is begun anew.
const MOST_AUTHORS: usize = 512;

/// What is known of everybody. At most 32 MiB.
pub(crate) struct Circles(Cache<Uuid, Arc<Circle>>);

impl Default for Circles {
    fn default() -> Self {
        Self(Cache::new(MOST_PEOPLE))
    }
}

/// What is known of one person.
pub(super) struct Circle {
    /// Their `circle_revision` as it was learnt.
    revision: i64,
    /// Whose posts stand in their feed, sorted.
    authors: RwLock<Vec<Uuid>>,
}

/// Authors whose posts are known to stand in somebody's feed.
pub(super) struct Authors<'a>(RwLockReadGuard<'a, Vec<Uuid>>);

impl Authors<'_> {
    pub(super) fn hold(&self, author: Uuid) -> bool {
        self.0.binary_search(&author).is_ok()
    }
}

impl Circle {
    pub(super) fn authors(&self) -> Authors<'_> {
        Authors(self.authors.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Circles {
    /// What is known of this person, if their `circle_revision` is this.
    pub(super) fn of(&self, person: Uuid, revision: i64) -> Option<Arc<Circle>> {
        self.0.get(&person).filter(|circle| circle.revision == revision)
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.0.clear();
    }

    /// Whether the posts of all of these are known to stand in the person's feed, if their `circle_revision` is this.
    pub(super) fn hold(&self, person: Uuid, revision: i64, authors: &[Uuid]) -> bool {
        let Some(circle) = self.of(person, revision) else { return false };
        let known = circle.authors();
        authors.iter().all(|author| *author == person || known.hold(*author))
    }

    /// Notes that the posts of these stand there, as a statement has said that proved this revision.
    pub(super) fn learn(&self, person: Uuid, revision: i64, authors: impl Iterator<Item = Uuid>) {
        let circle = match self.of(person, revision) {
            Some(circle) => circle,
            None => {
                let circle = Arc::new(Circle { revision, authors: RwLock::default() });
                self.0.insert(person, Arc::clone(&circle));
                circle
            }
        };
        let mut known = circle.authors.write().unwrap_or_else(PoisonError::into_inner);
        for author in authors {
            let Err(place) = known.binary_search(&author) else { continue };
            if known.len() < MOST_AUTHORS {
                known.insert(place, author);
            } else {
                known.clear();
                known.push(author);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn what_was_learnt_is_known_until_the_number_rises() {
        let circles = Circles::default();
        circles.learn(id(1), 4, [id(7), id(5), id(7)].into_iter());
        assert!(circles.hold(id(1), 4, &[id(5), id(7), id(1)]));
        assert!(!circles.hold(id(1), 4, &[id(5), id(6)]));
        assert!(!circles.hold(id(1), 5, &[id(5)]) && !circles.hold(id(1), 3, &[id(5)]));
        assert!(!circles.hold(id(2), 4, &[id(5)]));
        circles.learn(id(1), 5, [id(6)].into_iter());
        assert!(circles.hold(id(1), 5, &[id(6)]) && !circles.hold(id(1), 5, &[id(5)]));
    }

    #[test]
    fn no_more_than_so_many_are_known() {
        let circles = Circles::default();
        circles.learn(id(1), 0, (10..10 + MOST_AUTHORS as u128).map(id));
        assert!(circles.hold(id(1), 0, &[id(10)]));
        circles.learn(id(1), 0, [id(5)].into_iter());
        assert!(circles.hold(id(1), 0, &[id(5)]) && !circles.hold(id(1), 0, &[id(10)]));
    }
}
