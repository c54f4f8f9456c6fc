//! What a post is worth to a viewer: five values between 0 and 1, each with its weight. Pure.

use darkroom_platform::config::RankingConfig;

/// What a post's rank is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// How close the viewer is to its author.
    Relationship,
    /// How much it is about what the viewer cares for.
    Interest,
    /// How new it is.
    Recency,
    /// How well others received it.
    Quality,
    /// How active the viewer is: the same for all posts of one viewer.
    Activity,
}

impl Factor {
    /// All of them, in the order in which weights and values stand.
    pub const ALL: [Self; 5] = [Self::Relationship, Self::Interest, Self::Recency, Self::Quality, Self::Activity];
}

/// How much each factor counts, 0–100, in the order of [`Factor::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights(pub [u8; 5]);

impl Weights {
    /// Those of the settings, which are checked.
    pub(super) fn of(config: &RankingConfig) -> Self {
        let weights = [config.relationship, config.interest, config.recency, config.quality, config.activity];
        Self(weights.map(|weight| u8::try_from(weight).unwrap_or(100).min(100)))
    }
}

/// One in the form in which values are kept: ten-thousandths, in two bytes each.
const ONE: u16 = 10_000;

/// The value of each factor, in ten-thousandths, in the order of [`Factor::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values(pub(super) [u16; 5]);

impl Values {
    /// From numbers between 0 and 1, rounded.
    pub(super) fn of(values: [f64; 5]) -> Self {
        Self(values.map(|value| (value.clamp(0.0, 1.0) * f64::from(ONE)).round() as u16))
    }

    /// The score in ten-thousandths: whole numbers, so that every machine finds the same order.
    pub(super) fn points(&self, weights: Weights) -> u32 {
        weights.0.iter().zip(self.0).map(|(weight, value)| u32::from(*weight) * u32::from(value)).sum()
    }
}

/// One part of a post's score: `weight · value`. The parts sum up to the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// Which part.
    pub factor: Factor,
    /// How much it counts, 0–100.
    pub weight: f64,
    /// How much of it the post has, 0–1.
    pub value: f64,
}

/// The parts of a score, and their sum.
pub(super) fn explained(values: Values, weights: Weights) -> ([Reason; 5], f64) {
    let reason = |at: usize| Reason {
        factor: Factor::ALL[at],
        weight: f64::from(weights.0[at]),
        value: f64::from(values.0[at]) / f64::from(ONE),
    };
    (std::array::from_fn(reason), f64::from(values.points(weights)) / f64::from(ONE))
}

/// What is known of a post and of what its viewer cares for, decayed to now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Facts {
    /// Nobody is close to themselves, or made curious by their own words.
    pub(super) is_own: bool,
    /// What the viewer has had to do with its author.
    pub(super) author: f64,
    /// What the viewer has had to do with its hashtags, all together.
    pub(super) hashtags: f64,
    /// … with its kind of media.
    pub(super) media: f64,
    /// Since it was published, hours.
    pub(super) age_hours: f64,
    /// How many like it.
    pub(super) likes: f64,
    /// How many comments it has.
    pub(super) comments: f64,
    /// How many follow its author.
    pub(super) followers: f64,
    /// How many have seen it, as far as apps say so.
    pub(super) seen: f64,
    /// For how long, all together, seconds.
    pub(super) dwell: f64,
    /// How much of what a post can say it says, 0–1.
    pub(super) completeness: f64,
}

/// From nought to one, a half at `half`: what comes on top counts less and less.
pub(super) fn saturated(amount: f64, half: f64) -> f64 {
    let amount = amount.max(0.0);
    amount / (amount + half)
}

/// The values of a post's factors.
pub(super) fn values(facts: &Facts, activity: f64, half_life_hours: f64) -> Values {
    let (relationship, interest) = if facts.is_own { (0.0, 0.0) } else { (relationship(facts), interest(facts)) };
    let recency = (-facts.age_hours.max(0.0) / half_life_hours).exp2();
    Values::of([relationship, interest, recency, quality(facts), activity])
}

/// Six likes of two weeks, or two comments, are half of all closeness.
fn relationship(facts: &Facts) -> f64 {
    saturated(facts.author, 6.0)
}

/// Hashtags can make all of it; the kind of media and the author, of which each viewer knows few, a quarter each.
fn interest(facts: &Facts) -> f64 {
    let apathy = (1.0 - saturated(facts.hashtags, 6.0))
        * (1.0 - 0.25 * saturated(facts.media, 30.0))
        * (1.0 - 0.25 * saturated(facts.author, 12.0));
    1.0 - apathy
}

/// Engagement that is expected of those who see a post: one in ten likes it.
const EXPECTED: f64 = 0.1;

