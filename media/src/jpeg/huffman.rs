//! Huffman codes: tables that know most codes at a look, and the shortest codes for given frequencies
//! (ISO/IEC 10918-1, annexes C, F and K.2).

/// Bits that the first look takes. Longer codes are rare.
const LOOK: u32 = 10;

/// How a code is defined in a DHT segment: how many codes there are of each length from 1 to 16, and their symbols in
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    /// Codes of 1, 2 … 16 bits.
    pub(super) counts: [u8; 16],
    /// Symbols, those of the shortest codes first; as many as the counts add up to, at most 256.
    pub(super) symbols: Vec<u8>,
}

/// What a code means: how many coefficients to step over, and how many bits of a value follow.
///
/// Packed: bits of the code and its value in bits 0–7, of the code alone in 8–15, of the value in 16–23, the run in 24–31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

/// A run no block is long enough for: the block ends here.
pub(super) const END_OF_BLOCK: u32 = 128;

/// The code is longer than the look, or there is no such code.
const LONG: Entry = Entry(0);

impl Entry {
    /// What a symbol with a code of `length` bits means.
    fn new(symbol: u8, length: u32, dc: bool) -> Entry {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let (run, size) = match (dc, run, size) {
            (true, ..) => (0, u32::from(symbol)),
            // Of the symbols without a value a sequential AC code has two: sixteen zeros, and the end.
            (false, 15, 0) => (15, 0),
            (false, _, 0) => (END_OF_BLOCK, 0),
            (false, ..) => (run, size),
        };
        Entry((length + size) | (length << 8) | (size << 16) | (run << 24))
    }

    /// Coefficients to step over; [`END_OF_BLOCK`] if none follows in this block.
    #[inline(always)]
    pub(super) fn run(self) -> u32 {
        self.0 >> 24
    }

    /// Bits of the code and the value.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 0xff
    }

    /// The value of the coefficient (or of the difference to the last DC coefficient), from bits that begin with the code.
    #[inline(always)]
    pub(super) fn value(self, window: u64) -> i32 {
        let (code, size) = (self.0 >> 8 & 63, self.0 >> 16 & 63);
        let tail = window << code;
        let magnitude = (tail >> 1 >> (63 - size)) as i32;
        // Values whose first bit is 0 are negative (F.2.2.1, EXTEND). There is no branch: it would be a coin's toss.
        let negative = !((tail as i64 >> 63) as i32);
        magnitude + (negative & ((-1i32 << size) + 1))
    }
}

/// A table for decoding DC differences or AC coefficients.
pub(super) struct Decoder {
    looks: Box<[Entry; 1 << LOOK]>,
    /// For each length above that of a look, the first 16 bits (left-aligned) that are no code of this length or a
    /// shorter one, and what to add to a code for its symbol's index.
    limits: [(u32, i32); 17],
    symbols: Vec<u8>,
    dc: bool,
}

impl Decoder {
    /// Builds a table; `None` if the definition is not a prefix code, or has values too large for 8-bit samples.
    pub(super) fn new(spec: &Spec, dc: bool) -> Option<Decoder> {
        let mut looks = Box::new([LONG; 1 << LOOK]);
        let mut limits = [(0, 0); 17];
        let mut code = 0u32;
        let mut index = 0usize;
        for length in 1..=16u32 {
            let count = u32::from(spec.counts[length as usize - 1]);
            if code + count > 1 << length {
                return None;
            }
            limits[length as usize] = ((code + count) << (16 - length), index as i32 - code as i32);
            for symbol in spec.symbols.get(index..index + count as usize)? {
                // Of 8-bit samples no difference has more than 11 bits and no coefficient more than 10 (F.1.2).
                if dc && *symbol > 11 || !dc && *symbol & 15 > 10 {
                    return None;
                }
                if length <= LOOK {
                    let first = (code << (LOOK - length)) as usize;
                    looks[first..first + (1 << (LOOK - length))].fill(Entry::new(*symbol, length, dc));
                }
                code += 1;
                index += 1;
            }
            code <<= 1;
        }
        Some(Decoder { looks, limits, symbols: spec.symbols.clone(), dc })
    }

