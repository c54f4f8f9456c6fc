//! The bits of entropy-coded data, read from the highest down (ISO/IEC 10918-1, F.2.2.5).

use super::lookup;

/// Bytes of data, without what was stuffed in between. Small, so that it stays in the processor's first cache.
const BUFFER: usize = 4096;

/// Bytes that may be read without asking whether they are there: more than any block takes (the longest codes and values
/// 64 times over), and zeros where the data has ended.
const MARGIN: usize = 256;

const _: () = assert!(MARGIN * 8 >= 64 * (16 + 11) + 128);

/// Entropy-coded data, up to the marker where it ends.
pub(super) struct Data<'a> {
    /// What was not copied yet.
    rest: &'a [u8],
    bytes: Box<[u8; BUFFER]>,
    filled: usize,
    /// A marker, or the end of the file, follows what is in the buffer.
    is_last: bool,
    /// Where a reader must be at most for a block to be read without [`Data::refill`].
    safe: usize,
}

/// The next bits of the data. Apart from it, because these few numbers have to stay in registers.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    /// The next byte.
    at: usize,
    /// The next bits, the first of them highest.
    window: u64,
    /// How many of them count.
    count: u32,
}

/// Bits that are always there after [`Bits::refill`]: a DC difference (16 for the code, 11 for the value) and a look at AC
/// coefficients, or two of those.
const READY: u32 = 56;

const _: () = assert!(READY >= 27 + lookup::MOST_BITS && READY >= 2 * lookup::MOST_BITS);

impl<'a> Data<'a> {
    /// Starts at the first byte of a scan's data.
    pub(super) fn new(data: &'a [u8]) -> (Data<'a>, Bits) {
        let data = Data { rest: data, bytes: Box::new([0; BUFFER]), filled: 0, is_last: false, safe: 0 };
        (data, Bits { at: 0, window: 0, count: 0 })
    }

    /// Makes sure that a block can be read; `None` if bits were read that the data does not hold.
    #[inline(always)]
    pub(super) fn ready(&mut self, bits: &mut Bits) -> Option<()> {
        if bits.at >= self.safe {
            // By value: a reference that leaves this function would keep the numbers in memory.
            *bits = self.refill(*bits)?;
        }
        Some(())
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self, mut bits: Bits) -> Option<Bits> {
        if !self.is_last {
            let taken = bits.at.min(self.filled);
            self.bytes.copy_within(taken..self.filled, 0);
            self.filled -= taken;
            bits.at = 0;
            self.copy();
            self.safe = self.filled.saturating_sub(MARGIN);
        }
        self.left(bits).map(|_| bits)
    }

    /// Fills the buffer. A `0xff` in the data is followed by a stuffed zero, which is dropped; any other follower is a
    /// marker.
    fn copy(&mut self) {
        let end = BUFFER - MARGIN;
        while self.filled < end && !self.is_last {
            let room = &self.rest[..self.rest.len().min(end - self.filled)];
            let plain = memchr::memchr(0xff, room).unwrap_or(room.len());
            self.bytes[self.filled..self.filled + plain].copy_from_slice(&room[..plain]);
            self.filled += plain;
            self.rest = &self.rest[plain..];
            match self.rest {
                _ if self.filled == end => {}
                [0xff, 0, rest @ ..] => {
                    self.bytes[self.filled] = 0xff;
                    self.filled += 1;
                    self.rest = rest;
                }
                _ => self.is_last = true,
            }
        }
        if self.is_last {
            self.bytes[self.filled..].fill(0);
        }
    }

    /// Bits that were not taken yet; `None` if more were taken than there are.
    fn left(&self, bits: Bits) -> Option<usize> {
        (self.filled * 8 + bits.count as usize).checked_sub(bits.at * 8)
    }

    /// Whether nothing but padding, which is less than a byte, is left before the next marker.
    fn is_used_up(&mut self, bits: &mut Bits) -> bool {
        if !self.is_last {
            // If the end is not in the buffer even then, more is left than padding.
            match self.refill(*bits) {
                Some(refilled) => *bits = refilled,
                None => return false,
            }
        }
        self.is_last && self.left(*bits).is_some_and(|left| left < 8)
    }

