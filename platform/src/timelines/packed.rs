//! How a timeline lies in a Redis list.
//!
//! ```text
//!   id  id  mark  id   │ id id id … 64   id id id … 64   id id …  │ header
//!   arrived since      │ blocks, the newest first                  │
//! ```
//!
//! What arrives stands alone, the last to arrive first: 16 bytes are a post's id, 17 a mark, an author who is pulled. Once in a
//! while the list is packed anew: its ids become blocks of 16 bytes each, its marks part of the header, which is the last
//! element. So a reader gets some dozen elements instead of a thousand, and an id takes little more than its 16 bytes; putting
//! them in order is left to the reader, who has them all.

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::contents::Contents;

/// First byte of a mark.
const MARK: u8 = b'p';

/// Bytes of an id.
const ID: usize = 16;

/// Ids of a block: one of 1 KiB is nothing that Redis would lay apart, and each costs a reader as much as a single id does.
const BLOCK: usize = 64;

/// Length of a header without marks.
const FIXED: usize = 46;

/// Elements of a packed list of so many ids, without what has arrived since: its blocks and its header.
pub(super) fn length(ids: usize) -> usize {
    ids.div_ceil(BLOCK) + 1
}

/// A post's entry.
pub(super) fn post(id: Uuid) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

/// A pulled author's entry.
pub(super) fn mark(author: Uuid) -> Bytes {
    let mut bytes = BytesMut::with_capacity(17);
    bytes.put_u8(MARK);
    bytes.put_slice(author.as_bytes());
    bytes.freeze()
}

/// The last element of a list: what the timeline is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) complete: bool,
    /// Counts the changes of what stands in front of it, save pushes: two readings with one header differ by pushes only.
    pub(super) revision: u8,
    pub(super) epoch: i64,
    pub(super) window: usize,
    pub(super) token: Uuid,
    pub(super) floor: Option<Uuid>,
    pub(super) pulled: Vec<Uuid>,
}

impl Header {
    /// Kind, revision, epoch, window, token, floor (nought: none), then the pulled authors.
    pub(super) fn write(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(FIXED + 16 * self.pulled.len());
        bytes.put_u8(if self.complete { b'c' } else { b'b' });
        bytes.put_u8(self.revision);
        bytes.put_i64(self.epoch);
        bytes.put_u32(u32::try_from(self.window).unwrap_or(u32::MAX));
        bytes.put_slice(self.token.as_bytes());
        bytes.put_slice(self.floor.unwrap_or_default().as_bytes());
        self.pulled.iter().for_each(|author| bytes.put_slice(author.as_bytes()));
        bytes.freeze()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (fixed, pulled) = bytes.split_at_checked(FIXED)?;
        let ([kind, revision], rest) = fixed.split_first_chunk()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (window, rest) = rest.split_first_chunk()?;
        let (token, floor) = rest.split_at_checked(16)?;
        let floor = Uuid::from_slice(floor).ok()?;
        Some(Self {
            complete: *kind == b'c',
            revision: *revision,
            epoch: i64::from_be_bytes(*epoch),
            window: u32::from_be_bytes(*window) as usize,
            token: Uuid::from_slice(token).ok()?,
            floor: (!floor.is_nil()).then_some(floor),
            pulled: pulled.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok()).collect(),
        })
    }

    /// The header that follows it, for these contents.
    pub(super) fn next(&self, epoch: i64, contents: &Contents) -> Self {
        Self {
            revision: self.revision.wrapping_add(1),
            epoch,
            floor: contents.floor,
            pulled: contents.pulled.clone(),
            ..self.clone()
        }
    }
}

/// A list, or the rest of one, as it was read.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) header: Header,
    ids: Vec<Uuid>,
    marks: Vec<Uuid>,
}

impl Packed {
    /// `None` of an absent list.
    pub(super) fn read(elements: &[Bytes]) -> Option<Self> {
        let (header, entries) = elements.split_last()?;
        let header = Header::parse(header)?;
        let mut ids = Vec::with_capacity(entries.len());
        let mut marks = Vec::new();
        for entry in entries {
            if entry.len() % ID == 0 {
                ids.extend(entry.chunks_exact(ID).filter_map(|id| Uuid::from_slice(id).ok()));
            } else {
                marks.extend(entry.strip_prefix(&[MARK]).and_then(|id| Uuid::from_slice(id).ok()));
            }
        }
        Some(Self { header, ids, marks })
    }

