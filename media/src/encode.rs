//! Renditions as JPEG: 4:2:0, progressive, optimised Huffman tables, and nothing but the picture: SOI, JFIF's APP0,
//! tables, scans.
//!
//! Progressive throughout: the encoder optimises sequential files only with a scan for each component, which saves next
//! to nothing on tiny pictures and is a form that some decoders get wrong.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::{Failure, Size, decode::Raster};

/// Qualities, from the usual one down; a lower one is tried while the rendition is far over its budget.
const QUALITIES: [u8; 4] = [82, 74, 66, 58];

/// Bytes a rendition should take. Photographs stay well below at the usual quality; noise and fine text do not.
const fn budget(size: Size) -> usize {
    match size {
        Size::Thumbnail => 40 << 10,
        Size::Medium => 200 << 10,
        Size::Large => 500 << 10,
    }
}

/// Encodes a rendition.
pub(crate) fn encode(raster: &Raster, size: Size) -> Result<Vec<u8>, Failure> {
    let allowed = budget(size) + budget(size) / 4;
    let mut smallest = Vec::new();
    for quality in QUALITIES {
        smallest = at_quality(raster, quality)?;
        if smallest.len() <= allowed {
            break;
        }
    }
    Ok(smallest)
}

fn at_quality(raster: &Raster, quality: u8) -> Result<Vec<u8>, Failure> {
    let side = |side: u32| u16::try_from(side).map_err(|_| Failure::internal());
    let mut bytes = Vec::with_capacity(raster.rgb.len() / 8);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_progressive(true);
    encoder
        .encode(&raster.rgb, side(raster.width)?, side(raster.height)?, ColorType::Rgb)
        .map_err(|_| Failure::internal())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn noise(width: u32, height: u32) -> Raster {
        let mut state = 1u32;
        let rgb = (0..width * height * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        Raster { width, height, rgb, gray: false }
    }

    #[test]
    fn what_is_far_over_its_budget_loses_quality() {
        let picture = noise(1080, 1080);
        let usual = at_quality(&picture, QUALITIES[0]).unwrap();
        assert!(usual.len() > budget(Size::Large) * 5 / 4);
        assert!(encode(&picture, Size::Large).unwrap().len() < usual.len() * 3 / 4);
    }

    #[test]
    fn what_fits_keeps_the_usual_quality() {
        let picture = noise(150, 150);
        assert_eq!(encode(&picture, Size::Thumbnail).unwrap(), at_quality(&picture, QUALITIES[0]).unwrap());
    }
}
