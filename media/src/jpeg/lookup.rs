//! Tables that know what the next bits of a scan mean (ISO/IEC 10918-1, annexes C and F.2.2).
//!
//! A code's meaning depends on its bits alone, so that what several codes in a row mean can be looked up at once. That
//! is where the time of a decoder goes: each look waits for the length of what the one before it found.

use super::huffman::Spec;

/// Bits that a look at values takes. Longer codes are rare, and tables of more bits don't stay in the processor's first
/// cache.
const PAIR_LOOK: u32 = 10;

/// Bits that a look takes which steps over values; it needs less memory for each.
const SKIP_LOOK: u32 = 12;

/// The same for DC differences, of which there is one a block.
const DC_LOOK: u32 = 9;

/// Most bits that a look at AC coefficients takes: the last of the values may lie beyond the bits that were looked at.
pub(super) const MOST_BITS: u32 = SKIP_LOOK + 10;

const _: () = assert!(PAIR_LOOK <= SKIP_LOOK);

/// Flag of a coefficient's number: the block has ended, wherever that was.
pub(super) const END_OF_BLOCK: usize = 128;

/// Added to the number of any coefficient, gives one that is beyond the last.
const BEYOND: usize = 64;

/// What a single symbol means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Coefficients that are zero before the one with the value; [`END_OF_BLOCK`] if no other follows.
    pub(super) run: usize,
    /// Bits of the code.
    pub(super) code: u32,
    /// Bits of the value behind it.
    pub(super) size: u32,
}

impl Symbol {
    /// Of DC, the whole symbol is the value's size (F.1.2.1).
    fn of_dc(symbol: u8, code: u32) -> Symbol {
        Symbol { run: 0, code, size: u32::from(symbol) }
    }

    /// Of AC coefficients two have no value (F.1.2.2): sixteen zeros, and the end. Others without a value are not
    /// defined in a sequential scan, and are taken as the end.
    fn of_ac(symbol: u8, code: u32) -> Symbol {
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        let run = if size == 0 && run < 15 { END_OF_BLOCK } else { run };
        Symbol { run, code, size }
    }

    /// Bits of code and value.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.code + self.size
    }

    /// The value, from bits that begin with the code.
    #[inline(always)]
    pub(super) fn value(self, window: u64) -> i32 {
        value(window << self.code, self.size)
    }
}

/// The value in the first `size` bits (F.2.2.1, EXTEND): those whose first bit is 0 are negative. There is no branch, it
/// would be a coin's toss.
#[inline(always)]
fn value(window: u64, size: u32) -> i32 {
    let magnitude = (window >> 1 >> (63 - size)) as i32;
    let negative = !((window as i64 >> 63) as i32);
    magnitude + (negative & ((-1i32 << size) + 1))
}

/// All codes of a table, found by comparing. It is slow, and knows them all.
struct Codes {
    /// For each length, the first 16 bits (left-aligned) that are no code of this length or a shorter one, and what to
    /// add to a code for its symbol's index.
    limits: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Codes {
    /// `None` if the definition is not a prefix code.
    fn new(spec: &Spec) -> Option<Codes> {
        let mut limits = [(0, 0); 17];
        let (mut code, mut index) = (0u32, 0u32);
        for (length, &count) in (1..=16u32).zip(&spec.counts) {
            let count = u32::from(count);
            if code + count > 1 << length {
                return None;
            }
            limits[length as usize] = ((code + count) << (16 - length), index as i32 - code as i32);
            index += count;
            code = (code + count) << 1;
        }
        (spec.symbols.len() == index as usize).then(|| Codes { limits, symbols: spec.symbols.clone() })
    }

    /// The symbol at the front of these bits, and its code's length. `None`: no such code.
    fn find(&self, window: u64) -> Option<(u8, u32)> {
        let head = (window >> 48) as u32;
        let length = (1..=16).find(|&length| head < self.limits[length as usize].0)?;
        let index = (head >> (16 - length)) as i32 + self.limits[length as usize].1;
        Some((*self.symbols.get(usize::try_from(index).ok()?)?, length))
    }

    /// Of all the ways that `bits` bits can be, tells those that begin with a code of at most as many bits: which they are,
    /// its symbol and its length.
    fn each_look(&self, bits: u32, mut tell: impl FnMut(std::ops::Range<usize>, u8, u32)) {
        let (mut symbols, mut first) = (self.symbols.iter(), 0);
        for length in 1..=bits {
            let end = (self.limits[length as usize].0 >> (16 - bits)) as usize;
            while first < end {
                let Some(&symbol) = symbols.next() else { return };
                tell(first..first + (1 << (bits - length)), symbol, length);
                first += 1 << (bits - length);
            }
        }
    }
}

/// DC differences.
pub(super) struct DcTable {
    looks: [Option<(u8, u8)>; 1 << DC_LOOK],
    codes: Codes,
}

impl DcTable {
    /// `None` if the definition is not a prefix code, or has values too large for 8-bit samples.
    pub(super) fn new(spec: &Spec) -> Option<DcTable> {
        // Of 8-bit samples no difference has more than 11 bits (F.1.2.1).
        let codes = Codes::new(spec).filter(|codes| codes.symbols.iter().all(|&symbol| symbol <= 11))?;
        let mut looks = [None; 1 << DC_LOOK];
        codes.each_look(DC_LOOK, |heads, symbol, length| looks[heads].fill(Some((symbol, length as u8))));
        Some(DcTable { looks, codes })
    }