    /// What a timeline of this list holds.
    pub(super) fn contents(self) -> Contents {
        let mut pulled = self.header.pulled;
        pulled.extend(self.marks);
        Contents::new(self.ids, self.header.floor, pulled, self.header.window)
    }

    /// The elements of the whole list, packed anew: what is dropped raises the floor, and no mark is lost.
    pub(super) fn anew(self) -> Vec<Bytes> {
        let header = self.header.clone();
        let contents = self.contents();
        elements(&contents, &header.next(header.epoch, &contents))
    }
}

/// The elements of a list of these contents: blocks with the newest first, then the header.
pub(super) fn elements(contents: &Contents, header: &Header) -> Vec<Bytes> {
    let newest_first: Vec<Uuid> = contents.ids().iter().rev().copied().collect();
    newest_first.chunks(BLOCK).map(block).chain([header.write()]).collect()
}

fn block(ids: &[Uuid]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(ID * ids.len());
    ids.iter().for_each(|id| bytes.put_slice(id.as_bytes()));
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(pulled: Vec<Uuid>) -> Header {
        let floor = Some(Uuid::from_u128(5));
        Header { complete: true, revision: 255, epoch: 7, window: 20, token: Uuid::from_u128(9), floor, pulled }
    }

    #[test]
    fn headers_come_back_as_they_went_in() {
        for pulled in [Vec::new(), vec![Uuid::from_u128(1), Uuid::from_u128(2)]] {
            let header = header(pulled);
            assert_eq!(Header::parse(&header.write()), Some(header.clone()));
            let unbound = Header { floor: None, complete: false, ..header };
            assert_eq!(Header::parse(&unbound.write()), Some(unbound));
        }
        assert_eq!(Header::parse(b"c"), None);
    }

    #[test]
    fn what_is_packed_anew_keeps_its_newest_its_floor_and_its_marks() {
        let [author, other] = [Uuid::from_u128(71), Uuid::from_u128(72)];
        let mut list: Vec<Bytes> = (1000..1010).map(|id| post(Uuid::from_u128(id))).collect();
        list.insert(3, mark(author));
        let old: Vec<Uuid> = (100..115).rev().map(Uuid::from_u128).collect();
        list.extend([block(&old), header(vec![other]).write()]);
        let anew = Packed::read(&list).unwrap().anew();
        assert_eq!(anew.len(), length(20));
        let read = Packed::read(&anew).unwrap();
        assert_eq!((read.header.floor, read.header.revision), (Some(Uuid::from_u128(104)), 0));
        assert_eq!(read.header.pulled, [author, other]);
        let ids = read.contents().to_window().ids;
        assert_eq!(ids, (105..115).chain(1000..1010).rev().map(Uuid::from_u128).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_list_is_some_blocks() {
        let wide = Header { window: 800, floor: None, ..header(Vec::new()) };
        for count in [0, 1, 63, 64, 65, 800] {
            let ids: Vec<Uuid> = (1..=count).map(Uuid::from_u128).collect();
            let contents = Contents::new(ids.clone(), None, Vec::new(), 800);
            let list = elements(&contents, &wide);
            assert_eq!(list.len(), length(ids.len()));
            let read = Packed::read(&list).unwrap().contents();
            assert_eq!(read.ids(), ids, "{count}");
        }
    }

    #[test]
    fn a_list_is_read_in_whatever_order_it_lies() {
        let ids = [9, 12, 9, 4, 11].map(Uuid::from_u128);
        let mut list: Vec<Bytes> = ids.map(post).to_vec();
        list.insert(2, mark(Uuid::from_u128(70)));
        list.push(header(Vec::new()).write());
        let window = Packed::read(&list).unwrap().contents().to_window();
        assert_eq!(window.ids, [12, 11, 9].map(Uuid::from_u128), "4 is below the floor");
        assert_eq!((window.end, window.pulled), (Some(Uuid::from_u128(6)), vec![Uuid::from_u128(70)]));
        assert!(Packed::read(&[]).is_none());
    }
}
