//! Pictures as JPEG stores them: a plane of luma and two of chroma, each with pixels of its own size.

use crate::{decode::Raster, orient::Orientation};

/// Bytes in rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plane {
    /// Bytes of a row.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    /// Row after row.
    pub(crate) pixels: Vec<u8>,
    /// How much of the width and height the picture takes, from the top left. The rest repeats its edge.
    pub(crate) extent: (f64, f64),
}

/// A picture in luma and chroma, as JFIF defines them (ITU-R BT.601, all 256 values), chroma centred among the pixels
/// that share it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    /// Y.
    pub(crate) luma: Plane,
    /// Cb and Cr; none if the picture is grey.
    pub(crate) chroma: Option<[Plane; 2]>,
}

impl Plane {
    /// A plane that the picture fills.
    pub(crate) fn new(width: u32, height: u32, pixels: Vec<u8>) -> Plane {
        debug_assert_eq!(pixels.len(), width as usize * height as usize);
        Plane { width, height, pixels, extent: (f64::from(width), f64::from(height)) }
    }

    /// A plane of rows of `stride` bytes, of which the picture takes `extent`; what lies beyond is filled from its edge.
    pub(crate) fn padded(mut pixels: Vec<u8>, stride: usize, extent: (f64, f64)) -> Plane {
        let rows = pixels.len() / stride.max(1);
        let (across, down) = ((extent.0.ceil() as usize).clamp(1, stride), (extent.1.ceil() as usize).clamp(1, rows));
        for row in pixels.chunks_exact_mut(stride).take(down) {
            let edge = row[across - 1];
            row[across..].fill(edge);
        }
        for row in down..rows {
            pixels.copy_within((down - 1) * stride..down * stride, row * stride);
        }
        // Less than a pixel can't be scaled; what was repeated above fills it.
        Plane { width: stride as u32, height: rows as u32, pixels, extent: (extent.0.max(1.0), extent.1.max(1.0)) }
    }

    /// Turns the plane upright.
    fn turn(&self, orientation: Orientation) -> Plane {
        let (width, height) = orientation.size(self.width, self.height);
        Plane::new(width, height, orientation.apply(&self.pixels, self.width, self.height))
    }
}

impl Planes {
    /// Width and height of a picture whose luma fills its plane.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.luma.width, self.luma.height)
    }

    /// Every plane through the same change.
    pub(crate) fn try_map<E>(&self, mut change: impl FnMut(&Plane, bool) -> Result<Plane, E>) -> Result<Planes, E> {
        let luma = change(&self.luma, false)?;
        let chroma = match &self.chroma {
            Some([blue, red]) => Some([change(blue, true)?, change(red, true)?]),
            None => None,
        };
        Ok(Planes { luma, chroma })
    }

    /// Turns the picture upright.
    pub(crate) fn turn(self, orientation: Orientation) -> Planes {
        if orientation == Orientation::Upright {
            return self;
        }
        let chroma = self.chroma.map(|planes| planes.map(|plane| plane.turn(orientation)));
        Planes { luma: self.luma.turn(orientation), chroma }
    }

    /// Planes of an RGB picture, chroma halved both ways.
    pub(crate) fn from_rgb(raster: &Raster) -> Planes {
        let (width, height) = (raster.width as usize, raster.height as usize);
        let (pixels, _) = raster.rgb.as_chunks::<3>();
        let luma: Vec<u8> = if raster.gray {
            pixels.iter().map(|pixel| pixel[0]).collect()
        } else {
            pixels.iter().map(|pixel| luma_of(pixel.map(i32::from))).collect()
        };
        let luma = Plane::new(raster.width, raster.height, luma);
        if raster.gray {
            return Planes { luma, chroma: None };
        }
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let mut chroma = [Vec::with_capacity(half_width * half_height), Vec::with_capacity(half_width * half_height)];
        for y in 0..half_height {
            let upper = &pixels[2 * y * width..][..width];
            let lower = &pixels[(2 * y + 1).min(height - 1) * width..][..width];
            for x in 0..half_width {
                let (left, right) = (2 * x, (2 * x + 1).min(width - 1));
                let sum: [i32; 3] = std::array::from_fn(|channel| {
                    [upper[left], upper[right], lower[left], lower[right]]
                        .map(|pixel| i32::from(pixel[channel]))
                        .iter()
                        .sum()
                });
                let [blue, red] = chroma_of(sum);
                chroma[0].push(blue);
                chroma[1].push(red);
            }
        }
        let chroma = chroma.map(|pixels| Plane::new(half_width as u32, half_height as u32, pixels));
        Planes { luma, chroma: Some(chroma) }
    }

    /// RGB of planes that are all of the same size.
    pub(crate) fn to_rgb(&self) -> Raster {
        let (width, height) = self.size();
        let luma = &self.luma.pixels;
        let rgb = match &self.chroma {
            None => luma.iter().flat_map(|&y| [y; 3]).collect(),
            Some([blue, red]) => {
                let mut rgb = vec![0; luma.len() * 3];
                let chroma = blue.pixels.iter().zip(&red.pixels);
                for ((pixel, &y), (&cb, &cr)) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(luma).zip(chroma) {
                    *pixel = rgb_of(y, cb, cr);
                }
                rgb
            }
        };
        Raster { width, height, rgb, gray: self.chroma.is_none() }
    }
}

