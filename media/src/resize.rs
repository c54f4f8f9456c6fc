//! Sizes of renditions, and the scaling that makes them.

use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef};
use serde::{Deserialize, Serialize};

use crate::{Failure, decode::Raster};

/// A rendition's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Size {
    /// A square of 150, cropped from the middle.
    Thumbnail,
    /// The whole picture within 640 × 640.
    Medium,
    /// The whole picture within 1080 × 1080.
    Large,
}

impl Size {
    /// Every size, from small to large.
    pub const fn all() -> [Size; 3] {
        [Size::Thumbnail, Size::Medium, Size::Large]
    }

    /// The longest side in pixels. A smaller picture keeps its own size: nothing is ever upscaled.
    pub const fn edge(self) -> u32 {
        match self {
            Size::Thumbnail => 150,
            Size::Medium => 640,
            Size::Large => 1080,
        }
    }

    /// The rendition's size for an upright picture of `width` × `height` (both at least 1): each side rounded to the
    /// nearest pixel and at least 1.
    pub fn of(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Size::Thumbnail => {
                let side = self.edge().min(width).min(height);
                (side, side)
            }
            Size::Medium | Size::Large => fit(width, height, self.edge()),
        }
    }
}

/// The size within a square of `edge`, keeping the aspect ratio, never larger than it was.
pub(crate) fn fit(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= edge {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded = (2 * u64::from(side) * u64::from(edge) + u64::from(long)) / (2 * u64::from(long));
        (rounded as u32).max(1)
    };
    (scaled(width), scaled(height))
}

/// Scales a picture; one that has the size already is copied.
pub(crate) fn scale(raster: &Raster, width: u32, height: u32) -> Result<Raster, Failure> {
    if (raster.width, raster.height) == (width, height) {
        return Ok(raster.clone());
    }
    resample(raster, width, height, &ResizeOptions::new())
}

/// The centred square of the shorter side, scaled to `side`.
pub(crate) fn square(raster: &Raster, side: u32) -> Result<Raster, Failure> {
    let short = raster.width.min(raster.height);
    if short == side {
        return Ok(crop(raster, side));
    }
    let (left, top) = (f64::from(raster.width - short) / 2.0, f64::from(raster.height - short) / 2.0);
    let options = ResizeOptions::new().crop(left, top, f64::from(short), f64::from(short));
    resample(raster, side, side, &options)
}

/// The centred square of `side` pixels, without resampling.
fn crop(raster: &Raster, side: u32) -> Raster {
    let (left, top) = ((raster.width - side) / 2, (raster.height - side) / 2);
    let rows = raster.rgb.chunks_exact(raster.width as usize * 3).skip(top as usize).take(side as usize);
    let columns = left as usize * 3..(left + side) as usize * 3;
    let rgb = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
    Raster { width: side, height: side, rgb, gray: raster.gray }
}

fn resample(raster: &Raster, width: u32, height: u32, options: &ResizeOptions) -> Result<Raster, Failure> {
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    let source = ImageRef::new(raster.width, raster.height, &raster.rgb, PixelType::U8x3);
    let source = source.map_err(|_| Failure::internal())?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    Resizer::new().resize(&source, &mut target, &options).map_err(|_| Failure::internal())?;
    Ok(Raster { width, height, rgb: target.into_vec(), gray: raster.gray })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_keep_the_aspect_and_never_grow() {
        assert_eq!(Size::Large.of(4032, 3024), (1080, 810));
        assert_eq!(Size::Medium.of(3024, 4032), (480, 640));
        assert_eq!(Size::Thumbnail.of(4032, 3024), (150, 150));
        assert_eq!(Size::Large.of(1080, 1080), (1080, 1080));
        assert_eq!(Size::Large.of(1081, 1081), (1080, 1080));
        assert_eq!(Size::Medium.of(100, 30), (100, 30));
        assert_eq!(Size::Thumbnail.of(100, 30), (30, 30));
        assert_eq!(Size::Large.of(16_384, 1), (1080, 1));
        assert_eq!(Size::Large.of(1, 16_384), (1, 1080));
        assert_eq!(Size::Medium.of(1000, 333), (640, 213));
    }

    #[test]
    fn a_square_is_cut_from_the_middle() {
        let rgb = (0..5u8).flat_map(|x| [x * 50; 3]).collect::<Vec<_>>().repeat(3);
        let wide = Raster { width: 5, height: 3, rgb, gray: false };
        let cut = square(&wide, 3).unwrap();
        assert_eq!((cut.width, cut.height), (3, 3));
        assert_eq!(cut.rgb[..9], [50, 50, 50, 100, 100, 100, 150, 150, 150]);
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let flat = Raster { width: 700, height: 300, rgb: [90, 120, 200].repeat(700 * 300), gray: false };
        assert!(scale(&flat, 64, 27).unwrap().rgb.as_chunks::<3>().0.iter().all(|pixel| *pixel == [90, 120, 200]));
        assert!(square(&flat, 150).unwrap().rgb.as_chunks::<3>().0.iter().all(|pixel| *pixel == [90, 120, 200]));
    }
}
