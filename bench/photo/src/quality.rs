//! How near a rendition is to its reference.

use anyhow::{Context, ensure};
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

use crate::picture::{Exact, Picture};

/// Width of SSIM's window, and its standard deviation: those of the paper (Wang, Bovik, Sheikh, Simoncelli 2004).
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;

/// The paper's (K · L)² for 8-bit values.
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// SSIM of the luma: the mean over every place where the whole Gaussian window fits. 1 is the same picture.
pub(crate) fn ssim(reference: &Exact, picture: &Picture) -> anyhow::Result<f64> {
    let (width, height) = (reference.width, reference.height);
    ensure!((width, height) == (picture.width, picture.height), "pictures of different sizes can't be compared");
    ensure!(width >= WINDOW && height >= WINDOW, "SSIM needs {WINDOW} × {WINDOW} pixels");
    let a: Vec<f64> = reference.pixels.chunks_exact(3).map(|rgb| f64::from(luma([rgb[0], rgb[1], rgb[2]]))).collect();
    let b: Vec<f64> =
        picture.pixels.chunks_exact(3).map(|rgb| f64::from(luma([rgb[0], rgb[1], rgb[2]].map(f32::from)))).collect();

    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
    let means = [blur(&a, width), blur(&b, width)];
    let squares = [blur(&product(&a, &a), width), blur(&product(&b, &b), width)];
    let both = blur(&product(&a, &b), width);

    let places = both.iter().enumerate().map(|(at, both)| {
        let (mean_a, mean_b) = (means[0][at], means[1][at]);
        let variance_a = squares[0][at] - mean_a * mean_a;
        let variance_b = squares[1][at] - mean_b * mean_b;
        let covariance = both - mean_a * mean_b;
        let likeness = (2.0 * mean_a * mean_b + C1) * (2.0 * covariance + C2);
        likeness / ((mean_a * mean_a + mean_b * mean_b + C1) * (variance_a + variance_b + C2))
    });
    Ok(places.sum::<f64>() / both.len() as f64)
}

/// SSIMULACRA 2: 100 is the same picture, about 90 can't be told apart, 70 is high quality, 50 medium.
pub(crate) fn ssimulacra2(reference: &Exact, picture: &Picture) -> anyhow::Result<f64> {
    let rounded = reference.rounded();
    let view = |picture: &'_ Picture| -> anyhow::Result<(u32, u32)> {
        Ok((u32::try_from(picture.width)?, u32::try_from(picture.height)?))
    };
    let (width, height) = view(&rounded)?;
    let reference = slice(&rounded.pixels, width, height)?;
    let (width, height) = view(picture)?;
    let picture = slice(&picture.pixels, width, height)?;
    compute_ssimulacra2(&reference, &picture).context("SSIMULACRA 2 can't compare these pictures")
}

fn slice(pixels: &[u8], width: u32, height: u32) -> anyhow::Result<PixelSlice<'_>> {
    let stride = width as usize * 3;
    PixelSlice::new(pixels, width, height, stride, PixelDescriptor::RGB8_SRGB)
        .map_err(|error| anyhow::anyhow!("pixels without a picture: {error}"))
}

/// Rec. 601, as JPEG has it.
pub(crate) fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// The Gaussian mean around every place where the window fits: `WINDOW - 1` fewer columns and rows.
fn blur(values: &[f64], width: usize) -> Vec<f64> {
    let half = (WINDOW / 2) as f64;
    let weights: Vec<f64> = (0..WINDOW).map(|at| (-(at as f64 - half).powi(2) / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();

    let narrow = width + 1 - WINDOW;
    let mut across = Vec::with_capacity(values.len() / width * narrow);
    for row in values.chunks_exact(width) {
        across.extend(row.windows(WINDOW).map(|window| dot(window.iter(), &weights)));
    }
    let height = values.len() / width + 1 - WINDOW;
    let mut blurred = vec![0.0_f64; narrow * height];
    for (y, target) in blurred.chunks_exact_mut(narrow).enumerate() {
        for (weight, row) in weights.iter().zip(across[y * narrow..].chunks_exact(narrow)) {
            for (value, from) in target.iter_mut().zip(row) {
                *value += weight * from;
            }
        }
    }
    blurred
}

fn dot<'a>(values: impl Iterator<Item = &'a f64>, weights: &[f64]) -> f64 {
    values.zip(weights).map(|(value, weight)| value * weight).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pattern(change: impl Fn(usize, f32) -> f32) -> Exact {
        let value = |at: usize| 128.0 + 60.0 * (at as f32 * 0.37).sin() + 30.0 * (at as f32 * 0.011).cos();
        let pixels = (0..64 * 48).flat_map(|at| [change(at, value(at)); 3]).collect();
        Exact { width: 64, height: 48, pixels }
    }

    #[test]
    fn the_same_picture_is_perfect() {
        let reference = pattern(|_, value| value.round());
        assert!((ssim(&reference, &reference.rounded()).unwrap() - 1.0).abs() < 1e-6);
        assert!(ssimulacra2(&reference, &reference.rounded()).unwrap() > 99.9);
    }

    /// Of two flat pictures only the first factor is left, which can be computed by hand.
    #[test]
    fn flat_pictures_differ_by_their_means() {
        let flat = |value: f32| Exact { width: 20, height: 20, pixels: vec![value; 1200] };
        let expected = (2.0 * 100.0 * 150.0 + 6.5025) / (100.0_f64 * 100.0 + 150.0 * 150.0 + 6.5025);
        assert!((ssim(&flat(100.0), &flat(150.0).rounded()).unwrap() - expected).abs() < 1e-4);
    }

    #[test]
    fn more_noise_is_a_worse_picture() {
        let reference = pattern(|_, value| value);
        let noisy = |strength: f32| pattern(|at, value| value + strength * (((at * 7919) % 13) as f32 - 6.0)).rounded();
        let (little, much) = (noisy(0.5), noisy(3.0));
        assert!(ssim(&reference, &little).unwrap() > ssim(&reference, &much).unwrap());
        assert!(ssimulacra2(&reference, &little).unwrap() > ssimulacra2(&reference, &much).unwrap());
    }

    #[test]
    fn different_sizes_are_refused() {
        let reference = pattern(|_, value| value);
        let other = Picture { width: 48, height: 64, pixels: vec![0; 64 * 48 * 3] };
        assert!(ssim(&reference, &other).is_err());
    }
}
