//! How far a listener has got in a list that grows.
//!
//! Ids begin with their time, but rows do not become visible in the order of their ids: a transaction that began earlier
//! may end later, and clocks of servers differ a little. So a listener who looks again looks a little further back than
//! the newest that it has said, and remembers what it has said from there on.

use std::collections::BTreeSet;

use uuid::Uuid;

/// How much later than its id's time a row may become visible, milliseconds.
const LATE: u128 = 5_000;

/// Ids that are remembered at most.
const REMEMBERED: usize = 1_000;

/// What was said so far, in bounded memory.
#[derive(Debug)]
pub(super) struct Track {
    newest: Uuid,
    said: BTreeSet<Uuid>,
    /// The newest that was forgotten because there were too many: nothing up to it is looked at again.
    forgotten: Uuid,
}

impl Track {
    /// Begins after the row `last`, or at a place where no row is.
    pub(super) fn after(last: Uuid) -> Self {
        Self { newest: last, said: BTreeSet::from([last]), forgotten: Uuid::nil() }
    }

    /// From where to look: everything that is not said yet comes after it.
    pub(super) fn floor(&self) -> Uuid {
        let time = (self.newest.as_u128() >> 80).saturating_sub(LATE);
        Uuid::from_u128(time << 80).max(self.forgotten)
    }

    /// Whether this row was not said yet.
    pub(super) fn is_new(&self, id: Uuid) -> bool {
        !self.said.contains(&id)
    }

    /// This row was said, or is not to be.
    pub(super) fn said(&mut self, id: Uuid) {
        self.newest = self.newest.max(id);
        self.said.insert(id);
        if self.said.len() > REMEMBERED {
            self.forgotten = self.said.pop_first().unwrap_or_default();
        }
        let floor = self.floor();
        while self.said.first().is_some_and(|oldest| *oldest < floor) {
            self.said.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id number `n` of a millisecond.
    fn id(millis: u128, n: u128) -> Uuid {
        Uuid::from_u128(millis << 80 | n)
    }

    #[test]
    fn a_row_that_becomes_visible_late_is_still_new() {
        let mut track = Track::after(id(100_000, 1));
        track.said(id(103_000, 1));
        let late = id(101_000, 1);
        assert!(track.floor() < late && track.is_new(late));
        track.said(late);
        assert!(!track.is_new(late), "said once");
        assert!(!track.is_new(id(100_000, 1)) && !track.is_new(id(103_000, 1)));
    }

    #[test]
    fn memory_is_bounded_by_time_and_by_number() {
        let mut track = Track::after(id(0, 0));
        for millis in 0..100_000 {
            track.said(id(millis, 1));
        }
        assert!(track.said.len() <= REMEMBERED);
        track.said(id(1_000_000, 1));
        assert_eq!(track.said.len(), 1);
        for n in 2..=2 * REMEMBERED as u128 {
            track.said(id(1_000_000, n));
        }
        assert_eq!(track.said.len(), REMEMBERED);
        assert!(track.floor() >= id(1_000_000, REMEMBERED as u128), "what is forgotten is not said again");
    }
}