// The factors of JFIF 1.02, in 65,536ths.

fn luma_of([r, g, b]: [i32; 3]) -> u8 {
    ((19_595 * r + 38_470 * g + 7_471 * b + 32_768) >> 16) as u8
}

/// Cb and Cr of the mean of four pixels, given as their sum.
fn chroma_of([r, g, b]: [i32; 3]) -> [u8; 2] {
    let scaled = |value: i32| ((value + (128 << 18) + (1 << 17)) >> 18).clamp(0, 255) as u8;
    [scaled(-11_059 * r - 21_709 * g + 32_768 * b), scaled(32_768 * r - 27_439 * g - 5_329 * b)]
}

fn rgb_of(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let clamped = |value: i32| ((value + 32_768) >> 16).clamp(0, 255) as u8;
    [clamped(y + 91_881 * cr), clamped(y - 22_554 * cb - 46_802 * cr), clamped(y + 116_130 * cb)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_way_there_and_back() {
        for pixel in [[0, 0, 0], [255, 255, 255], [200, 60, 30], [10, 200, 90], [30, 20, 240], [128, 128, 128]] {
            let raster = Raster { width: 2, height: 2, rgb: pixel.repeat(4), gray: false };
            let planes = Planes::from_rgb(&raster);
            let Some([blue, red]) = &planes.chroma else { unreachable!("a colour picture has chroma") };
            let back = rgb_of(planes.luma.pixels[0], blue.pixels[0], red.pixels[0]);
            assert!(back.iter().zip(pixel).all(|(got, sent)| got.abs_diff(sent) <= 1), "{back:?} for {pixel:?}");
        }
    }

    #[test]
    fn odd_sizes_have_chroma_for_their_last_column_and_row() {
        let raster = Raster { width: 3, height: 3, rgb: [250, 10, 10].repeat(9), gray: false };
        let planes = Planes::from_rgb(&raster);
        let [blue, red] = planes.chroma.as_ref().map(|[blue, red]| [blue, red]).unwrap_or([&planes.luma; 2]);
        assert_eq!((blue.width, blue.height, red.width, red.height), (2, 2, 2, 2));
        assert!(red.pixels.iter().all(|&value| value == red.pixels[0]));
    }

    #[test]
    fn padding_repeats_the_edge() {
        let plane = Plane::padded(vec![1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9, 9], 4, (1.5, 2.0));
        assert_eq!(plane.pixels, [1, 2, 2, 2, 3, 4, 4, 4, 3, 4, 4, 4]);
    }
}
