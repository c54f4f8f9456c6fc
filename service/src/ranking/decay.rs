//! Decay without a clock in the database.
//!
//! What happened at `t` is worth `w · 2^-((now - t) / HALF_LIFE)` now. Instead of shrinking everything that is old, what is new
//! is written larger: as `w · 2^((t - LANDMARK) / HALF_LIFE)`. So a signal is added by one `score = score + x`, whatever stands
//! there and whenever it was written; two scores compare as they do when decayed, at every moment, so that an index holds their
//! order; and a signal that is taken back is exactly subtracted. Reading decays.

use chrono::{DateTime, TimeDelta, Utc};

/// In so long a signal is worth half. A constant and no setting: every score that is stored is a power of it.
const HALF_LIFE: TimeDelta = TimeDelta::days(14);

/// The moment at which a signal is written as what it is worth: the beginning of 2026, seconds since 1970. A double reaches
/// until 2065 from here, by 2^1023.
const LANDMARK: i64 = 1_767_225_600;

/// What one is written as at this moment.
pub(super) fn grown(at: DateTime<Utc>) -> f64 {
    let since = (at.timestamp_millis() - LANDMARK * 1000) as f64;
    (since / HALF_LIFE.num_milliseconds() as f64).min(1000.0).exp2()
}

/// What a stored score is worth at this moment; never below nought.
pub(super) fn decayed(score: f64, now: DateTime<Utc>) -> f64 {
    (score / grown(now)).max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(LANDMARK, 0).unwrap_or_default() + TimeDelta::hours(hours)
    }

    #[test]
    fn a_signal_is_worth_half_after_a_half_life() {
        let then = moment(10_000);
        let score = 3.0 * grown(then);
        assert!((decayed(score, then) - 3.0).abs() < 1e-9);
        assert!((decayed(score, then + HALF_LIFE) - 1.5).abs() < 1e-9);
        assert_eq!(decayed(-1.0, then), 0.0);
        assert!(grown(moment(24 * 365 * 38)).is_finite() && grown(moment(24 * 365 * 500)).is_finite());
    }

    proptest! {
        /// Adding grown signals says the same as decaying each of them.
        #[test]
        fn sums_decay_as_their_parts(signals in prop::collection::vec((0_i64..50_000, 0.1_f64..5.0), 1..20), later in 0_i64..5_000) {
            let now = moment(50_000 + later);
            let stored: f64 = signals.iter().map(|(at, weight)| weight * grown(moment(*at))).sum();
            let half_life = HALF_LIFE.num_hours() as f64;
            let expected: f64 =
                signals.iter().map(|(at, weight)| weight * (-((50_000 + later - at) as f64) / half_life).exp2()).sum();
            prop_assert!((decayed(stored, now) - expected).abs() <= 1e-9 * expected.max(1e-9));
        }
    }
}
