//! Decoders: each format to 8-bit RGB on white. All run behind the inspection, with the limits that each one offers.

mod bmp;
mod gif;
mod heif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use crate::{Failure, Format, Inspection, Limits};

/// A decoded picture: 8-bit RGB, row by row without padding, alpha already flattened on white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
    /// Whether the file holds one component only, so that its colour profile is one for grey.
    pub(crate) gray: bool,
}

/// Decodes an inspected file's (first) picture.
pub(crate) fn decode(inspection: &Inspection, bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    let raster = match inspection.format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Png => png::decode(bytes),
        Format::WebP => webp::decode(bytes),
        Format::Gif => gif::decode(bytes, inspection),
        Format::Bmp => bmp::decode(bytes),
        Format::Tiff => tiff::decode(bytes, limits),
        Format::Heic | Format::Avif => heif::decode(inspection.format, bytes, limits),
    }?;
    // The inspection is what the limits were checked on and what clients are told.
    let (width, height) = (inspection.width, inspection.height);
    let expected = width as usize * height as usize * 3;
    if (raster.width, raster.height) != (width, height) || raster.rgb.len() != expected {
        return Err(Failure::corrupt(inspection.format, "its parts contradict each other about its size"));
    }
    Ok(raster)
}

fn undecodable(format: Format) -> Failure {
    Failure::corrupt(format, "its pixels can't be decoded")
}

/// Grey to RGB.
fn spread(luma: &[u8]) -> Vec<u8> {
    luma.iter().flat_map(|&value| [value; 3]).collect()
}

/// RGBA to RGB on white, in the same memory.
fn flatten(mut rgba: Vec<u8>) -> Vec<u8> {
    let pixels = rgba.len() / 4;
    for pixel in 0..pixels {
        let alpha = rgba[pixel * 4 + 3];
        for channel in 0..3 {
            rgba[pixel * 3 + channel] = on_white(rgba[pixel * 4 + channel], alpha);
        }
    }
    rgba.truncate(pixels * 3);
    rgba
}

/// `value` seen through `alpha` on white, rounded.
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_flattened_on_white() {
        let flat = flatten(vec![10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128]);
        assert_eq!(flat, [10, 20, 30, 255, 255, 255, 127, 177, 227]);
    }
}
