//! A perceptual hash, by which pictures that look alike are found.

use crate::{Failure, plane::Planes, resize::Scaler};

/// The picture's difference hash: 8 × 8 bits, row by row from the top left as the highest bit, each 1 if the cell is
/// darker than its right neighbour. Pictures that look alike differ in few bits (`(a ^ b).count_ones()`, about ≤ 10).
pub(crate) fn difference_hash(planes: &Planes, scaler: &mut Scaler) -> Result<u64, Failure> {
    let luma = Planes { luma: planes.luma.clone(), chroma: None };
    let cells = scaler.planes(&luma, 9, 8)?.luma.pixels;
    let bits = cells.chunks_exact(9).flat_map(|row| row.windows(2).map(|pair| u64::from(pair[0] < pair[1])));
    Ok(bits.fold(0, |hash, bit| hash << 1 | bit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::plane::Plane;

    /// The hash of a drawn picture.
    fn hash(width: u32, height: u32, pixel: impl Fn(f32, f32) -> f32) -> u64 {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let luma = places.map(|(x, y)| pixel(x as f32 / width as f32, y as f32 / height as f32) as u8);
        let luma = Plane::new(width, height, luma.collect());
        difference_hash(&Planes { luma, chroma: None }, &mut Scaler::new().unwrap()).unwrap()
    }

    #[test]
    fn it_survives_scaling_and_brightness_and_tells_pictures_apart() {
        let wave = |x: f32, y: f32| 120.0 + 60.0 * (x * 9.0).sin() * (y * 7.0).cos();
        let original = hash(640, 480, wave);
        let smaller = hash(200, 150, |x, y| wave(x, y) + 30.0);
        let other = hash(640, 480, |x, y| wave(1.0 - x, 1.0 - y));
        assert!((original ^ smaller).count_ones() <= 6);
        assert!((original ^ other).count_ones() >= 16);
    }

    #[test]
    fn a_rise_to_the_right_sets_every_bit() {
        assert_eq!(hash(90, 80, |x, _| x * 250.0), u64::MAX);
        assert_eq!(hash(90, 80, |x, _| 250.0 - x * 250.0), 0);
    }
}
