//! Decoders: each format to 8-bit RGB on white. All run behind the inspection, with the limits that each one offers.

use std::io::Cursor;

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

use crate::{Failure, Format, Inspection, Limits, metadata};

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
        Format::Jpeg => jpeg(bytes, limits),
        Format::Png => png(bytes),
        Format::WebP => webp(bytes),
        Format::Gif => gif(bytes, inspection),
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

fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    if is_baseline_in_scans(bytes) {
        return jpeg_in_scans(bytes, limits);
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
fn jpeg_in_scans(bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Jpeg);
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(limits.max_pixels * 3).unwrap_or(usize::MAX));
    let rgb = decoder.decode().map_err(failure)?;
    let info = decoder.info().filter(|info| info.pixel_format == jpeg_decoder::PixelFormat::RGB24);
    let info = info.ok_or_else(|| undecodable(Format::Jpeg))?;
    Ok(Raster { width: u32::from(info.width), height: u32::from(info.height), rgb, gray: false })
}

fn png(bytes: &[u8]) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Png);
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true); // read by `metadata`, under its cap
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failure)?;
    let size = reader.output_buffer_size().ok_or_else(|| undecodable(Format::Png))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(failure)?;
    pixels.truncate(frame.buffer_size());
    let gray = matches!(frame.color_type, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
    let rgb = match frame.color_type {
        png::ColorType::Grayscale => spread(&pixels),
        png::ColorType::GrayscaleAlpha => {
            spread(&pixels.as_chunks::<2>().0.iter().map(|&[luma, alpha]| on_white(luma, alpha)).collect::<Vec<_>>())
        }
        png::ColorType::Rgb => pixels,
        png::ColorType::Rgba => flatten(pixels),
        png::ColorType::Indexed => return Err(undecodable(Format::Png)), // the transformations expand palettes
    };
    Ok(Raster { width: frame.width, height: frame.height, rgb, gray })
}

fn webp(bytes: &[u8]) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::WebP);
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let size = decoder.output_buffer_size().ok_or_else(|| undecodable(Format::WebP))?;
    decoder.set_memory_limit(size.max(bytes.len()));
    let mut pixels = vec![0; size];
    let alpha = decoder.has_alpha();
    decoder.read_image(&mut pixels).map_err(failure)?;
    let rgb = if alpha { flatten(pixels) } else { pixels };
    Ok(Raster { width, height, rgb, gray: false })
}

/// The first frame on its canvas; what it does not cover is transparent, hence white.
fn gif(bytes: &[u8], inspection: &Inspection) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Gif);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    options.allow_unknown_blocks(true);
    options.set_memory_limit(gif::MemoryLimit::Unlimited); // the inspection has bounded every frame
    let mut decoder = options.read_info(bytes).map_err(failure)?;
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().map_err(failure)?.ok_or_else(|| undecodable(Format::Gif))?;
    let palette = frame.palette.as_deref().or(global.as_deref()).ok_or_else(|| undecodable(Format::Gif))?;
    let (colors, _) = palette.as_chunks::<3>();

    let (width, height) = (inspection.width as usize, inspection.height as usize);
    let mut rgb = vec![255; width * height * 3];
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let visible = usize::from(frame.width).min(width.saturating_sub(left));
    for (y, indexes) in frame.buffer.chunks_exact(usize::from(frame.width).max(1)).enumerate() {
        if top + y >= height || visible == 0 {
            break;
        }
        let start = ((top + y) * width + left) * 3;
        let row = &mut rgb[start..start + visible * 3];
        for (pixel, &index) in row.as_chunks_mut::<3>().0.iter_mut().zip(indexes) {
            if frame.transparent != Some(index) {
                // An index past the palette's end is shown as black, as browsers do.
                *pixel = colors.get(usize::from(index)).copied().unwrap_or_default();
            }
        }
    }
    Ok(Raster { width: inspection.width, height: inspection.height, rgb, gray: false })
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
