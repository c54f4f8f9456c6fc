//! Axes: where a value stands, and which values are named.

/// Steps of a linear axis.
const STEPS: usize = 4;

/// An axis from one value to another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Scale {
    /// From nothing to a round number that no value exceeds.
    pub(super) fn linear(values: impl Iterator<Item = f64>) -> Self {
        Self { low: 0.0, high: round_up(values.fold(0.0, f64::max)), is_logarithmic: false }
    }

    /// From a power of ten to another one, which hold all values between them. Values that are not above 0 stand at its beginning.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values
            .filter(|value| *value > 0.0 && value.is_finite())
            .fold((f64::INFINITY, 0.0), |(least, most), value| (value.min(least), value.max(most)));
        if most <= 0.0 {
            return Self { low: 1.0, high: 10.0, is_logarithmic: true };
        }
        // What is a power of ten but for the last digits is one.
        let low = (least.log10() + 1e-9).floor();
        let high = (most.log10() - 1e-9).ceil().max(low + 1.0);
        Self { low: 10_f64.powf(low), high: 10_f64.powf(high), is_logarithmic: true }
    }

    /// From the first of these places, in their order, to the last; none if there are none.
    pub(super) fn between(places: &[f64], is_logarithmic: bool) -> Option<Self> {
        let (low, high) = (*places.first()?, *places.last()?);
        Some(Self { low, high, is_logarithmic: is_logarithmic && low > 0.0 })
    }

    /// Where a value stands: 0 at the beginning, 1 at the end, between them in proportion. In the middle, if the axis is a point.
    pub(super) fn share(&self, value: f64) -> f64 {
        let along = |value: f64| if self.is_logarithmic { value.max(self.low).ln() } else { value };
        let whole = along(self.high) - along(self.low);
        if whole > 0.0 { (along(value) - along(self.low)) / whole } else { 0.5 }
    }

    /// The values that are named: four steps, or the powers of ten, with what lies between them where there are few.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if !self.is_logarithmic {
            return (0..=STEPS).map(|step| self.low + (self.high - self.low) * step as f64 / STEPS as f64).collect();
        }
        let (first, last) = (self.low.log10().round() as i32, self.high.log10().round() as i32);
        let between: &[f64] = if last - first < 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let ticks = (first..=last).flat_map(|power| between.iter().map(move |step| step * 10_f64.powi(power)));
        ticks.filter(|tick| *tick <= self.high * 1.000_001).collect()
    }
}

/// The next of 1, 2, 4, 5 or 8 times a power of ten: its quarters are short numbers.
fn round_up(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|ceiling| *ceiling >= most * 0.999_999).unwrap_or(10.0 * power)
}

/// As short as it can be read: 0.25, 12, 5,000.
pub(super) fn number(value: f64) -> String {
    if value >= 1000.0 {
        let (thousands, rest) = ((value as u64) / 1000, (value as u64) % 1000);
        return if thousands >= 1000 {
            format!("{},{:03},{rest:03}", thousands / 1000, thousands % 1000)
        } else {
            format!("{thousands},{rest:03}")
        };
    }
    let text = if value < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks as they are written.
    fn named(scale: &Scale) -> Vec<String> {
        scale.ticks().into_iter().map(number).collect()
    }

    #[test]
    fn a_linear_axis_begins_with_nothing_and_ends_with_a_round_number() {
        let scale = Scale::linear([0.3, 0.13].into_iter());
        assert_eq!(named(&scale), ["0", "0.1", "0.2", "0.3", "0.4"]);
        assert!((scale.share(0.3) - 0.75).abs() < 1e-9);
        assert_eq!((scale.share(0.0), scale.share(0.4)), (0.0, 1.0));
        assert_eq!(named(&Scale::linear(std::iter::empty())), ["0", "0.25", "0.5", "0.75", "1"]);
    }

    #[test]
    fn a_logarithmic_axis_holds_all_values_between_powers_of_ten() {
        let scale = Scale::logarithmic([2.8, 96.0, 31.0].into_iter());
        assert_eq!(named(&scale), ["1", "2", "5", "10", "20", "50", "100"]);
        assert!((scale.share(10.0) - 0.5).abs() < 1e-9);
        let wide = Scale::logarithmic([0.25, 1200.0].into_iter());
        assert_eq!(named(&wide), ["0.1", "1", "10", "100", "1,000", "10,000"]);
        assert!((wide.share(1.0) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn powers_of_ten_are_ends_themselves() {
        for (values, ends) in [([1.0, 1000.0], (1.0, 1000.0)), ([10.0, 10.0], (10.0, 100.0)), ([0.1, 1.0], (0.1, 1.0))]
        {
            let Scale { low, high, .. } = Scale::logarithmic(values.into_iter());
            assert!((low - ends.0).abs() < 1e-9 && (high - ends.1).abs() < 1e-9, "{values:?}: {low} {high}");
        }
    }

    #[test]
    fn what_has_no_logarithm_stands_at_the_beginning() {
        let scale = Scale::logarithmic([0.0, -1.0, f64::INFINITY, 5.0].into_iter());
        assert_eq!(named(&scale), ["1", "2", "5", "10"]);
        assert_eq!((scale.share(0.0), scale.share(-3.0)), (0.0, 0.0));
        assert_eq!(named(&Scale::logarithmic(std::iter::empty())), ["1", "2", "5", "10"]);
    }

    #[test]
    fn places_go_from_the_first_to_the_last() {
        let posts = Scale::between(&[10_000.0, 100_000.0, 1_000_000.0], true).expect("places");
        assert!((posts.share(100_000.0) - 0.5).abs() < 1e-9);
        let loads = Scale::between(&[20.0, 60.0, 80.0], false).expect("places");
        assert!((loads.share(60.0) - 2.0 / 3.0).abs() < 1e-9);
        let single = Scale::between(&[7.0], true).expect("a place");
        assert_eq!(single.share(7.0), 0.5);
        assert_eq!(Scale::between(&[], true), None);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(0.0, "0"), (0.125, "0.125"), (12.0, "12"), (2.5, "2.5"), (1_000_000.0, "1,000,000")] {
            assert_eq!(number(value), text);
        }
        for (most, ceiling) in [(0.0, 1.0), (0.13, 0.2), (4.0, 4.0), (41.0, 50.0), (900.0, 1000.0)] {
            assert!((round_up(most) - ceiling).abs() < 1e-9, "{most}");
        }
    }
}
