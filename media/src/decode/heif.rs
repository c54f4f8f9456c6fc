//! HEIC and AVIF, by the system's libheif. It turns and crops as the file asks.

use super::{Raster, flatten, undecodable};
use crate::{
    Failure, Format, Limits,
    heif::{self, Trouble},
};

/// Decodes the primary picture of a HEIC or AVIF.
pub(super) fn decode(format: Format, bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    let contents = heif::contents(bytes, format, limits)?;
    heif::check_grid(&contents, bytes, format)?;
    let decoded = heif::decode(bytes, limits.max_pixels, limits.max_side).map_err(|trouble| match trouble {
        Trouble::Unavailable => Failure::no_heif_decoder(format),
        Trouble::Unsupported => Failure::rare_kind(format, "of an unusual kind"),
        Trouble::TooLarge => Failure::too_complex(format, "decoding it takes too much memory"),
        Trouble::Damaged => undecodable(format),
    })?;
    let (width, height) = (decoded.width, decoded.height);
    let rgb = match (decoded.channels, decoded.premultiplied) {
        (4, true) => on_white_premultiplied(&decoded.bytes),
        (4, false) => flatten(decoded.bytes),
        _ => decoded.bytes,
    };
    Ok(Raster { width, height, rgb, gray: false })
}

fn on_white_premultiplied(rgba: &[u8]) -> Vec<u8> {
    let pixels = rgba.as_chunks::<4>().0;
    pixels
        .iter()
        .flat_map(|&[red, green, blue, alpha]| [red, green, blue].map(|v| v.saturating_add(255 - alpha)))
        .collect()
}