    /// What the code at the front of these bits means; at least 32 of them must be there. `None`: no such code.
    #[inline(always)]
    pub(super) fn look(&self, window: u64) -> Option<Entry> {
        let entry = self.looks[(window >> (64 - LOOK)) as usize];
        if entry == LONG { self.look_longer(window) } else { Some(entry) }
    }

    #[cold]
    #[inline(never)]
    fn look_longer(&self, window: u64) -> Option<Entry> {
        let head = (window >> 48) as u32;
        let length = (LOOK + 1..=16).find(|&length| head < self.limits[length as usize].0)?;
        let index = (head >> (16 - length)) as i32 + self.limits[length as usize].1;
        let symbol = *self.symbols.get(usize::try_from(index).ok()?)?;
        Some(Entry::new(symbol, length, self.dc))
    }
}

/// A code for encoding: for each symbol its bits and their number; 0 bits if the symbol has no code.
pub(super) struct Encoder {
    pub(super) codes: [(u16, u8); 256],
}

impl Encoder {
    /// The codes that a definition means.
    pub(super) fn new(spec: &Spec) -> Encoder {
        let mut codes = [(0, 0); 256];
        let mut code = 0u16;
        let mut symbols = spec.symbols.iter();
        for (length, &count) in (1..=16).zip(&spec.counts) {
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(symbol)] = (code, length);
                code = code.wrapping_add(1);
            }
            code <<= 1;
        }
        Encoder { codes }
    }
}

/// The shortest code of at most 16 bits for symbols that occur this often (K.2), none of which is all ones.
pub(super) fn optimal(frequencies: &[u32; 256]) -> Spec {
    // A symbol of its own, rarer than all others, keeps the code of all ones for itself.
    const RESERVED: usize = 256;
    let mut weights: Vec<(u64, usize)> = frequencies
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0)
        .map(|(symbol, n)| (u64::from(*n) << 8, symbol))
        .collect();
    weights.push((1, RESERVED));
    weights.sort_unstable_by_key(|&(weight, symbol)| (weight, usize::MAX - symbol));
    let lengths = code_lengths(&weights.iter().map(|&(weight, _)| weight).collect::<Vec<_>>());

    let mut counts = [0usize; 64];
    for length in lengths {
        counts[length.min(63)] += 1;
    }
    shorten(&mut counts);
    // The reserved symbol is the last of the longest codes.
    let longest = (1..=16).rev().find(|&length| counts[length] > 0).unwrap_or(1);
    counts[longest] -= 1;
    let symbols = weights.iter().rev().map(|&(_, symbol)| symbol).filter(|&symbol| symbol != RESERVED);
    Spec {
        counts: std::array::from_fn(|index| counts[index + 1] as u8),
        symbols: symbols.map(|symbol| symbol as u8).collect(),
    }
}

/// Huffman's code lengths for weights in ascending order: merges the two lightest trees until one is left. Two queues
/// (leaves, trees), both ascending, make it linear.
fn code_lengths(weights: &[u64]) -> Vec<usize> {
    let leaves = weights.len();
    if leaves == 1 {
        return vec![1];
    }
    let mut parents = vec![0; 2 * leaves - 1];
    let mut trees: Vec<u64> = Vec::with_capacity(leaves);
    let (mut leaf, mut tree) = (0, 0);
    while trees.len() < leaves - 1 {
        let parent = leaves + trees.len();
        let mut sum = 0;
        for _ in 0..2 {
            let takes_leaf = leaf < leaves && trees.get(tree).is_none_or(|lightest| weights[leaf] <= *lightest);
            if takes_leaf {
                sum += weights[leaf];
                parents[leaf] = parent;
                leaf += 1;
            } else {
                sum += trees[tree];
                parents[leaves + tree] = parent;
                tree += 1;
            }
        }
        trees.push(sum);
    }
    let root = 2 * leaves - 2;
    let mut depths = vec![0; 2 * leaves - 1];
    for node in (0..root).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    depths.truncate(leaves);
    depths
}