    /// Steps over the restart marker with this number (0 to 7), which must come next; `false` if it does not.
    pub(super) fn restart(&mut self, bits: &mut Bits, number: u8) -> bool {
        if !self.is_used_up(bits) {
            return false;
        }
        // Any number of fill bytes may stand before a marker (B.1.1.2).
        let fill = self.rest.iter().take_while(|&&byte| byte == 0xff).count();
        if fill == 0 || self.rest.get(fill) != Some(&(0xd0 + number)) {
            return false;
        }
        (self.rest, self.filled, self.is_last, self.safe) = (&self.rest[fill + 1..], 0, false, 0);
        *bits = Bits { at: 0, window: 0, count: 0 };
        true
    }

    /// Whether the scan ends here, save for padding: with EOI or another segment.
    pub(super) fn is_at_end(&mut self, bits: &mut Bits) -> bool {
        self.is_used_up(bits) && self.rest.first() == Some(&0xff)
    }
}

impl Bits {
    /// Makes at least [`READY`] bits available. Whether more are needed is not asked: the answer could not be predicted,
    /// and a wrong guess costs more than the refill.
    #[inline(always)]
    pub(super) fn refill(&mut self, data: &Data<'_>) {
        if let Some(&[a, b, c, d, e, f, g, h]) = data.bytes.get(self.at..self.at + 8) {
            // Bits of a byte that is not counted yet stay below: when it is read again they meet themselves.
            self.window |= u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> self.count;
            self.at += (63 - self.count as usize) >> 3;
            self.count |= READY;
        }
    }

    /// The next bits without taking them, highest first; after a refill [`READY`] of them count.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.window
    }

    /// Takes bits that are available.
    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.window <<= bits;
        self.count -= bits;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(data: &mut Data<'_>, bits: &mut Bits, count: u32) -> Option<u64> {
        data.ready(bits)?;
        bits.refill(data);
        let value = bits.peek() >> (64 - count);
        bits.skip(count);
        Some(value)
    }

    #[test]
    fn bits_come_highest_first_without_stuffing() {
        let file = [0b1010_0101, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11, 0x22, 0xff, 0xd9];
        let (mut data, mut bits) = Data::new(&file);
        let expected = [(3, 0b101), (5, 0b00101), (16, 0xff12), (31, 0x3456_789a >> 1), (9, 0x0bc), (24, 0xdef011)];
        for (count, value) in expected {
            assert!(!data.is_at_end(&mut bits));
            assert_eq!(read(&mut data, &mut bits, count), Some(value));
        }
        assert!(!data.is_at_end(&mut bits));
        assert_eq!(read(&mut data, &mut bits, 8), Some(0x22));
        assert!(data.is_at_end(&mut bits));
        assert_eq!(read(&mut data, &mut bits, 1), Some(0));
        assert!(!data.is_at_end(&mut bits));
        assert_eq!(read(&mut data, &mut bits, 1), None);
    }

    #[test]
    fn data_longer_than_the_buffer_is_read_to_its_end() {
        // Every distance from one stuffed byte to the next, so that they also meet the buffer's end.
        let mut plain = Vec::new();
        for distance in 0..150 {
            plain.extend((0..distance).map(|at| at as u8));
            plain.push(0xff);
        }
        let mut file: Vec<u8> =
            plain.iter().flat_map(|&byte| if byte == 0xff { vec![0xff, 0] } else { vec![byte] }).collect();
        file.extend([0xff, 0xd9]);
        let (mut data, mut bits) = Data::new(&file);
        for (at, &byte) in plain.iter().enumerate() {
            assert!(!data.is_at_end(&mut bits), "{at}");
            assert_eq!(read(&mut data, &mut bits, 8), Some(u64::from(byte)), "{at}");
        }
        assert!(data.is_at_end(&mut bits));
    }

    #[test]
    fn a_restart_must_be_the_one_that_is_due() {
        let file = [0xab, 0xff, 0xff, 0xd3, 0xcd, 0xff, 0xd9];
        let (mut data, mut bits) = Data::new(&file);
        assert_eq!(read(&mut data, &mut bits, 4), Some(0xa));
        assert!(!data.restart(&mut bits, 2));
        assert!(data.restart(&mut bits, 3));
        assert_eq!(read(&mut data, &mut bits, 8), Some(0xcd));
        assert!(data.is_at_end(&mut bits));
        assert!(!data.restart(&mut bits, 4));
    }

    #[test]
    fn a_restart_before_the_data_is_used_up_is_none() {
        for bytes in [1, 2, BUFFER] {
            let file = [[0x77].repeat(bytes), vec![0xcd, 0xff, 0xd0]].concat();
            let (mut data, mut bits) = Data::new(&file);
            assert_eq!(read(&mut data, &mut bits, 4), Some(7));
            assert!(!data.restart(&mut bits, 0));
        }
    }
}