    /// What the bits begin with; at least 16 of them must be there. `None`: no such code.
    #[inline(always)]
    pub(super) fn look(&self, window: u64) -> Option<Symbol> {
        match self.looks[(window >> (64 - DC_LOOK)) as usize] {
            Some((symbol, length)) => Some(Symbol::of_dc(symbol, u32::from(length))),
            None => self.look_longer(window),
        }
    }

    #[cold]
    #[inline(never)]
    fn look_longer(&self, window: u64) -> Option<Symbol> {
        self.codes.find(window).map(|(symbol, length)| Symbol::of_dc(symbol, length))
    }
}

/// One or two coefficients, or one and the block's end.
///
/// Packed, from the lowest: 8 bits each for the bits that they take and for the distances of the second and the first, 8
/// that are empty, 16 each for the first value and the second. If there is no second, it is at the same place as
/// the first; if the block ends there, [`END_OF_BLOCK`] is added to its distance.
///
/// A code whose value is not within the look has a distance that leads beyond the block, and length of code and value
/// instead of the second value.
#[derive(Clone, Copy)]
pub(super) struct Pair(u64);

/// As many coefficients as codes in a look.
///
/// Packed: 8 bits each for the bits that they take and for how far they advance.
#[derive(Clone, Copy)]
pub(super) struct Skip(u16);

impl Pair {
    /// A distance that leads from any coefficient but the first beyond the last, and not as far as the block's end would.
    const TOO_FAR: u64 = 63;

    /// Nothing is known of these bits.
    const UNKNOWN: Pair = Pair(Pair::TOO_FAR << 8);

    /// Bits of both.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 as u32 & 0xff
    }

    /// Where the values are. If the second is not before coefficient 64, in this block or beyond its end, then the first
    /// symbol is to be taken alone.
    #[inline(always)]
    pub(super) fn distances(self) -> [usize; 2] {
        [(self.0 >> 16 & 0xff) as usize, (self.0 >> 8 & 0xff) as usize]
    }

    /// The values; to be stored from the last to the first.
    #[inline(always)]
    pub(super) fn values(self) -> [i16; 2] {
        [(self.0 >> 32) as i16, (self.0 >> 48) as i16]
    }

    /// The symbol, if it is one whose value is not within the look.
    #[inline(always)]
    pub(super) fn large(self) -> Option<Symbol> {
        let [run, distance] = self.distances();
        let (code, size) = ((self.0 >> 48 & 0xff) as u32, (self.0 >> 56 & 0xff) as u32);
        (distance == Pair::TOO_FAR as usize && code > 0).then_some(Symbol { run, code, size })
    }
}

impl Skip {
    const UNKNOWN: Skip = Skip((BEYOND as u16) << 8);

    /// How far to go, with [`END_OF_BLOCK`] added if it ends there. If that leads to coefficient 64 or farther, the next
    /// symbol is to be taken alone.
    #[inline(always)]
    pub(super) fn advance(self) -> usize {
        usize::from(self.0 >> 8)
    }

    /// Bits of all of them.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        u32::from(self.0 & 0xff)
    }
}

/// AC coefficients.
pub(super) struct AcTable {
    pairs: [Pair; 1 << PAIR_LOOK],
    skips: [Skip; 1 << SKIP_LOOK],
    codes: Codes,
}

