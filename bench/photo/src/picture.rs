//! Pixels in memory, and JPEG to and fro. One decoder for everything that is judged, so that it favours nobody.

use std::io::Cursor;

use anyhow::{Context, ensure};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// 8-bit RGB, row after row.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// `width × height × 3` values.
    pub(crate) pixels: Vec<u8>,
}

/// The same in `f32`, 0–255, not rounded.
pub(crate) struct Exact {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// `width × height × 3` values.
    pub(crate) pixels: Vec<f32>,
}

impl Picture {
    /// Decodes a JPEG as it is stored: neither its orientation nor its colour profile is applied.
    pub(crate) fn decode(jpeg: &[u8]) -> anyhow::Result<Self> {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
        let pixels = decoder.decode().context("a JPEG can't be decoded")?;
        let (width, height) = decoder.dimensions().context("a JPEG has no size")?;
        ensure!(pixels.len() == width * height * 3, "a JPEG has another size than it says");
        Ok(Self { width, height, pixels })
    }

    /// Decodes a WebP without transparency.
    pub(crate) fn decode_webp(webp: &[u8]) -> anyhow::Result<Self> {
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(webp)).context("no WebP")?;
        ensure!(!decoder.has_alpha(), "a WebP is transparent");
        let (width, height) = decoder.dimensions();
        let mut pixels = vec![0; decoder.output_buffer_size().context("a WebP is too large")?];
        decoder.read_image(&mut pixels).context("a WebP can't be decoded")?;
        Ok(Self { width: width as usize, height: height as usize, pixels })
    }

    /// Width and height of a JPEG as it is stored.
    pub(crate) fn size(jpeg: &[u8]) -> anyhow::Result<(usize, usize)> {
        let mut decoder = JpegDecoder::new(ZCursor::new(jpeg));
        decoder.decode_headers().context("no JPEG")?;
        decoder.dimensions().context("a JPEG has no size")
    }

    /// A baseline JPEG, 4:2:0, with the standard Huffman tables: as phones write them.
    pub(crate) fn encode(&self, quality: u8) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        let (width, height) = (u16::try_from(self.width)?, u16::try_from(self.height)?);
        encoder.encode(&self.pixels, width, height, ColorType::Rgb).context("a picture can't be encoded")?;
        Ok(bytes)
    }

    /// A part of it, which lies inside.
    pub(crate) fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let row = |at: usize| &self.pixels[((y + at) * self.width + x) * 3..][..width * 3];
        Self { width, height, pixels: (0..height).flat_map(row).copied().collect() }
    }

    /// Another size of it: cut off, or continued as if there were mirrors at its right and lower edge, so that what is
    /// added has the detail of a photograph and no seam.
    pub(crate) fn mirrored(&self, width: usize, height: usize) -> Self {
        let reflect = |at: usize, side: usize| if at % (2 * side) < side { at % side } else { side - 1 - at % side };
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            let row = reflect(y, self.height) * self.width;
            for x in 0..width {
                let at = (row + reflect(x, self.width)) * 3;
                pixels.extend_from_slice(&self.pixels[at..at + 3]);
            }
        }
        Self { width, height, pixels }
    }
}

impl Exact {
    /// Rounded to 8 bits.
    pub(crate) fn rounded(&self) -> Picture {
        let pixels = self.pixels.iter().map(|value| (value + 0.5).clamp(0.0, 255.0) as u8).collect();
        Picture { width: self.width, height: self.height, pixels }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mirrored_picture_continues_without_a_seam() {
        let picture = Picture { width: 2, height: 1, pixels: vec![1, 2, 3, 4, 5, 6] };
        let mirrored = picture.mirrored(5, 2);
        let row = [1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3];
        assert_eq!(mirrored.pixels, [row, row].concat());
    }

    #[test]
    fn a_jpeg_comes_back_nearly_as_it_was() {
        let pixels = (0..64 * 48).flat_map(|at| [(at % 64 * 2) as u8, (at / 64 * 3) as u8, 90]).collect();
        let picture = Picture { width: 64, height: 48, pixels };
        let back = Picture::decode(&picture.encode(95).unwrap()).unwrap();
        assert_eq!((back.width, back.height), (64, 48));
        let worst = picture.pixels.iter().zip(&back.pixels).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst < 12, "{worst}");
    }
}
