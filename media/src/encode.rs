//! Renditions as JPEG, at the quality that their size in bytes allows.

use crate::{
    Size,
    jpeg::{self, Quality},
    plane::Planes,
};

/// The usual quality. With it renditions are as close to the original as sharp's at its default of 80, and smaller
/// (`bench/photo`).
const fn quality(size: Size) -> Quality {
    match size {
        Size::Thumbnail => Quality { luma: 80, chroma: 80, small: true },
        Size::Medium | Size::Large => Quality { luma: 81, chroma: 80, small: false },
    }
}

/// How much lower the quality gets, step by step, while a rendition is far over its budget.
const LOWER: [u8; 4] = [0, 8, 16, 24];

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
    for lower in LOWER {
        smallest = jpeg::encode(planes, quality(size).lowered(lower));
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
        let usual = jpeg::encode(&picture, quality(Size::Large));
        assert!(usual.len() > budget(Size::Large) * 5 / 4);
        assert!(encode(&picture, Size::Large).len() < usual.len() * 9 / 10);
    }

    #[test]
    fn what_fits_keeps_the_usual_quality() {
        let picture = noise(150, 150);
        assert_eq!(encode(&picture, Size::Thumbnail), jpeg::encode(&picture, quality(Size::Thumbnail)));
    }
}
