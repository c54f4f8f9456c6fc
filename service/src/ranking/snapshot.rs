//! A snapshot as it is kept: packed, so that a page reads only its own entries. 24 bytes a post.

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::score::{Reason, Values, Weights, explained};

/// The form; bytes of another one are no snapshot.
const FORM: u8 = 1;

/// Form, moment, activity, weights, page length, newest id, end.
const HEADER: usize = 1 + 8 + 2 + 5 + 1 + 16 + 16;

/// An id, and the values that differ from post to post.
const ENTRY: usize = 16 + 4 * 2;

/// What a snapshot says besides its posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// When it was made.
    pub(super) made_at: DateTime<Utc>,
    /// What was in force.
    pub(super) weights: Weights,
    /// How many posts a page of this viewer's should hold.
    pub(super) page_length: u8,
    /// The greatest of its ids; nil if it has none.
    pub(super) newest: Uuid,
    /// Where its window ends, as of the timeline: below it the feed goes on by time. `None`: there is nothing below.
    pub(super) end: Option<Uuid>,
}

/// A ranked order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) head: Head,
    activity: u16,
    entries: Bytes,
}

impl Snapshot {
    /// Packs it. The last value, activity, is the same for all posts.
    pub(super) fn pack(head: Head, activity: u16, posts: impl ExactSizeIterator<Item = (Uuid, Values)>) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER + posts.len() * ENTRY);
        out.put_u8(FORM);
        out.put_i64(head.made_at.timestamp_micros());
        out.put_u16(activity);
        out.put_slice(&head.weights.0);
        out.put_u8(head.page_length);
        out.put_slice(head.newest.as_bytes());
        out.put_slice(head.end.unwrap_or_default().as_bytes());
        for (id, Values([relationship, interest, recency, quality, _])) in posts {
            out.put_slice(id.as_bytes());
            [relationship, interest, recency, quality].into_iter().for_each(|value| out.put_u16(value));
        }
        out.freeze()
    }

    /// Reads it; none if it is of another form or cut off.
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        if header[0] != FORM || !(bytes.len() - HEADER).is_multiple_of(ENTRY) {
            return None;
        }
        let made_at = DateTime::from_timestamp_micros(i64::from_be_bytes(header[1..9].try_into().ok()?))?;
        let id = |from: usize| Uuid::from_slice(&header[from..from + 16]).ok();
        let head = Head {
            made_at,
            weights: Weights(header[11..16].try_into().ok()?),
            page_length: header[16],
            newest: id(17)?,
            end: id(33).filter(|end| !end.is_nil()),
        };
        Some(Self { head, activity: u16::from_be_bytes([header[9], header[10]]), entries: bytes.slice(HEADER..) })
    }

    /// How many posts it has.
    pub(super) fn len(&self) -> usize {
        self.entries.len() / ENTRY
    }

    /// The ids of these places, in order.
    pub(super) fn ids(&self, places: std::ops::Range<usize>) -> Vec<Uuid> {
        let entries = self.entries[places.start * ENTRY..places.end * ENTRY].chunks_exact(ENTRY);
        entries.filter_map(|entry| Uuid::from_slice(&entry[..16]).ok()).collect()
    }

    /// Why the post of this place stands there: the parts of its score, and their sum.
    pub(super) fn reasons(&self, place: usize) -> ([Reason; 5], f64) {
        let values = &self.entries[place * ENTRY + 16..(place + 1) * ENTRY];
        let value = |at: usize| u16::from_be_bytes([values[2 * at], values[2 * at + 1]]);
        explained(Values([value(0), value(1), value(2), value(3), self.activity]), self.head.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was_packed() {
        for end in [None, Some(Uuid::from_u128(3))] {
            let head = Head {
                made_at: DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap_or_default(),
                weights: Weights([30, 25, 20, 15, 10]),
                page_length: 17,
                newest: Uuid::from_u128(9),
                end,
            };
            let posts = [(9, [1, 2, 3, 4, 77]), (5, [10_000, 0, 7, 8, 77])];
            let posts = posts.map(|(id, values)| (Uuid::from_u128(id), Values(values)));
            let packed = Snapshot::pack(head, 77, posts.into_iter());
            let read = Snapshot::read(&packed);
            assert_eq!(read.as_ref().map(|read| (read.head, read.len())), Some((head, 2)));
            let Some(read) = read else { continue };
            assert_eq!(read.ids(0..2), posts.map(|(id, _)| id));
            assert_eq!(read.ids(1..2), [posts[1].0]);
            assert_eq!(read.reasons(1), explained(posts[1].1, head.weights));
        }
    }

    #[test]
    fn what_is_cut_off_or_of_another_form_is_none() {
        let whole = vec![FORM; HEADER + ENTRY];
        assert!(Snapshot::read(&Bytes::from(whole.clone())).is_some());
        for broken in [whole[..HEADER - 1].to_vec(), whole[..HEADER + 1].to_vec(), vec![9; HEADER], Vec::new()] {
            assert_eq!(Snapshot::read(&Bytes::from(broken)), None);
        }
    }
}