/// So many unseen people who do what is expected are added, so that the first like makes no wonder.
const PRIOR: f64 = 20.0;

/// How long a look at a post is expected to be, seconds.
const EXPECTED_DWELL: f64 = 3.0;

/// Of those who follow the author, half see a post in the end, half of these within half a day: where no app tells.
const REACHED: f64 = 0.5;
const REACHED_HALF_HOURS: f64 = 12.0;

/// Engagement against what is expected of so many who saw it, how long they looked, and how complete it is. What is as expected
/// has a half. Nothing is moderated yet; it will be a factor here.
fn quality(facts: &Facts) -> f64 {
    let engaged = facts.likes + 2.0 * facts.comments;
    let reach = if facts.seen > 0.0 {
        facts.seen
    } else {
        facts.followers * REACHED * (1.0 - (-facts.age_hours.max(0.0) / REACHED_HALF_HOURS).exp2())
    };
    let rate = (engaged + PRIOR * EXPECTED) / (reach + PRIOR);
    let dwell = (facts.dwell + PRIOR * EXPECTED_DWELL) / (facts.seen + PRIOR);
    0.6 * saturated(rate, EXPECTED) + 0.2 * saturated(dwell, EXPECTED_DWELL) + 0.2 * facts.completeness
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> impl Strategy<Value = Facts> {
        let amounts = (0.0_f64..50.0, 0.0_f64..50.0, 0.0_f64..50.0, 0.0_f64..500.0);
        let counts = (0_u32..1000, 0_u32..1000, 0_u32..100_000, 0_u32..10_000, 0.0_f64..10_000.0, 0.0_f64..1.0);
        (any::<bool>(), amounts, counts).prop_map(|(is_own, (author, hashtags, media, age_hours), counts)| Facts {
            is_own,
            author,
            hashtags,
            media,
            age_hours,
            likes: counts.0.into(),
            comments: counts.1.into(),
            followers: counts.2.into(),
            seen: counts.3.into(),
            dwell: counts.4,
            completeness: counts.5,
        })
    }

    proptest! {
        #[test]
        fn the_parts_sum_up_to_the_score(facts in facts(), weights in any::<[u8; 5]>(), activity in 0.0_f64..1.0) {
            let weights = Weights(weights.map(|weight| weight % 101));
            let (reasons, score) = explained(values(&facts, activity, 24.0), weights);
            let sum: f64 = reasons.iter().map(|reason| reason.weight * reason.value).sum();
            prop_assert!((sum - score).abs() < 1e-9);
            prop_assert!(reasons.iter().all(|reason| (0.0..=1.0).contains(&reason.value)));
            prop_assert!((0.0..=500.0).contains(&score));
        }

        #[test]
        fn more_of_a_factor_is_never_worth_less(facts in facts(), more in 0.01_f64..100.0) {
            let value = |facts: &Facts, factor: usize| values(facts, 0.5, 24.0).0[factor];
            for (factor, better) in [
                (0, Facts { author: facts.author + more, ..facts }),
                (1, Facts { author: facts.author + more, ..facts }),
                (1, Facts { hashtags: facts.hashtags + more, ..facts }),
                (1, Facts { media: facts.media + more, ..facts }),
                (2, Facts { age_hours: (facts.age_hours - more).max(0.0), ..facts }),
                (3, Facts { likes: facts.likes + more, ..facts }),
                (3, Facts { comments: facts.comments + more, ..facts }),
                (3, Facts { dwell: facts.dwell + more, ..facts }),
                (3, Facts { completeness: (facts.completeness + more).min(1.0), ..facts }),
            ] {
                prop_assert!(value(&better, factor) >= value(&facts, factor), "{factor}: {better:?}");
            }
        }

        #[test]
        fn who_saw_it_and_went_on_makes_it_worth_less(facts in facts(), more in 1_u32..1000) {
            let facts = Facts { seen: facts.seen.max(1.0), ..facts };
            let passed = Facts { seen: facts.seen + f64::from(more), ..facts };
            prop_assert!(values(&passed, 0.5, 24.0).0[3] <= values(&facts, 0.5, 24.0).0[3]);
        }
    }

    #[test]
    fn halves_are_where_they_are_said_to_be() {
        let nothing = Facts { followers: 0.0, ..Facts::default() };
        assert_eq!(values(&nothing, 0.0, 24.0).0, [0, 0, 10_000, 4_000, 0]);
        let known = Facts { author: 6.0, age_hours: 24.0, completeness: 1.0, ..nothing };
        assert_eq!(values(&known, 1.0, 24.0).0, [5_000, 833, 5_000, 6_000, 10_000]);
        assert_eq!(values(&Facts { is_own: true, ..known }, 1.0, 24.0).0[..2], [0, 0]);
    }
}
