//! What the floor encodes: the references' own pixels as planes, since it resizes nothing.

use std::fs;
use std::path::Path;

use darkroom_media::Size;

use crate::measure::References;
use crate::picture::Exact;
use crate::serve;

/// Puts `large.yuv`, `medium.yuv` and `thumbnail.yuv` into the folder: a line with width and height, then the planes Y,
/// Cb and Cr of a 4:2:0 JPEG, each filled up to whole blocks of 16 × 16 (8 × 8) pixels.
pub(crate) fn prepare(references: &mut References<'_>, folder: &Path) -> anyhow::Result<()> {
    for size in Size::all() {
        let reference = references.standard(size)?;
        fs::write(folder.join(format!("{}.yuv", serve::name(size))), planes(reference))?;
    }
    Ok(())
}

fn planes(picture: &Exact) -> Vec<u8> {
    let (width, height) = (picture.width.next_multiple_of(16), picture.height.next_multiple_of(16));
    let at = |x: usize, y: usize| {
        let at = (y.min(picture.height - 1) * picture.width + x.min(picture.width - 1)) * 3;
        [picture.pixels[at], picture.pixels[at + 1], picture.pixels[at + 2]]
    };
    let round = |value: f32| (value + 0.5).clamp(0.0, 255.0) as u8;
    let mut bytes = format!("{} {}\n", picture.width, picture.height).into_bytes();
    for y in 0..height {
        bytes.extend((0..width).map(|x| round(crate::quality::luma(at(x, y)))));
    }
    for tint in [blue_difference, red_difference] {
        for y in (0..height).step_by(2) {
            bytes.extend((0..width).step_by(2).map(|x| {
                let four = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
                round(four.map(tint).iter().sum::<f32>() / 4.0)
            }));
        }
    }
    bytes
}

fn blue_difference([red, green, blue]: [f32; 3]) -> f32 {
    128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue
}

fn red_difference([red, green, blue]: [f32; 3]) -> f32 {
    128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_has_no_colour_and_planes_end_at_whole_blocks() {
        let grey = Exact { width: 17, height: 3, pixels: vec![77.0; 17 * 3 * 3] };
        let bytes = planes(&grey);
        let (header, samples) = bytes.split_at(5);
        assert_eq!(header, b"17 3\n");
        let (luma, chroma) = samples.split_at(32 * 16);
        assert!(luma.iter().all(|value| *value == 77));
        assert_eq!(chroma, [128; 2 * 16 * 8]);
    }
}
