//! A perceptual hash, by which pictures that look alike are found.

use crate::{Failure, decode::Raster, resize};

/// The picture's difference hash: 8 × 8 bits, row by row from the top left as the highest bit, each 1 if the cell is
/// darker than its right neighbour. Pictures that look alike differ in few bits (`(a ^ b).count_ones()`, about ≤ 10).
pub(crate) fn difference_hash(raster: &Raster) -> Result<u64, Failure> {
    let cells = resize::scale(raster, 9, 8)?;
    let luma: Vec<u32> = cells
        .rgb
        .as_chunks::<3>()
        .0
        .iter()
        .map(|&[r, g, b]| 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b))
        .collect();
    let bits = luma.chunks_exact(9).flat_map(|row| row.windows(2).map(|pair| u64::from(pair[0] < pair[1])));
    Ok(bits.fold(0, |hash, bit| hash << 1 | bit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn drawn(width: u32, height: u32, pixel: impl Fn(f32, f32) -> f32) -> Raster {
        let rgb = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .flat_map(|(x, y)| [pixel(x as f32 / width as f32, y as f32 / height as f32) as u8; 3])
            .collect();
        Raster { width, height, rgb, gray: false }
    }

    #[test]
    fn it_survives_scaling_and_brightness_and_tells_pictures_apart() {
        let wave = |x: f32, y: f32| 120.0 + 60.0 * (x * 9.0).sin() * (y * 7.0).cos();
        let original = difference_hash(&drawn(640, 480, wave)).unwrap();
        let smaller = difference_hash(&drawn(200, 150, |x, y| wave(x, y) + 30.0)).unwrap();
        let other = difference_hash(&drawn(640, 480, |x, y| wave(1.0 - x, 1.0 - y))).unwrap();
        assert!((original ^ smaller).count_ones() <= 6);
        assert!((original ^ other).count_ones() >= 16);
    }

    #[test]
    fn a_rise_to_the_right_sets_every_bit() {
        assert_eq!(difference_hash(&drawn(90, 80, |x, _| x * 250.0)).unwrap(), u64::MAX);
        assert_eq!(difference_hash(&drawn(90, 80, |x, _| 250.0 - x * 250.0)).unwrap(), 0);
    }
}
