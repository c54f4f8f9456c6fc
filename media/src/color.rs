//! Colour management: pictures in another colour space than sRGB become sRGB.
//!
//! Renditions carry no profile, and what carries none is shown as sRGB everywhere. It runs on the LARGE rendition's
//! pixels, not the original's: a tenth of the work for the same result.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::decode::Raster;

/// Largest difference of a channel (of 255) at which a profile counts as sRGB; conversion would only add noise.
const SAME: u8 = 2;

/// Colours by which a profile is told from sRGB: greys for its curve, primaries and mixtures for its gamut.
const PROBES: [u8; 36] = [
    16, 16, 16, 64, 64, 64, 128, 128, 128, 200, 200, 200, 230, 20, 20, 20, 230, 20, 20, 20, 230, 200, 160, 120, 60,
    120, 180, 120, 180, 60, 90, 40, 140, 240, 220, 60,
];

/// Converts a picture to sRGB by its embedded profile. A profile that is broken, is for another number of components
/// or that can't be converted is ignored.
pub(crate) fn to_srgb(raster: &mut Raster, profile: &[u8]) {
    if let Some(rgb) = converted(raster, profile) {
        raster.rgb = rgb;
    }
}

fn converted(raster: &Raster, profile: &[u8]) -> Option<Vec<u8>> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let srgb = ColorProfile::new_srgb();
    let transform = |source: &[u8], layout: Layout| {
        let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let mut target = vec![0; source.len() / layout.channels() * 3];
        transform.transform(source, &mut target).ok()?;
        Some(target)
    };
    match (profile.color_space, raster.gray) {
        (DataColorSpace::Rgb, false) => {
            let probed = transform(&PROBES, Layout::Rgb)?;
            let same = probed.iter().zip(PROBES).all(|(&got, sent)| got.abs_diff(sent) <= SAME);
            if same { None } else { transform(&raster.rgb, Layout::Rgb) }
        }
        (DataColorSpace::Gray, true) => {
            let luma: Vec<u8> = raster.rgb.iter().step_by(3).copied().collect();
            transform(&luma, Layout::Gray)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn raster(pixels: &[[u8; 3]]) -> Raster {
        Raster { width: pixels.len() as u32, height: 1, rgb: pixels.concat(), gray: false }
    }

    #[test]
    fn display_p3_red_becomes_the_srgb_red_that_looks_alike() {
        let mut picture = raster(&[[200, 100, 50], [128, 128, 128], [255, 255, 255]]);
        to_srgb(&mut picture, &ColorProfile::new_display_p3().encode().unwrap());
        // Display P3's curve is sRGB's and its white point too: greys stay, colours gain saturation.
        assert!(picture.rgb[0] > 208 && picture.rgb[2] < 42, "{:?}", picture.rgb);
        assert!(picture.rgb[3..6].iter().all(|value| value.abs_diff(128) <= 1), "{:?}", picture.rgb);
        assert!(picture.rgb[6..].iter().all(|value| *value >= 254), "{:?}", picture.rgb);
    }

    #[test]
    fn adobe_rgb_is_converted_too() {
        let mut picture = raster(&[[100, 200, 100]]);
        to_srgb(&mut picture, &ColorProfile::new_adobe_rgb().encode().unwrap());
        assert!(picture.rgb[0] < 60, "{:?}", picture.rgb);
    }

    #[test]
    fn srgb_and_broken_profiles_change_nothing() {
        let original = raster(&[[200, 100, 50], [3, 250, 99]]);
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        for profile in [srgb.as_slice(), &srgb[..100], b"nonsense", b""] {
            let mut picture = original.clone();
            to_srgb(&mut picture, profile);
            assert_eq!(picture, original);
        }
    }
}
