//! Sizes of renditions, and the scaling that makes them.

use fast_image_resize::{
    Filter, FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef,
};
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    decode::Raster,
    plane::{Plane, Planes},
};

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

/// Scales pictures. Keeps its buffers from one to the next.
pub(crate) struct Scaler {
    resizer: Resizer,
    lanczos: Filter,
}

/// Part of a picture, in pixels that need not be whole: left, top, width, height.
type Part = (f64, f64, f64, f64);

impl Scaler {
    pub(crate) fn new() -> Result<Scaler, Failure> {
        let lanczos = Filter::new("Lanczos3", lanczos3, 3.0).map_err(|_| Failure::internal())?;
        Ok(Scaler { resizer: Resizer::new(), lanczos })
    }

    /// Scales an RGB picture; one that has the size already is copied.
    pub(crate) fn raster(&mut self, raster: &Raster, width: u32, height: u32) -> Result<Raster, Failure> {
        let whole = (0.0, 0.0, f64::from(raster.width), f64::from(raster.height));
        self.raster_part(raster, whole, width, height)
    }

    /// The centred square of an RGB picture's shorter side, scaled to `side`.
    pub(crate) fn raster_square(&mut self, raster: &Raster, side: u32) -> Result<Raster, Failure> {
        self.raster_part(raster, middle((f64::from(raster.width), f64::from(raster.height))), side, side)
    }

    /// Scales a picture to this size, its chroma to half of it, rounded up.
    pub(crate) fn planes(&mut self, planes: &Planes, width: u32, height: u32) -> Result<Planes, Failure> {
        planes.try_map(|plane, chroma| {
            let halves = 1 + u32::from(chroma);
            let whole = (0.0, 0.0, plane.extent.0, plane.extent.1);
            self.plane_part(plane, whole, width.div_ceil(halves), height.div_ceil(halves))
        })
    }

    /// The centred square of a picture's shorter side, scaled to `side`.
    pub(crate) fn planes_square(&mut self, planes: &Planes, side: u32) -> Result<Planes, Failure> {
        let (left, top, width, height) = middle(planes.luma.extent);
        let (all_across, all_down) = planes.luma.extent;
        planes.try_map(|plane, chroma| {
            let side = side.div_ceil(1 + u32::from(chroma));
            let (across, down) = (plane.extent.0 / all_across, plane.extent.1 / all_down);
            self.plane_part(plane, (left * across, top * down, width * across, height * down), side, side)
        })
    }

    /// Scales chroma to the size of luma.
    pub(crate) fn full_chroma(&mut self, planes: &Planes) -> Result<Planes, Failure> {
        let (width, height) = planes.size();
        planes.try_map(|plane, chroma| {
            if !chroma {
                return Ok(plane.clone());
            }
            // Each sample stands for two pixels, the last one perhaps for one.
            let part = (0.0, 0.0, (f64::from(width) / 2.0).max(1.0), (f64::from(height) / 2.0).max(1.0));
            self.plane_part(plane, part, width, height)
        })
    }

    fn plane_part(&mut self, plane: &Plane, part: Part, width: u32, height: u32) -> Result<Plane, Failure> {
        if part == (0.0, 0.0, f64::from(width), f64::from(height)) && (plane.width, plane.height) == (width, height) {
            return Ok(plane.clone());
        }
        let pixels = self.resample(&plane.pixels, (plane.width, plane.height), PixelType::U8, part, (width, height))?;
        Ok(Plane::new(width, height, pixels))
    }

    fn raster_part(&mut self, raster: &Raster, part: Part, width: u32, height: u32) -> Result<Raster, Failure> {
        if (raster.width, raster.height) == (width, height) {
            return Ok(raster.clone());
        }
        let size = (raster.width, raster.height);
        let rgb = self.resample(&raster.rgb, size, PixelType::U8x3, part, (width, height))?;
        Ok(Raster { width, height, rgb, gray: raster.gray })
    }

    fn resample(
        &mut self,
        pixels: &[u8],
        (width, height): (u32, u32),
        kind: PixelType,
        (left, top, across, down): Part,
        target: (u32, u32),
    ) -> Result<Vec<u8>, Failure> {
        // Sums of parts may come out a little beyond the edge, which would be refused.
        let (across, down) = (across.min(f64::from(width) - left), down.min(f64::from(height) - top));
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Custom(self.lanczos)))
            .use_alpha(false)
            .crop(left, top, across, down);
        let source = ImageRef::new(width, height, pixels, kind).map_err(|_| Failure::internal())?;
        let mut scaled = Image::new(target.0, target.1, kind);
        self.resizer.resize(&source, &mut scaled, &options).map_err(|_| Failure::internal())?;
        Ok(scaled.into_vec())
    }
}

