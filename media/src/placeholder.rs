//! What is shown before a rendition has arrived: a ThumbHash, and the dominant colour.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::decode::Raster;

/// Longest side of the picture that placeholders are made of. ThumbHash takes up to 100, in time proportional to the
/// pixels, but keeps at most seven frequencies a side, for which these are plenty.
pub(crate) const EDGE: u32 = 24;

/// The picture's ThumbHash (about 25 bytes) in base64, standard alphabet with padding. `small` has at most 100
/// pixels a side.
pub(crate) fn thumbhash(small: &Raster) -> String {
    let rgba: Vec<u8> = small.rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(small.width as usize, small.height as usize, &rgba))
}

/// The colour that fills most of the picture: the mean of the fullest cell when each channel is cut into 8.
pub(crate) fn dominant_color(small: &Raster) -> [u8; 3] {
    let mut cells = vec![(0u32, [0u32; 3]); 8 * 8 * 8];
    for pixel in small.rgb.as_chunks::<3>().0 {
        let [r, g, b] = pixel.map(|channel| usize::from(channel >> 5));
        let (count, sums) = &mut cells[r << 6 | g << 3 | b];
        *count += 1;
        for (sum, channel) in sums.iter_mut().zip(pixel) {
            *sum += u32::from(*channel);
        }
    }
    let (count, sums) = cells.into_iter().max_by_key(|(count, _)| *count).unwrap_or_default();
    sums.map(|sum| (sum / count.max(1)) as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_thumbhash_keeps_aspect_and_average() {
        let picture = Raster { width: 100, height: 50, rgb: [200, 60, 30].repeat(5_000), gray: false };
        let hash = STANDARD.decode(thumbhash(&picture)).unwrap();
        let (r, g, b, _) = thumbhash::thumb_hash_to_average_rgba(&hash).unwrap();
        for (got, sent) in [(r, 200.0), (g, 60.0), (b, 30.0)] {
            assert!((got * 255.0 - sent).abs() < 12.0, "{got} for {sent}");
        }
        assert!((thumbhash::thumb_hash_to_approximate_aspect_ratio(&hash).unwrap() - 2.0).abs() < 0.5);
    }

    #[test]
    fn the_dominant_color_is_the_commonest_not_the_mean() {
        let rgb = [[20, 40, 220].repeat(70), [250, 250, 250].repeat(30)].concat();
        assert_eq!(dominant_color(&Raster { width: 10, height: 10, rgb, gray: false }), [20, 40, 220]);
    }
}
