//! Image file directories of TIFF 6.0: header, entries, the chain of pages. Nothing is followed that could lead back.

use std::collections::HashSet;

/// The size of one entry in bytes.
pub(crate) const ENTRY: usize = 12;

/// Tags that more than one place asks for.
pub(crate) mod tag {
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const STRIP_OFFSETS: u16 = 273;
    pub(crate) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTE_COUNTS: u16 = 325;
    pub(crate) const ICC_PROFILE: u16 = 34_675;
    /// Where C2PA keeps content credentials.
    pub(crate) const CONTENT_CREDENTIALS: u16 = 52_545;
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// "II"
    Little,
    /// "MM"
    Big,
}

impl Order {
    /// The order that a file's first two bytes declare.
    pub(crate) fn of(head: &[u8]) -> Option<Order> {
        match head {
            [b'I', b'I', ..] => Some(Order::Little),
            [b'M', b'M', ..] => Some(Order::Big),
            _ => None,
        }
    }

    /// The two bytes at `at`, which must be there.
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let word = [bytes[at], bytes[at + 1]];
        match self {
            Order::Little => u16::from_le_bytes(word),
            Order::Big => u16::from_be_bytes(word),
        }
    }

    /// The four bytes at `at`, which must be there.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let word = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        match self {
            Order::Little => u32::from_le_bytes(word),
            Order::Big => u32::from_be_bytes(word),
        }
    }
}

/// One entry of a directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    kind: u16,
    /// How many values.
    pub(crate) count: u32,
    /// The values themselves if they fit, else where they are.
    value: [u8; 4],
    order: Order,
}

impl Entry {
    /// From [`ENTRY`] bytes.
    pub(crate) fn parse(order: Order, bytes: &[u8]) -> Entry {
        Entry {
            tag: order.u16(bytes, 0),
            kind: order.u16(bytes, 2),
            count: order.u32(bytes, 4),
            value: [bytes[8], bytes[9], bytes[10], bytes[11]],
            order,
        }
    }

    /// Bytes of one value; zero for a type that does not exist.
    fn width(&self) -> u64 {
        match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => 0,
        }
    }

    /// Where the values lie and how many bytes they take, if they did not fit into the entry.
    pub(crate) fn outside(&self) -> Option<(u64, u64)> {
        let size = self.width() * u64::from(self.count);
        (size > 4).then(|| (u64::from(self.order.u32(&self.value, 0)), size))
    }

    /// The first value, of a whole number that is in the entry itself.
    pub(crate) fn number(&self) -> Option<u32> {
        if self.count == 0 || self.outside().is_some() {
            return None;
        }
        match self.width() {
            1 => Some(u32::from(self.value[0])),
            2 => Some(u32::from(self.order.u16(&self.value, 0))),
            4 => Some(self.order.u32(&self.value, 0)),
            _ => None,
        }
    }

    /// The values' bytes; `None` if the file does not hold them.
    pub(crate) fn bytes<'a>(&'a self, file: &'a [u8]) -> Option<&'a [u8]> {
        match self.outside() {
            None => self.value.get(..usize::try_from(self.width() * u64::from(self.count)).ok()?),
            Some((at, size)) => {
                let at = usize::try_from(at).ok()?;
                file.get(at..at.checked_add(usize::try_from(size).ok()?)?)
            }
        }
    }

    /// All values, of whole numbers; empty if the file does not hold them.
    pub(crate) fn numbers(&self, file: &[u8]) -> Vec<u32> {
        let bytes = self.bytes(file).unwrap_or_default();
        match self.width() {
            1 => bytes.iter().map(|&byte| u32::from(byte)).collect(),
            2 => bytes.as_chunks::<2>().0.iter().map(|word| u32::from(self.order.u16(word, 0))).collect(),
            4 => bytes.as_chunks::<4>().0.iter().map(|word| self.order.u32(word, 0)).collect(),
            _ => Vec::new(),
        }
    }
}

/// The entries of the first directory; none if it is not where the header says.
pub(crate) fn first(bytes: &[u8]) -> Vec<Entry> {
    let read = || {
        let order = Order::of(bytes)?;
        let (entries, _) = directory(order, bytes, first_offset(order, bytes)?)?;
        Some(entries.as_chunks::<ENTRY>().0.iter().map(|entry| Entry::parse(order, entry)).collect())
    };
    read().unwrap_or_default()
}

/// How many directories follow one another from the first, up to `most`; `None` if the chain comes back to one that it
/// already passed. A chain that leaves the file ends there.
pub(crate) fn pages(bytes: &[u8], most: usize) -> Option<usize> {
    let mut seen = Vec::new();
    let mut next = Order::of(bytes).and_then(|order| Some((order, first_offset(order, bytes)?)));
    while let Some((order, at)) = next
        && seen.len() < most
    {
        if seen.contains(&at) {
            return None;
        }
        seen.push(at);
        next = directory(order, bytes, at).and_then(|(_, next)| (next != 0).then_some((order, next)));
    }
    Some(seen.len())
}

