//! What a timeline holds, whatever it lies in: pure.

use uuid::Uuid;

use super::{Revision, Window};

/// Ids in order, how far down they are complete, and whose posts are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Oldest first, each once, all above the floor: a new one goes to the end.
    ids: Vec<Uuid>,
    /// Every id above it is among the ids; what is at it or below is not to be found here. `None`: nothing is missing.
    pub(super) floor: Option<Uuid>,
    /// Authors who are pulled, sorted, each once.
    pub(super) pulled: Vec<Uuid>,
}

impl Contents {
    /// Of ids in any order, some of them perhaps twice or below the floor.
    pub(super) fn new(ids: Vec<Uuid>, floor: Option<Uuid>, pulled: Vec<Uuid>, window: usize) -> Self {
        let mut contents = Self { ids, floor, pulled };
        contents.pulled.sort_unstable();
        contents.pulled.dedup();
        contents.settle(window);
        contents
    }

    /// Bytes that its lists take.
    pub(super) fn bytes(&self) -> u64 {
        ((self.ids.capacity() + self.pulled.capacity()) * size_of::<Uuid>()) as u64
    }

    /// One post more.
    pub(super) fn push(&mut self, id: Uuid, window: usize) {
        if self.floor.is_some_and(|floor| id <= floor) {
            return;
        }
        let Err(place) = self.ids.binary_search(&id) else { return };
        if self.ids.len() < window {
            // Not twice as much as there is: thousands of them lie side by side in a process.
            if self.ids.len() == self.ids.capacity() {
                self.ids.reserve_exact(self.ids.len() / 8 + 4);
            }
            self.ids.insert(place, id);
        } else if let Some(older) = place.checked_sub(1) {
            self.floor = Some(self.ids.remove(0));
            self.ids.insert(older, id);
        } else {
            self.floor = Some(id);
        }
    }

    /// An author more who is pulled.
    pub(super) fn mark(&mut self, author: Uuid) {
        if let Err(place) = self.pulled.binary_search(&author) {
            self.pulled.insert(place, author);
        }
    }

    /// The newest of a source's ids: as many as the window, and there may be older ones that are not among them.
    pub(super) fn add(&mut self, newest: &[Uuid], window: usize) {
        if newest.len() >= window
            && let Some(oldest) = newest.iter().min()
        {
            self.floor = self.floor.max(Some(before(*oldest)));
        }
        self.ids.extend_from_slice(newest);
        self.settle(window);
    }

    /// Does what a revision asks for.
    pub(super) fn revise(&mut self, revision: &Revision, window: usize) {
        let removed: std::collections::HashSet<Uuid> = revision.remove.iter().copied().collect();
        self.ids.retain(|id| !removed.contains(id));
        self.pulled.retain(|author| Some(*author) != revision.unmark);
        revision.mark.into_iter().for_each(|author| self.mark(author));
        self.add(&revision.add, window);
    }

    /// Oldest first.
    pub(super) fn ids(&self) -> &[Uuid] {
        &self.ids
    }

    pub(super) fn to_window(&self) -> Window {
        Window {
            ids: self.ids.iter().rev().copied().collect(),
            end: self.floor.map(after),
            pulled: self.pulled.clone(),
        }
    }

    /// Puts the ids in order and drops what is below the floor, or above the window's length.
    fn settle(&mut self, window: usize) {
        self.ids.sort_unstable();
        self.ids.dedup();
        if let Some(floor) = self.floor {
            let below = self.ids.partition_point(|id| *id <= floor);
            self.ids.drain(..below);
        }
        let surplus = self.ids.len().saturating_sub(window);
        if let Some(last) = self.ids.drain(..surplus).next_back() {
            self.floor = Some(last);
        }
        self.ids.shrink_to_fit();
    }
}

/// The id next below.
fn before(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_sub(1))
}

/// The id next above.
fn after(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
        numbers.into_iter().map(Uuid::from_u128).collect()
    }

    #[test]
    fn what_falls_out_of_the_window_raises_the_floor() {
        let mut contents = Contents::default();
        for id in ids([3, 1, 2, 2, 5]) {
            contents.push(id, 3);
        }
        assert_eq!((contents.ids(), contents.floor), (&ids([2, 3, 5])[..], Some(Uuid::from_u128(1))));
        contents.push(Uuid::from_u128(1), 3);
        assert_eq!(contents.ids().len(), 3, "what is below the floor is the database's to answer");
        assert_eq!(contents.to_window().end, Some(Uuid::from_u128(2)));
    }

    #[test]
    fn a_source_that_was_cut_makes_nothing_below_it_complete() {
        let mut contents = Contents::new(ids([10, 20, 30]), None, Vec::new(), 4);
        contents.add(&ids([28, 27, 26, 25]), 4);
        assert_eq!((contents.ids(), contents.floor), (&ids([26, 27, 28, 30])[..], Some(Uuid::from_u128(25))));
        let mut contents = Contents::new(ids([10, 20, 30]), None, Vec::new(), 4);
        contents.add(&ids([15]), 4);
        assert_eq!((contents.ids(), contents.floor), (&ids([10, 15, 20, 30])[..], None));
    }

    #[test]
    fn a_revision_takes_away_first_and_adds_second() {
        let mut contents = Contents::new(ids([1, 2, 3, 4]), None, ids([8, 7, 8]), 4);
        let revision = Revision {
            remove: ids([2, 3]),
            add: ids([6, 3]),
            mark: Some(Uuid::from_u128(9)),
            unmark: Some(Uuid::from_u128(7)),
            ..Revision::default()
        };
        contents.revise(&revision, 4);
        assert_eq!(contents, Contents { ids: ids([1, 3, 4, 6]), floor: None, pulled: ids([8, 9]) });
    }
}
