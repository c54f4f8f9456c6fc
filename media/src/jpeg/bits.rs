//! The bits of entropy-coded data, read from the highest down (ISO/IEC 10918-1, F.2.2.5).

/// Reads bits of one scan. A `0xff` in the data is followed by a stuffed zero, which is dropped; any other follower is a
/// marker, where the data ends: from there on zero bits are delivered, and counted.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, the first of them highest.
    window: u64,
    count: u32,
    /// Bits delivered that the data did not hold.
    missing: u32,
}

/// Bits that are always there after [`Bits::refill`]: two codes (16 each) with a DC difference (11) and an AC value (10).
pub(super) const READY: u32 = 53;

impl<'a> Bits<'a> {
    /// Starts at the first byte of a scan's data.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Bits { data, at: 0, window: 0, count: 0, missing: 0 }
    }

    /// Makes at least [`READY`] bits available. Whether more are needed is not asked: the answer could not be predicted,
    /// and a wrong guess costs more than the refill.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some(&[a, b, c, d, e, f, g, h]) = self.data.get(self.at..self.at + 8) {
            let next = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            if !holds_ff(next) {
                self.window |= next >> self.count;
                let bytes = (63 - self.count) >> 3;
                self.at += bytes as usize;
                self.count += bytes * 8;
                debug_assert!(self.count >= READY);
                // Bits of a byte that is not counted yet stay below: when it is read again they meet themselves.
                return;
            }
        }
        // By value: a reference that leaves this function would keep everything in memory, and the reader is its registers.
        *self = self.refilled_bytewise();
    }

    #[cold]
    #[inline(never)]
    fn refilled_bytewise(mut self) -> Self {
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    self.at += 2;
                    0xff
                }
                // A marker, or the end.
                (Some(0xff), _) | (None, _) => {
                    self.missing += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
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

    /// Whether bits were delivered that the data does not hold.
    pub(super) fn is_exhausted(&self) -> bool {
        self.missing > self.count
    }

    /// Steps over the restart marker with this number (0 to 7), which must come next; `false` if it does not.
    pub(super) fn restart(&mut self, number: u8) -> bool {
        if self.is_exhausted() {
            return false;
        }
        // Before a marker less than a byte is left over, and it is padding.
        if self.count - self.missing >= 8 {
            return false;
        }
        let Some(rest) = self.data.get(self.at..) else { return false };
        // Any number of fill bytes may stand before a marker (B.1.1.2).
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        if fill == 0 || rest.get(fill) != Some(&(0xd0 + number)) {
            return false;
        }
        *self = Bits { data: self.data, at: self.at + fill + 1, window: 0, count: 0, missing: 0 };
        true
    }

    /// Whether the scan ends here, save for padding: with EOI or another segment.
    pub(super) fn is_at_end(&self) -> bool {
        !self.is_exhausted() && self.count - self.missing < 8 && matches!(self.data.get(self.at), Some(0xff))
    }
}

/// Whether any of eight bytes is 0xff.
#[inline(always)]
fn holds_ff(bytes: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let inverted = !bytes;
    inverted.wrapping_sub(LOW) & bytes & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bits: &mut Bits<'_>, count: u32) -> u64 {
        bits.refill();
        assert!(bits.count >= READY);
        let value = bits.peek() >> (64 - count);
        bits.skip(count);
        value
    }

    #[test]
    fn bits_come_highest_first_without_stuffing() {
        let data = [0b1010_0101, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x11, 0x22, 0xff, 0xd9];
        let mut bits = Bits::new(&data);
        assert_eq!(read(&mut bits, 3), 0b101);
        assert_eq!(read(&mut bits, 5), 0b00101);
        assert_eq!(read(&mut bits, 16), 0xff12);
        assert_eq!(read(&mut bits, 31), 0x3456_789a >> 1);
        assert_eq!(read(&mut bits, 9), 0x0bc);
        assert_eq!(read(&mut bits, 24), 0xdef011);
        assert!(!bits.is_at_end());
        assert_eq!(read(&mut bits, 8), 0x22);
        assert!(bits.is_at_end() && !bits.is_exhausted());
        assert_eq!(read(&mut bits, 1), 0);
        assert!(bits.is_exhausted());
    }

    #[test]
    fn every_ff_is_seen_and_nothing_else() {
        for position in 0..8 {
            for byte in 0..=255u8 {
                let word = u64::from(byte) << (position * 8) | (0x7f80_0180_fe01_7f00 & !(0xff << (position * 8)));
                assert_eq!(holds_ff(word), byte == 0xff, "{byte:x} at {position}");
            }
        }
    }

    #[test]
    fn a_restart_must_be_the_one_that_is_due() {
        let data = [0xab, 0xff, 0xff, 0xd3, 0xcd, 0xff, 0xd9];
        let mut bits = Bits::new(&data);
        assert_eq!(read(&mut bits, 4), 0xa);
        assert!(!bits.restart(2));
        assert!(bits.restart(3));
        assert_eq!(read(&mut bits, 8), 0xcd);
        assert!(bits.is_at_end());
        assert!(!bits.restart(4));
    }

    #[test]
    fn a_restart_before_the_data_is_used_up_is_none() {
        let mut bits = Bits::new(&[0xab, 0xcd, 0xff, 0xd0]);
        assert_eq!(read(&mut bits, 4), 0xa);
        assert!(!bits.restart(0));
    }
}
