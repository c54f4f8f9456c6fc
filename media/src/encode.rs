//! Renditions as JPEG, at the quality that their size in bytes allows.

use crate::{Size, jpeg, plane::Planes};

/// Qualities, from the usual one down; a lower one is tried while the rendition is far over its budget.
const QUALITIES: [u8; 4] = [80, 72, 64, 56];

/// Bytes a rendition should take. Photographs stay well below at the usual quality; noise and fine text do not.
const fn budget(size: Size) -> usize {
    match size {
        Size::Thumbnail => 40 << 10,
        Size::Medium => 200 << 10,
        Size::Large => 500 << 10,
    }
}

/// Encodes a rendition.
pub(crate) fn encode(planes: &Planes, size: Size) -> Vec<u8> {
    let allowed = budget(size) + budget(size) / 4;
    let mut smallest = Vec::new();
    for quality in QUALITIES {
        smallest = jpeg::encode(planes, quality);
        if smallest.len() <= allowed {
            break;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;

    fn noise(width: u32, height: u32) -> Planes {
        let mut state = 1u32;
        let pixels = (0..width * height).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Planes { luma: Plane::new(width, height, pixels.collect()), chroma: None }
    }

    #[test]
    fn what_is_far_over_its_budget_loses_quality() {
        let picture = noise(1080, 1080);
        let usual = jpeg::encode(&picture, QUALITIES[0]);
        assert!(usual.len() > budget(Size::Large) * 5 / 4);
        assert!(encode(&picture, Size::Large).len() < usual.len() * 9 / 10);
    }

    #[test]
    fn what_fits_keeps_the_usual_quality() {
        let picture = noise(150, 150);
        assert_eq!(encode(&picture, Size::Thumbnail), jpeg::encode(&picture, QUALITIES[0]));
    }
}