impl AcTable {
    /// `None` if the definition is not a prefix code, or has values too large for 8-bit samples.
    pub(super) fn new(spec: &Spec) -> Option<AcTable> {
        // Of 8-bit samples no coefficient has more than 10 bits (F.1.2.2).
        let codes = Codes::new(spec).filter(|codes| codes.symbols.iter().all(|&symbol| symbol & 15 <= 10))?;
        let mut looks = vec![None; 1 << SKIP_LOOK];
        codes.each_look(SKIP_LOOK, |heads, symbol, length| looks[heads].fill(Some(Symbol::of_ac(symbol, length))));
        let symbols =
            |head: usize, bits: u32| Symbols { looks: &looks, head: (head as u64) << (64 - bits), left: bits as i32 };
        let mut pairs = [Pair::UNKNOWN; 1 << PAIR_LOOK];
        for (head, pair) in pairs.iter_mut().enumerate() {
            *pair = symbols(head, PAIR_LOOK).pair();
        }
        let mut skips = [Skip::UNKNOWN; 1 << SKIP_LOOK];
        for (head, skip) in skips.iter_mut().enumerate() {
            *skip = symbols(head, SKIP_LOOK).skip();
        }
        Some(AcTable { pairs, skips, codes })
    }

    /// The next one or two coefficients.
    #[inline(always)]
    pub(super) fn pair(&self, window: u64) -> Pair {
        self.pairs[(window >> (64 - PAIR_LOOK)) as usize]
    }

    /// As many coefficients as can be seen at once, their values unseen.
    #[inline(always)]
    pub(super) fn skip(&self, window: u64) -> Skip {
        self.skips[(window >> (64 - SKIP_LOOK)) as usize]
    }

    /// What the bits begin with; at least 16 of them must be there. `None`: no such code.
    pub(super) fn single(&self, window: u64) -> Option<Symbol> {
        self.codes.find(window).map(|(symbol, length)| Symbol::of_ac(symbol, length))
    }
}

/// The symbols whose codes lie in a look, one after another.
struct Symbols<'a> {
    looks: &'a [Option<Symbol>],
    /// The bits of the look that are left, highest first.
    head: u64,
    /// Their number.
    left: i32,
}

