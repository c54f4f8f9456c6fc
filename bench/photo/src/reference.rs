//! What a rendition ought to be: Lanczos3 over every pixel of the original, in `f32`, on values as they are stored
//! (gamma-encoded, as all the programs resize).

use crate::picture::{Exact, Picture};

/// Lobes of the filter on each side.
const LOBES: f64 = 3.0;

/// Scales the whole picture.
pub(crate) fn whole(picture: &Picture, width: usize, height: usize) -> Exact {
    let across = taps(0.0, picture.width as f64, picture.width, width);
    let down = taps(0.0, picture.height as f64, picture.height, height);
    scale(picture, &across, &down)
}

/// Scales the largest square in the picture's middle.
pub(crate) fn middle(picture: &Picture, side: usize) -> Exact {
    let square = picture.width.min(picture.height) as f64;
    let left = (picture.width as f64 - square) / 2.0;
    let top = (picture.height as f64 - square) / 2.0;
    let across = taps(left, square, picture.width, side);
    let down = taps(top, square, picture.height, side);
    scale(picture, &across, &down)
}

/// What one pixel is made of: `weights.len()` source pixels from `first` on. The weights sum to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The taps of `length` pixels that show `extent` source pixels from `start` on.
fn taps(start: f64, extent: f64, available: usize, length: usize) -> Vec<Taps> {
    let step = extent / length as f64;
    // Scaled down, the filter widens with the step; scaled up, it keeps its width.
    let stretch = step.max(1.0);
    let taps = (0..length).map(|at| {
        let centre = start + (at as f64 + 0.5) * step;
        let first = (centre - LOBES * stretch).floor().max(0.0) as usize;
        let end = ((centre + LOBES * stretch).ceil() as usize).min(available);
        let weights: Vec<f64> = (first..end).map(|x| lanczos((x as f64 + 0.5 - centre) / stretch)).collect();
        let sum: f64 = weights.iter().sum();
        Taps { first, weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
    });
    taps.collect()
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { x.sin() / x };
    let x = x * std::f64::consts::PI;
    if x.abs() >= LOBES * std::f64::consts::PI { 0.0 } else { sinc(x) * sinc(x / LOBES) }
}

/// Columns first, while a row of bytes is in the cache; then rows.
fn scale(picture: &Picture, across: &[Taps], down: &[Taps]) -> Exact {
    let row = across.len() * 3;
    let mut narrow = vec![0.0_f32; row * picture.height];
    for (target, source) in narrow.chunks_exact_mut(row).zip(picture.pixels.chunks_exact(picture.width * 3)) {
        for (pixel, taps) in target.chunks_exact_mut(3).zip(across) {
            for (weight, from) in taps.weights.iter().zip(source[taps.first * 3..].chunks_exact(3)) {
                pixel[0] += weight * f32::from(from[0]);
                pixel[1] += weight * f32::from(from[1]);
                pixel[2] += weight * f32::from(from[2]);
            }
        }
    }
    let mut pixels = vec![0.0_f32; row * down.len()];
    for (target, taps) in pixels.chunks_exact_mut(row).zip(down) {
        for (weight, source) in taps.weights.iter().zip(narrow[taps.first * row..].chunks_exact(row)) {
            for (value, from) in target.iter_mut().zip(source) {
                *value += weight * from;
            }
        }
        for value in target {
            *value = value.clamp(0.0, 255.0);
        }
    }
    Exact { width: across.len(), height: down.len(), pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(width: usize, height: usize, value: impl Fn(usize, usize) -> u8) -> Picture {
        let pixels = (0..width * height).flat_map(|at| [value(at % width, at / width); 3]).collect();
        Picture { width, height, pixels }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = stripes(17, 9, |x, y| (x * 13 + y * 7) as u8);
        assert_eq!(whole(&picture, 17, 9).rounded().pixels, picture.pixels);
    }

    #[test]
    fn detail_too_fine_for_the_target_becomes_its_mean() {
        let picture = stripes(400, 300, |x, _| if x % 2 == 0 { 0 } else { 200 });
        let small = whole(&picture, 100, 75);
        let centre = small.pixels[(37 * 100 + 50) * 3];
        assert!((centre - 100.0).abs() < 0.5, "{centre}");
    }

    #[test]
    fn the_middle_leaves_both_ends_out() {
        let picture = stripes(300, 100, |x, _| if (100..200).contains(&x) { 250 } else { 0 });
        let square = middle(&picture, 50);
        assert_eq!((square.width, square.height), (50, 50));
        let inside = square.pixels[(25 * 50 + 25) * 3];
        assert!((inside - 250.0).abs() < 1.0, "{inside}");
    }
}
