//! TIFF, by the `tiff` crate (safe Rust), one strip or tile at a time: next to the raster there is one of them.
//!
//! Its JPEG, fax and WebP are left out of the build: a compressed picture inside a strip declares sizes of its own,
//! which nobody has checked. `zune` has no decoder for TIFF.

use std::io::Cursor;

use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits as DecoderLimits},
};

use super::{Raster, on_white, undecodable};
use crate::{
    Failure, Format, Limits,
    ifd::{self, tag},
};

/// Largest strip or tile that is decoded, in bytes: a picture of 42 megapixels in one strip of 16-bit RGB.
const MAX_STRIP: usize = 256 << 20;

/// Most strips or tiles of a picture: one a row, or tiles of 32 × 32, of the largest that is taken.
const MAX_STRIPS: u32 = 1 << 16;

/// Decodes a TIFF's first page.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raster, Failure> {
    let alpha = check(bytes, limits)?;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(|error| failure(&error))?;
    let mut bounds = DecoderLimits::default();
    bounds.decoding_buffer_size = MAX_STRIP;
    bounds.ifd_value_size = usize::try_from(limits.max_metadata_bytes).unwrap_or(usize::MAX);
    bounds.intermediate_buffer_size = MAX_STRIP;
    decoder = decoder.with_limits(bounds);

    let (width, height) = decoder.dimensions().map_err(|error| failure(&error))?;
    limits.check_size(Format::Tiff, u64::from(width), u64::from(height))?;
    let (channels, gray) = match decoder.colortype().map_err(|error| failure(&error))? {
        ColorType::Gray(8 | 16) => (1, true),
        ColorType::Multiband { bit_depth: 8 | 16, num_samples } => (usize::from(num_samples), true),
        ColorType::RGB(8 | 16) => (3, false),
        ColorType::RGBA(8 | 16) => (4, false),
        _ => return Err(Failure::rare_kind(Format::Tiff, "in unusual colours")),
    };
    let pixels = Pixels { channels, gray, alpha };

    let (strip_width, strip_height) = decoder.chunk_dimensions();
    if strip_width == 0 || strip_height == 0 {
        return Err(undecodable(Format::Tiff));
    }
    let (columns, rows) = (width as usize, height as usize);
    let (across, down) = (width.div_ceil(strip_width), height.div_ceil(strip_height));
    if across.saturating_mul(down) > MAX_STRIPS {
        return Err(Failure::too_complex(Format::Tiff, "its pixels are in too many strips"));
    }
    let mut rgb = vec![0; columns * rows * 3];
    for index in 0..across * down {
        let (left, top) = (index % across * strip_width, index / across * strip_height);
        let strip = decoder.read_chunk(index).map_err(|error| failure(&error))?;
        let strip_columns = decoder.chunk_data_dimensions(index).0.min(width - left) as usize;
        let row_start = |row: usize| ((top as usize + row) * columns + left as usize) * 3;
        let each_row = (strip_columns * channels).max(1);
        let rows = rows - top as usize;
        match &strip {
            DecodingResult::U8(samples) => {
                for (row, samples) in samples.chunks_exact(each_row).take(rows).enumerate() {
                    pixels.put(samples, |value| value, &mut rgb[row_start(row)..][..strip_columns * 3]);
                }
            }
            DecodingResult::U16(samples) => {
                for (row, samples) in samples.chunks_exact(each_row).take(rows).enumerate() {
                    pixels.put(samples, eight_bits, &mut rgb[row_start(row)..][..strip_columns * 3]);
                }
            }
            _ => return Err(Failure::rare_kind(Format::Tiff, "not of whole numbers")),
        }
    }
    Ok(Raster { width, height, rgb, gray })
}

/// What the fourth channel of RGB, or the second of grey, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alpha {
    /// Nothing that is shown.
    None,
    /// How much of the colour is seen.
    Straight,
    /// The same, and the colour is multiplied by it already.
    Premultiplied,
}