impl Symbols<'_> {
    /// The next symbol and, if the look holds it, its value.
    fn next(&mut self) -> Option<(Symbol, Option<i32>)> {
        let symbol =
            self.looks[(self.head >> (64 - SKIP_LOOK)) as usize].filter(|symbol| symbol.code as i32 <= self.left)?;
        self.left -= symbol.length() as i32;
        let value = (self.left >= 0).then(|| symbol.value(self.head));
        self.head <<= symbol.length();
        Some((symbol, value))
    }

    fn pair(mut self) -> Pair {
        let packed = |length: u32, distances: [usize; 2], values: [u16; 2]| {
            let [first, second] = values.map(u64::from);
            let distances = (distances[0] as u64) << 16 | (distances[1] as u64) << 8;
            Pair(second << 48 | first << 32 | distances | u64::from(length))
        };
        let Some((first, value)) = self.next() else { return Pair::UNKNOWN };
        let Some(value) = value else {
            return packed(0, [first.run, Pair::TOO_FAR as usize], [0, (first.size << 8 | first.code) as u16]);
        };
        if first.run == END_OF_BLOCK {
            return packed(first.length(), [0, END_OF_BLOCK], [0, 0]);
        }
        match self.next() {
            Some((second, Some(second_value))) => packed(
                first.length() + second.length(),
                [first.run, first.run + 1 + second.run],
                [value as u16, second_value as u16],
            ),
            _ => packed(first.length(), [first.run, first.run], [value as u16, 0]),
        }
    }

    fn skip(mut self) -> Skip {
        let (mut length, mut advance) = (0, 0);
        while let Some((symbol, _)) = self.next() {
            if symbol.run == END_OF_BLOCK {
                length += symbol.length();
                advance |= END_OF_BLOCK;
                break;
            }
            if advance + symbol.run + 1 >= BEYOND {
                break;
            }
            length += symbol.length();
            advance += symbol.run + 1;
        }
        if advance == 0 { Skip::UNKNOWN } else { Skip((advance as u16) << 8 | length as u16) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::jpeg::huffman::{Encoder, optimal};

    /// A code for every symbol that a scan may have; the frequent ones are short, the rare ones up to 16 bits.
    pub(in crate::jpeg) fn spec() -> Spec {
        let mut frequencies = [0; 256];
        for (symbol, frequency) in frequencies.iter_mut().enumerate().filter(|(symbol, _)| symbol & 15 <= 10) {
            let (run, size) = (symbol as u32 >> 4, symbol as u32 & 15);
            *frequency = if symbol == 0 { 200_000 } else { 1 + 2_000_000 / (1 + (run * run + size * size).pow(3)) };
        }
        optimal(&frequencies)
    }

    #[test]
    fn every_code_and_value_is_read_as_it_was_written() {
        let spec = spec();
        let (encoder, table) = (Encoder::new(&spec), AcTable::new(&spec).unwrap());
        for &symbol in &spec.symbols {
            let (code, length) = encoder.codes[usize::from(symbol)];
            let size = symbol & 15;
            // The largest and the smallest value of this size: all ones, all zeros.
            for (tail, value) in [((1u64 << size) - 1, (1i32 << size) - 1), (0, 1 - (1i32 << size))] {
                let window = u64::from(code) << (64 - length) | (tail << 1 << (63 - length - size)) | 1;
                let found = table.single(window).unwrap();
                assert_eq!(found.length(), u32::from(length + size));
                assert_eq!(found.value(window), if size == 0 { 0 } else { value }, "symbol {symbol:02x}");
                let run = if size == 0 && symbol >> 4 != 15 { END_OF_BLOCK } else { usize::from(symbol >> 4) };
                assert_eq!(found.run, run);
            }
        }
        let sizes = Spec { counts: spec.counts, symbols: (0..=11).cycle().take(spec.symbols.len()).collect() };
        let (encoder, table) = (Encoder::new(&sizes), DcTable::new(&sizes).unwrap());
        for symbol in 0..=11u8 {
            let (code, length) = encoder.codes[usize::from(symbol)];
            let found = table.look(u64::from(code) << (64 - length)).unwrap();
            assert_eq!((found.size, found.code), (u32::from(symbol), u32::from(length)));
        }
    }

    /// What a look at many symbols says is what single ones say that are taken in turn.
    #[test]
    fn looks_say_what_steps_say() {
        let table = AcTable::new(&spec()).unwrap();
        let (mut state, mut pairs, mut skipped) = (7u64, 0, 0);
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let window = state ^ state >> 29;
            // Length, how far it leads, the last distance and value; after each number of symbols.
            let mut steps = vec![(0, 0, 0, 0)];
            while let Some(&(length, advance, ..)) = steps.last()
                && length < 22
                && advance < END_OF_BLOCK
                && let Some(symbol) = table.single(window << length)
            {
                let at = advance + symbol.run;
                let next = if symbol.run == END_OF_BLOCK { at } else { at + 1 };
                steps.push((length + symbol.length(), next, at, symbol.value(window << length)));
            }
            let skip = table.skip(window);
            if skip.advance() & BEYOND == 0 {
                let found = steps.iter().position(|step| (step.0, step.1) == (skip.length(), skip.advance()));
                skipped += found.unwrap();
                assert!(found > Some(0));
            }
            let pair = table.pair(window);
            let [first, second] = pair.distances();
            if let Some(large) = pair.large() {
                assert_eq!(Some(large), table.single(window));
            } else if (second + 1) & BEYOND == 0 {
                let last = steps.iter().position(|step| step.0 == pair.length()).unwrap();
                assert_eq!(second, steps[last].2);
                if last == 2 {
                    pairs += 1;
                    assert_eq!(i32::from(pair.values()[1]), steps[2].3);
                }
                if second != END_OF_BLOCK {
                    assert_eq!((first, i32::from(pair.values()[0])), (steps[1].2, steps[1].3));
                }
            }
        }
        // They are worth their while.
        assert!(pairs > 60_000 && skipped > 350_000, "{pairs} {skipped}");
    }

    #[test]
    fn what_is_no_prefix_code_or_too_large_is_refused() {
        let spec = |counts: [u8; 2], symbols: &[u8]| {
            let mut spec = Spec { counts: [0; 16], symbols: symbols.to_vec() };
            spec.counts[..2].copy_from_slice(&counts);
            spec
        };
        assert!(DcTable::new(&spec([1, 2], &[0, 11, 3])).is_some());
        assert!(DcTable::new(&spec([3, 0], &[0, 1, 2])).is_none());
        assert!(DcTable::new(&spec([2, 1], &[0, 1, 2])).is_none());
        assert!(DcTable::new(&spec([2, 0], &[0])).is_none());
        assert!(DcTable::new(&spec([2, 0], &[0, 12])).is_none());
        assert!(AcTable::new(&spec([1, 1], &[0, 0xfa])).is_some());
        assert!(AcTable::new(&spec([1, 1], &[0, 0x0b])).is_none());
        // The code of all ones that nobody has.
        assert!(AcTable::new(&spec([1, 1], &[0, 1])).unwrap().single(u64::MAX).is_none());
    }
}
