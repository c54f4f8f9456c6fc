//! Random sequences of operations for properties that need a server: drawn from a seed, and shortened when they fail.

use std::fmt::Debug;

/// Draws numbers (SplitMix64): the same seed, the same numbers, on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`, which is at least 1.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }
}

/// Checks a property of `cases` sequences of `length` operations. `draw` makes an operation; `run` carries a sequence out
/// and says what went wrong. A sequence that fails is shortened as long as it goes on failing.
///
/// # Panics
/// With the shortest failing sequence and its seed, when one fails.
pub async fn hold<Operation: Clone + Debug>(
    cases: u64,
    length: usize,
    draw: impl Fn(&mut Dice) -> Operation,
    mut run: impl AsyncFnMut(&[Operation]) -> Result<(), String>,
) {
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let mut sequence: Vec<Operation> = (0..length).map(|_| draw(&mut dice)).collect();
        let Err(mut reason) = run(&sequence).await else { continue };
        // Large pieces are left out first, then smaller ones, at last single operations.
        let mut piece = sequence.len() / 2;
        while piece > 0 {
            let mut at = 0;
            while at + piece <= sequence.len() {
                let mut shorter = sequence.clone();
                shorter.drain(at..at + piece);
                match run(&shorter).await {
                    Err(still) => (sequence, reason) = (shorter, still),
                    Ok(()) => at += piece,
                }
            }
            piece /= 2;
        }
        panic!("seed {seed}: {reason}\n{sequence:#?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "seed 0: a seven\n[\n    7,\n]")]
    async fn a_failing_sequence_is_shortened_to_what_fails() {
        let run = async |numbers: &[usize]| if numbers.contains(&7) { Err("a seven".to_owned()) } else { Ok(()) };
        hold(1, 200, |dice| dice.below(10), run).await;
    }

    #[test]
    fn every_side_comes_up() {
        let mut dice = Dice::new(1);
        let mut seen = [0; 6];
        (0..6000).for_each(|_| seen[dice.below(6)] += 1);
        assert!(seen.iter().all(|times| (800..1200).contains(times)), "{seen:?}");
    }
}
