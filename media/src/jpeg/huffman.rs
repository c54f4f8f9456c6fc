//! Huffman codes: how they are defined, and the shortest for given frequencies (ISO/IEC 10918-1, annexes C and K.2).

/// How a code is defined in a DHT segment: how many codes there are of each length from 1 to 16, and their symbols in
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    /// Codes of 1, 2 … 16 bits.
    pub(super) counts: [u8; 16],
    /// Symbols, those of the shortest codes first; as many as the counts add up to, at most 256.
    pub(super) symbols: Vec<u8>,
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
    use super::*;
    use crate::jpeg::lookup::AcTable;

    fn bits_of(spec: &Spec, frequencies: &[u32; 256]) -> u64 {
        let encoder = Encoder::new(spec);
        (0..256).map(|symbol| u64::from(frequencies[symbol]) * u64::from(encoder.codes[symbol].1)).sum()
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
        assert!(AcTable::new(&spec).is_some());
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
}