/// What only the whole file tells: its pages, its strips' places, the meaning of its alpha.
fn check(bytes: &[u8], limits: &Limits) -> Result<Alpha, Failure> {
    let most = limits.max_frames as usize;
    match ifd::pages(bytes, most + 1) {
        None => return Err(Failure::corrupt(Format::Tiff, "its directories form a ring")),
        Some(pages) if pages > most => return Err(Failure::too_complex(Format::Tiff, "it has too many pages")),
        Some(_) => {}
    }
    let entries = ifd::first(bytes);
    let numbers = |tag| entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.numbers(bytes));
    for (offsets, sizes) in [(tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS), (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)] {
        let strips = numbers(offsets).zip(numbers(sizes)).unwrap_or_default();
        let end = strips.0.iter().zip(&strips.1).map(|(&at, &size)| u64::from(at) + u64::from(size)).max();
        if end.is_some_and(|end| end > bytes.len() as u64) {
            return Err(Failure::truncated(Format::Tiff));
        }
    }
    Ok(match numbers(tag::EXTRA_SAMPLES).and_then(|kinds| kinds.first().copied()) {
        Some(1) => Alpha::Premultiplied,
        // A fourth channel that nothing is said of is straight alpha; one that is said to be unspecified is a mask or
        // a spot colour.
        Some(2) | None => Alpha::Straight,
        Some(_) => Alpha::None,
    })
}

/// How the samples of a pixel are read.
#[derive(Clone, Copy)]
struct Pixels {
    channels: usize,
    gray: bool,
    alpha: Alpha,
}

impl Pixels {
    /// Writes a row of samples as RGB on white.
    fn put<T: Copy>(self, samples: &[T], to_byte: impl Fn(T) -> u8, row: &mut [u8]) {
        let colors = if self.gray { 1 } else { 3 };
        for (to, from) in row.as_chunks_mut::<3>().0.iter_mut().zip(samples.chunks_exact(self.channels)) {
            let alpha = from.get(colors).map_or(255, |alpha| to_byte(*alpha));
            for (channel, to) in to.iter_mut().enumerate() {
                let value = to_byte(from[if self.gray { 0 } else { channel }]);
                *to = match self.alpha {
                    Alpha::None => value,
                    Alpha::Straight => on_white(value, alpha),
                    Alpha::Premultiplied => value.saturating_add(255 - alpha),
                };
            }
        }
    }
}

/// A 16-bit sample in 8 bits, rounded.
fn eight_bits(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32_767) / 65_535) as u8
}

fn failure(error: &TiffError) -> Failure {
    match error {
        TiffError::LimitsExceeded => Failure::too_complex(Format::Tiff, "a strip of its pixels is too large"),
        TiffError::UnsupportedError(_) => Failure::rare_kind(Format::Tiff, "of an unusual kind"),
        _ => undecodable(Format::Tiff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_rgb_on_white() {
        let row = |gray, alpha, channels, samples: &[u8]| {
            let mut row = [7; 3];
            Pixels { channels, gray, alpha }.put(samples, |value| value, &mut row);
            row
        };
        assert_eq!(row(false, Alpha::None, 3, &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(row(false, Alpha::Straight, 4, &[0, 100, 200, 128]), [127, 177, 227]);
        assert_eq!(row(false, Alpha::Premultiplied, 4, &[0, 50, 100, 128]), [127, 177, 227]);
        assert_eq!(row(false, Alpha::None, 4, &[1, 2, 3, 0]), [1, 2, 3], "a channel without a meaning");
        assert_eq!(row(true, Alpha::None, 1, &[9]), [9; 3]);
        assert_eq!(row(true, Alpha::Straight, 2, &[9, 0]), [255; 3]);
    }

    #[test]
    fn sixteen_bits_are_rounded() {
        assert_eq!([0, 128, 129, 65_535, 65_407, 65_406].map(eight_bits), [0, 0, 1, 255, 255, 254]);
    }
}