/// sinc(x) · sinc(x/3) for |x| < 3, 0 beyond: the filter of the library by the same name, in a quarter of its time, which
/// for pictures as small as ours is a part of the whole that counts.
///
/// With a = πx/3 it is 3 · sin 3a · sin a / (3a)², and sin 3a = 3 sin a − 4 sin³ a: one sine is enough.
fn lanczos3(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        return 1.0;
    }
    if x.abs() >= 3.0 {
        return 0.0;
    }
    let angle = x.abs() * std::f64::consts::FRAC_PI_3;
    let sine = sine(angle);
    let triple = sine * (3.0 - 4.0 * sine * sine);
    triple * sine / (3.0 * angle * angle)
}

/// The sine of an angle from 0 to π, to within 10⁻¹⁰: far below what a filter's weights, in 14 bits, can tell. It is even
/// about π/2, and so is a polynomial in the square of the distance from there (the cosine's series).
fn sine(angle: f64) -> f64 {
    let square = (angle - std::f64::consts::FRAC_PI_2).powi(2);
    let terms = [
        -1.0 / 2.0,
        1.0 / 24.0,
        -1.0 / 720.0,
        1.0 / 40_320.0,
        -1.0 / 3_628_800.0,
        1.0 / 479_001_600.0,
        -1.0 / 87_178_291_200.0,
    ];
    1.0 + square * terms.iter().rev().fold(0.0, |sum, term| sum * square + term)
}

/// The square in the middle of a picture of this size.
fn middle((width, height): (f64, f64)) -> Part {
    let short = width.min(height);
    ((width - short) / 2.0, (height - short) / 2.0, short, short)
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
    fn the_filter_is_lanczos_of_three_lobes() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
        for step in -3_200..=3_200 {
            let x = f64::from(step) / 1_000.0;
            let wanted = if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 };
            assert!((lanczos3(x) - wanted).abs() < 1e-6, "{} for {wanted} at {x}", lanczos3(x));
        }
    }

    #[test]
    fn a_square_is_cut_from_the_middle() {
        let row = [0u8, 50, 100, 150, 200];
        let wide = Plane::new(5, 3, row.repeat(3));
        let cut = Scaler::new().unwrap().planes_square(&Planes { luma: wide, chroma: None }, 3).unwrap();
        assert_eq!(cut.size(), (3, 3));
        assert_eq!(cut.luma.pixels[..3], [50, 100, 150]);
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let flat = Raster { width: 700, height: 300, rgb: [90, 120, 200].repeat(700 * 300), gray: false };
        let mut scaler = Scaler::new().unwrap();
        for scaled in [scaler.raster(&flat, 64, 27).unwrap(), scaler.raster_square(&flat, 150).unwrap()] {
            assert!(scaled.rgb.as_chunks::<3>().0.iter().all(|pixel| *pixel == [90, 120, 200]));
        }
    }

    #[test]
    fn chroma_is_half_of_luma_rounded_up() {
        let flat = Raster { width: 400, height: 301, rgb: [90, 120, 200].repeat(400 * 301), gray: false };
        let scaled = Scaler::new().unwrap().planes(&Planes::from_rgb(&flat), 101, 77).unwrap();
        let sizes: Vec<_> = scaled.chroma.iter().flatten().map(|plane| (plane.width, plane.height)).collect();
        assert_eq!((scaled.size(), sizes), ((101, 77), vec![(51, 39), (51, 39)]));
    }

    #[test]
    fn what_lies_beyond_the_extent_is_not_shown() {
        let pixels = [[10u8; 16].as_slice(), &[200; 16]].concat().repeat(32);
        let plane = Plane::padded(pixels, 32, (16.0, 32.0));
        let scaled = Scaler::new().unwrap().planes(&Planes { luma: plane, chroma: None }, 8, 16).unwrap();
        assert!(scaled.luma.pixels.chunks(8).all(|row| row == [10; 8]), "{:?}", &scaled.luma.pixels[..8]);
    }
}
