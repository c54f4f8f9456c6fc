//! Colour management: pictures in another colour space than sRGB become sRGB.
//!
//! Renditions carry no profile, and what carries none is shown as sRGB everywhere. It runs on the LARGE rendition's
//! pixels, not the original's: a tenth of the work for the same result.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, TransformOptions};

use crate::decode::Raster;

/// Largest difference of a channel (of 255) at which a profile counts as sRGB; conversion would only add noise.
const SAME: u8 = 2;

/// Colours by which a profile is told from sRGB: greys for its curve, primaries and mixtures for its gamut.
const PROBES: [u8; 36] = [
    16, 16, 16, 64, 64, 64, 128, 128, 128, 200, 200, 200, 230, 20, 20, 20, 230, 20, 20, 20, 230, 200, 160, 120, 60,
    120, 180, 120, 180, 60, 90, 40, 140, 240, 220, 60,
];

/// A conversion to sRGB that changes something.
pub(crate) struct Conversion {
    transform: Arc<Transform8BitExecutor>,
    layout: Layout,
}

impl Conversion {
    /// From the space of a profile, for pictures in colour or in grey. `None` if nothing is to be done: the profile is
    /// sRGB's or nearly so, is broken, is for another number of components, or can't be converted.
    pub(crate) fn new(profile: &[u8], gray: bool) -> Option<Conversion> {
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let layout = match (profile.color_space, gray) {
            (DataColorSpace::Rgb, false) => Layout::Rgb,
            (DataColorSpace::Gray, true) => Layout::Gray,
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let conversion = Conversion { transform, layout };
        let same = layout == Layout::Rgb && {
            let probed = conversion.converted(&PROBES)?;
            probed.iter().zip(PROBES).all(|(&got, sent)| got.abs_diff(sent) <= SAME)
        };
        (!same).then_some(conversion)
    }

    /// Converts a picture.
    pub(crate) fn run(&self, raster: &mut Raster) {
        let converted = if self.layout == Layout::Gray {
            let luma: Vec<u8> = raster.rgb.iter().step_by(3).copied().collect();
            self.converted(&luma)
        } else {
            self.converted(&raster.rgb)
        };
        if let Some(rgb) = converted {
            raster.rgb = rgb;
        }
    }

    fn converted(&self, source: &[u8]) -> Option<Vec<u8>> {
        let mut target = vec![0; source.len() / self.layout.channels() * 3];
        self.transform.transform(source, &mut target).ok()?;
        Some(target)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn to_srgb(raster: &mut Raster, profile: &[u8]) {
        if let Some(conversion) = Conversion::new(profile, raster.gray) {
            conversion.run(raster);
        }
    }

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
