//! Photographs that take long to process, made in no time.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Rgb, RgbImage};

/// Rows that are really drawn and encoded: a multiple of every MCU's height.
const STRIP: u32 = 16;

/// A textured baseline JPEG of `width` × `height` pixels (`height` a multiple of 16, at most 16 × 65,535 / 16).
///
/// Encoding sixty megapixels takes an unoptimised test many seconds. So one strip is encoded, and its entropy-coded
/// segment repeated between restart markers, after each of which a decoder begins anew. `seed` makes it differ.
pub fn photograph(width: u16, height: u16, seed: u32) -> Vec<u8> {
    assert!(u32::from(height).is_multiple_of(STRIP) && height > 0 && width > 0, "a height of whole strips");
    let strip = encoded_strip(u32::from(width), seed);
    let scan = marker(&strip, 0xDA);
    let frame = marker(&strip, 0xC0);
    let sampling = (0..strip[frame + 9]).map(|at| strip[frame + 11 + usize::from(at) * 3]);
    let (across, down) = sampling.fold((1, 1), |(h, v), factor| (h.max(factor >> 4), v.max(factor & 15)));
    let interval = u32::from(width).div_ceil(8 * u32::from(across)) * (STRIP / (8 * u32::from(down)));
    let interval = u16::try_from(interval).expect("an interval that the format can name").to_be_bytes();
    let data = scan + 2 + usize::from(u16::from_be_bytes([strip[scan + 2], strip[scan + 3]]));

    let mut file = strip[..scan].to_vec();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file.extend([0xFF, 0xDD, 0, 4, interval[0], interval[1]]);
    file.extend_from_slice(&strip[scan..data]);
    let segment = &strip[data..strip.len() - 2];
    for at in 0..u32::from(height) / STRIP {
        if at > 0 {
            file.extend([0xFF, 0xD0 + ((at - 1) % 8) as u8]);
        }
        file.extend_from_slice(segment);
    }
    file.extend([0xFF, 0xD9]);
    file
}

fn encoded_strip(width: u32, seed: u32) -> Vec<u8> {
    let mut noise = seed.wrapping_mul(2_654_435_761) | 1;
    let strip = RgbImage::from_fn(width, STRIP, |x, y| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let grain = (noise % 48) as u8;
        Rgb([(x / 40) as u8 / 2 + grain, (y * 8) as u8 / 2 + grain, 96 + grain])
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 60).encode(&strip, width, STRIP, ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// Where the segment with this marker begins.
fn marker(jpeg: &[u8], wanted: u8) -> usize {
    let mut at = 2;
    while jpeg[at + 1] != wanted {
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_decoder_reads_it() {
        let file = photograph(600, 320, 7);
        let picture = image::load_from_memory(&file).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (600, 320));
        let strip = |at: u32| image::imageops::crop_imm(&picture, 0, at * STRIP, 600, STRIP).to_image();
        assert_eq!(strip(0), strip(19), "every strip is the first one again");
        assert_ne!(file, photograph(600, 320, 8));
    }
}