/// Makes codes longer than 16 bits shorter at the cost of shorter ones (K.2, Adjust_BITS).
fn shorten(counts: &mut [usize; 64]) {
    for length in (17..64).rev() {
        while counts[length] > 0 {
            let shorter = (1..length - 1).rev().find(|&shorter| counts[shorter] > 0).unwrap_or(1);
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bits_of(spec: &Spec, frequencies: &[u32; 256]) -> u64 {
        let encoder = Encoder::new(spec);
        (0..256).map(|symbol| u64::from(frequencies[symbol]) * u64::from(encoder.codes[symbol].1)).sum()
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut frequencies = [0; 256];
        for (symbol, frequency) in frequencies.iter_mut().enumerate().filter(|(symbol, _)| symbol & 15 <= 10) {
            *frequency = 1 + 1_000_000 / (1 + symbol as u32 * symbol as u32);
        }
        let spec = optimal(&frequencies);
        let (encoder, decoder) = (Encoder::new(&spec), Decoder::new(&spec, false).unwrap());
        for symbol in (0..=255u8).filter(|symbol| frequencies[usize::from(*symbol)] > 0) {
            let (code, length) = encoder.codes[usize::from(symbol)];
            assert!((1..=16).contains(&length));
            let size = symbol & 15;
            // The largest and the smallest value of this size: all ones, all zeros.
            for (tail, value) in [((1u64 << size) - 1, (1i32 << size) - 1), (0, 1 - (1i32 << size))] {
                let word = u64::from(code) << (64 - length) | (tail << 1 << (63 - length - size)) | 1;
                let entry = decoder.look(word).unwrap();
                assert_eq!(entry.length(), u32::from(length + size));
                assert_eq!(entry.value(word), if size == 0 { 0 } else { value }, "symbol {symbol:02x}");
                let run = if size == 0 && symbol >> 4 != 15 { END_OF_BLOCK } else { u32::from(symbol >> 4) };
                assert_eq!(entry.run(), run);
            }
        }
    }

    #[test]
    fn codes_are_as_short_as_they_can_be() {
        let mut frequencies = [0; 256];
        (frequencies[1], frequencies[2], frequencies[3], frequencies[4]) = (50, 25, 15, 10);
        // 1, 2, 3 and 4 bits: with the reserved code there are five leaves.
        assert_eq!(bits_of(&optimal(&frequencies), &frequencies), 50 + 2 * 25 + 3 * 15 + 4 * 10);
    }

    #[test]
    fn no_code_is_longer_than_sixteen_bits_or_all_ones() {
        let mut frequencies = [0; 256];
        let (mut last, mut next) = (1u32, 1u32);
        for symbol in 0..40 {
            // Ten sizes of values after runs of 0, 1, 2 and 3.
            frequencies[16 * (symbol / 10) + symbol % 10] = last;
            (last, next) = (next, last.saturating_add(next));
        }
        let spec = optimal(&frequencies);
        assert_eq!(spec.symbols.len(), 40);
        assert_eq!(spec.counts.iter().map(|&count| usize::from(count)).sum::<usize>(), 40);
        assert!(Decoder::new(&spec, false).is_some());
        let encoder = Encoder::new(&spec);
        for (code, length) in encoder.codes.iter().filter(|(_, length)| *length > 0) {
            assert!(u32::from(*code) < (1 << length) - 1);
        }
    }

    #[test]
    fn one_symbol_gets_a_code() {
        let mut frequencies = [0; 256];
        frequencies[0] = 7;
        let spec = optimal(&frequencies);
        assert_eq!((spec.counts[0], spec.symbols.as_slice()), (1, [0].as_slice()));
        let none = optimal(&[0; 256]);
        assert!(none.symbols.is_empty());
    }

    #[test]
    fn what_is_no_prefix_code_is_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Decoder::new(&Spec { counts, symbols: vec![0, 1, 2] }, true).is_none());
        counts[0] = 2;
        assert!(Decoder::new(&Spec { counts, symbols: vec![0] }, true).is_none());
        assert!(Decoder::new(&Spec { counts, symbols: vec![0, 12] }, true).is_none());
    }
}
