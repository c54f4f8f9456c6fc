//! WebP; of an animation the first frame, on its canvas.

use std::io::Cursor;

use super::{Raster, flatten, undecodable};
use crate::{Failure, Format};

/// Decodes a WebP.
pub(super) fn decode(bytes: &[u8]) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::WebP);
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let size = decoder.output_buffer_size().ok_or_else(|| undecodable(Format::WebP))?;
    decoder.set_memory_limit(size.max(bytes.len()));
    if decoder.is_animated() {
        // What the first frame does not cover is transparent, hence white, even if no frame declares transparency.
        decoder.set_background_color([255; 4]).map_err(failure)?;
    }
    let mut pixels = vec![0; size];
    let alpha = decoder.has_alpha();
    decoder.read_image(&mut pixels).map_err(failure)?;
    let rgb = if alpha { flatten(pixels) } else { pixels };
    Ok(Raster { width, height, rgb, gray: false })
}
