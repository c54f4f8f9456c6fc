//! BMP, by `image`'s decoder: it knows every header and writes rows straight into the raster, while `zune-bmp` reads
//! fewer kinds. Both are safe Rust without dependencies of their own; the inspection has bounded what is allocated.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, codecs::bmp::BmpDecoder};

use super::{Raster, flatten, undecodable};
use crate::{Failure, Format};

/// Decodes a BMP.
pub(super) fn decode(bytes: &[u8]) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Bmp);
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(failure)?;
    let ((width, height), color) = (decoder.dimensions(), decoder.color_type());
    let mut pixels = vec![0; width as usize * height as usize * usize::from(color.bytes_per_pixel())];
    decoder.read_image(&mut pixels).map_err(failure)?;
    let rgb = match color {
        ColorType::Rgb8 => pixels,
        ColorType::Rgba8 => flatten(pixels),
        _ => return Err(undecodable(Format::Bmp)),
    };
    Ok(Raster { width, height, rgb, gray: false })
}