/// Whether an EXIF block can be read in proportion to its size.
///
/// A reader keeps every entry and follows every pointer to a further directory, and directories may overlap: some
/// kilobytes of pointers, each to one byte behind the last, unfold to gigabytes. The same goes for long texts that are
/// nothing but ends of texts. Photographs have some hundred entries, and short values where `asked`.
pub(crate) fn is_modest(block: &[u8], asked: &[u16]) -> bool {
    const MAX_ENTRIES: usize = 8_192;
    const MAX_VALUE: u64 = 4_096;
    const POINTERS: [u16; 3] = [0x8769, 0x8825, 0xa005]; // EXIF, GPS, interoperability
    let Some(order) = Order::of(block) else { return true };
    let mut pending: Vec<(usize, bool)> = first_offset(order, block).map(|at| (at, true)).into_iter().collect();
    let mut seen = HashSet::new();
    let mut entries = 0;
    while let Some((at, chained)) = pending.pop() {
        let Some(count) = block.get(at..).and_then(<[u8]>::first_chunk::<2>).filter(|_| seen.insert(at)) else {
            continue;
        };
        let rest = &block[at + 2..];
        let (present, after) = rest.split_at(rest.len().min(usize::from(order.u16(count, 0)) * ENTRY));
        entries += present.len() / ENTRY + 1;
        if entries > MAX_ENTRIES {
            return false;
        }
        for entry in present.as_chunks::<ENTRY>().0.iter().map(|entry| Entry::parse(order, entry)) {
            if POINTERS.contains(&entry.tag) {
                match entry.number() {
                    Some(at) => pending.push((at as usize, false)),
                    None => return false,
                }
            } else if asked.contains(&entry.tag) && entry.outside().is_some_and(|(_, size)| size > MAX_VALUE) {
                return false;
            }
        }
        if chained {
            let next = after.first_chunk::<4>().map(|next| order.u32(next, 0) as usize);
            pending.extend(next.filter(|next| *next != 0).map(|next| (next, true)));
        }
    }
    true
}

fn first_offset(order: Order, bytes: &[u8]) -> Option<usize> {
    (bytes.len() >= 8).then(|| order.u32(bytes, 4) as usize)
}

/// The bytes of a directory's entries and where the next one is.
fn directory(order: Order, bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (count, rest) = bytes.get(at..)?.split_at_checked(2)?;
    let (entries, rest) = rest.split_at_checked(usize::from(order.u16(count, 0)) * ENTRY)?;
    let next = rest.get(..4).map_or(0, |next| order.u32(next, 0) as usize);
    Some((entries, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of empty directories, each of which names the next.
    fn chain(nexts: &[u32]) -> Vec<u8> {
        let mut bytes = b"MM\0*\0\0\0\x08".to_vec();
        for next in nexts {
            bytes.extend([0, 0]);
            bytes.extend(next.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn pages_are_counted_and_loops_found() {
        assert_eq!(pages(&chain(&[14, 20, 0]), 100), Some(3));
        assert_eq!(pages(&chain(&[14, 20, 0]), 2), Some(2));
        assert_eq!(pages(&chain(&[14, 1_000_000]), 100), Some(3));
        for nexts in [[8, 0, 0], [14, 8, 0], [14, 20, 14]] {
            assert_eq!(pages(&chain(&nexts), 100), None);
        }
    }

    #[test]
    fn a_block_that_unfolds_is_not_modest() {
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            let words = [tag.to_be_bytes(), kind.to_be_bytes()].concat();
            [words, count.to_be_bytes().to_vec(), value.to_be_bytes().to_vec()].concat()
        };
        let block = |entries: &[Vec<u8>]| {
            let count = (entries.len() as u16).to_be_bytes();
            [b"MM\0*\0\0\0\x08".as_slice(), &count, &entries.concat(), &[0; 4]].concat()
        };
        assert!(is_modest(&block(&[entry(271, 2, 100, 0), entry(0x8769, 4, 1, 8)]), &[271]), "a ring ends by itself");
        assert!(is_modest(&block(&[entry(37_500, 7, 60_000, 0)]), &[271]), "nobody asks for it");
        assert!(!is_modest(&block(&[entry(271, 2, 60_000, 0)]), &[271]));
        assert!(!is_modest(&block(&[entry(0x8769, 4, 2, 8)]), &[]), "a pointer that is none");
        let pointers: Vec<_> = (0..5_000).map(|at| entry(0x8769, 4, 1, 10 + at)).collect();
        assert!(!is_modest(&block(&pointers), &[]));
    }

    #[test]
    fn values_are_read_in_either_order_inside_and_outside() {
        let little = Entry::parse(Order::Little, &[0, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0]);
        assert_eq!((little.tag, little.number(), little.outside()), (256, Some(7), None));
        let big = Entry::parse(Order::Big, &[1, 0x11, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2]);
        assert_eq!((big.tag, big.number(), big.outside()), (273, None, Some((2, 8))));
        assert_eq!(big.numbers(&[9, 9, 0, 0, 0, 5, 0, 0, 1, 0]), [5, 256]);
        assert!(big.numbers(&[9, 9, 0, 0]).is_empty(), "not all there");
        let most = Entry::parse(Order::Big, &[1, 0x11, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert!(most.numbers(&[0; 100]).is_empty());
    }
}
