//! Functions of one number that run at every pixel, kept clear of library calls.

/// 0 below `low`, 1 above `high`, an S-curve between; `low > high` runs downwards.
#[inline]
pub(super) fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The length of a vector; `f32::hypot` guards against overflow that pixels never reach.
#[inline]
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// The whole number below. Without SSE 4.1, which no plain x86-64 build assumes, `f32::floor` is a library call.
#[inline]
pub(super) fn floor(x: f32) -> f32 {
    let whole = x as i32 as f32;
    if whole > x { whole - 1.0 } else { whole }
}

/// What is left above the whole number below: `0.0..1.0`.
#[inline]
pub(super) fn fract(x: f32) -> f32 {
    x - floor(x)
}

/// A sine made of two parabolas, one wave per unit: for ripples at every pixel.
#[inline]
pub(super) fn wave(turns: f32) -> f32 {
    let x = fract(turns) - 0.5;
    x * (x.abs() - 0.5) * 16.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_functions_agree_with_the_exact_ones() {
        for step in -4_000..4_000 {
            let x = step as f32 * 0.01;
            assert_eq!(floor(x), x.floor());
            assert!((0.0..1.0).contains(&fract(x)));
            assert!((wave(x) - (x * std::f32::consts::TAU).sin()).abs() < 0.07, "{x}");
        }
    }

    #[test]
    fn smooth_runs_both_ways() {
        assert_eq!([smooth(1.0, 2.0, 0.0), smooth(1.0, 2.0, 1.5), smooth(1.0, 2.0, 3.0)], [0.0, 0.5, 1.0]);
        assert_eq!([smooth(2.0, 1.0, 0.0), smooth(2.0, 1.0, 3.0)], [1.0, 0.0]);
    }
}
