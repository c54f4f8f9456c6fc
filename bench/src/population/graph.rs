//! Who follows whom: popularity by Zipf's law, as follower counts on real networks are spread (G. K. Zipf, "Human Behavior and
//! the Principle of Least Effort", 1949; exponent 1).

use std::collections::HashSet;

use rand::Rng;
use rand::rngs::StdRng;

/// Draws people by their popularity: the one in place n is n times as rare as the first.
pub(crate) struct Zipf {
    /// Sums of the weights up to each place.
    sums: Vec<f64>,
}

impl Zipf {
    /// Of so many people.
    pub(crate) fn new(people: usize) -> Self {
        let mut sum = 0.0;
        let sums = (1..=people)
            .map(|place| {
                sum += 1.0 / place as f64;
                sum
            })
            .collect();
        Self { sums }
    }

    fn draw(&self, random: &mut StdRng) -> usize {
        let at = random.random::<f64>() * self.sums.last().copied().unwrap_or(0.0);
        self.sums.partition_point(|sum| *sum <= at).min(self.sums.len() - 1)
    }

    /// `many` different places other than `own`; fewer if there are fewer people.
    pub(crate) fn draw_others(&self, own: usize, many: usize, random: &mut StdRng) -> Vec<usize> {
        let many = many.min(self.sums.len().saturating_sub(1));
        let mut drawn = HashSet::with_capacity(many);
        // The popular are drawn again and again: after a while whoever is left is taken in turn.
        for _ in 0..many * 20 {
            if drawn.len() == many {
                break;
            }
            let place = self.draw(random);
            if place != own {
                drawn.insert(place);
            }
        }
        let mut next = random.random_range(0..self.sums.len());
        while drawn.len() < many {
            if next != own {
                drawn.insert(next);
            }
            next = (next + 1) % self.sums.len();
        }
        let mut drawn: Vec<usize> = drawn.into_iter().collect();
        drawn.sort_unstable();
        drawn
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn others_are_different_and_the_first_are_drawn_most() {
        let (zipf, mut random) = (Zipf::new(1000), StdRng::seed_from_u64(1));
        let mut followers = vec![0_usize; 1000];
        for own in 0..1000 {
            let others = zipf.draw_others(own, 20, &mut random);
            assert_eq!(others.len(), 20);
            assert!(!others.contains(&own));
            others.into_iter().for_each(|other| followers[other] += 1);
        }
        assert!(followers[0] > 700, "{}", followers[0]);
        assert!(followers[500..].iter().sum::<usize>() < followers[..20].iter().sum());
    }

    #[test]
    fn whoever_follows_nearly_everyone_follows_each_once() {
        let others = Zipf::new(50).draw_others(7, 100, &mut StdRng::seed_from_u64(1));
        assert_eq!(others.len(), 49);
    }
}
