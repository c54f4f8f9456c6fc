//! JPEG.

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

use super::{Raster, spread, undecodable};
use crate::{Failure, Format, Limits, metadata};

/// Decodes a JPEG.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    if is_baseline_in_scans(bytes) {
        return in_scans(bytes, limits);
    }
    let failure = |_| undecodable(Format::Jpeg);
    let side = limits.max_side as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false) // many cameras leave odd bytes between segments
        .set_max_width(side)
        .set_max_height(side)
        .jpeg_set_max_scans(limits.max_scans as usize);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(failure)?;
    let gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    // CMYK and YCCK are converted by the decoder, without their profile.
    let wanted = if gray { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (width, height) = decoder.dimensions().ok_or_else(|| undecodable(Format::Jpeg))?;
    let mut pixels = vec![0; width * height * wanted.num_components()];
    decoder.decode_into(&mut pixels).map_err(failure)?;
    let rgb = if gray { spread(&pixels) } else { pixels };
    Ok(Raster { width: width as u32, height: height as u32, rgb, gray })
}

/// Whether a JPEG is sequential and stores its three components in scans of their own.
fn is_baseline_in_scans(bytes: &[u8]) -> bool {
    let mut sequential = false;
    for (code, segment) in metadata::jpeg_segments(bytes) {
        match code {
            0xc0 | 0xc1 => sequential = segment.get(5) == Some(&3),
            0xda => return sequential && segment.first().is_some_and(|components| *components < 3),
            _ => {}
        }
    }
    false
}

/// Such files are rare, and the usual decoder gives a wrong picture without an error where chroma is subsampled.
fn in_scans(bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Jpeg);
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(limits.max_pixels * 3).unwrap_or(usize::MAX));
    let rgb = decoder.decode().map_err(failure)?;
    let info = decoder.info().filter(|info| info.pixel_format == jpeg_decoder::PixelFormat::RGB24);
    let info = info.ok_or_else(|| undecodable(Format::Jpeg))?;
    Ok(Raster { width: u32::from(info.width), height: u32::from(info.height), rgb, gray: false })
}
