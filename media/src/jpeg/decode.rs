//! From entropy-coded data to planes.

use std::rc::Rc;

use super::{
    bits::{Bits, Data},
    idct::{Inverse, LANES, ROOM, Strip},
    lookup::{AcTable, DcTable},
    marker::{self, Component, NATURAL, Picture},
    reader::Reader,
};
use crate::plane::{Plane, Planes};

/// How much larger than wanted a plane must be at least, so that what is lost in the transform does not show after it
/// has been scaled. With 1.8 the SSIM of four photos' largest rendition was 0.0001 to 0.0015 higher, at up to a fifth more
/// CPU time; with less than this, pictures become visibly soft (`docs/decisions/0010`).
const OVERSAMPLING: f64 = 1.3;

/// Decodes a picture, whose inspected size in pixels is `size`, to planes that are as small as serves a rendition of
/// `wanted` pixels (width, height, with chroma at half of both), each an eighth, two eighths … or all of its stored size.
///
/// `None` for what is not read here, for a file that declares another size than the one the limits were checked on, and
/// for every file with an error before its end.
pub(crate) fn decode(bytes: &[u8], size: (u32, u32), wanted: (u32, u32)) -> Option<Planes> {
    let picture = marker::read(bytes).filter(|picture| (picture.width, picture.height) == size)?;
    let mut scan = Scan::new(&picture, wanted)?;
    scan.run()?;
    scan.into_planes()
}

/// The transform, of strips in the one or the other way.
trait Transform: Fn(&Inverse, &mut Strip, &mut [u8], usize) {}
impl<F: Fn(&Inverse, &mut Strip, &mut [u8], usize)> Transform for F {}

/// One component on its way from data to plane.
struct Channel {
    sampling: (u32, u32),
    dc: Rc<DcTable>,
    ac: Rc<AcTable>,
    /// Coefficients up to the last one that is needed, in the order of a scan.
    needed: usize,
    inverse: Inverse,
    /// Stored width and height in pixels, before scaling.
    size: (f64, f64),
    /// Bytes of a row: whole MCUs.
    stride: usize,
    pixels: Vec<u8>,
    last_dc: i32,
    /// A strip for each row of blocks in an MCU.
    strips: Vec<Strip>,
    /// The column of blocks that is first in the strips, and how many columns are in them.
    first: usize,
    filled: usize,
}

struct Scan<'a> {
    data: &'a [u8],
    channels: Vec<Channel>,
    /// MCUs across and down.
    units: (usize, usize),
    restart_interval: u32,
}

impl Channel {
    fn new(
        component: &Component,
        picture: &Picture<'_>,
        most: (u32, u32),
        units: (usize, usize),
        chroma: bool,
        wanted: (u32, u32),
        (dc, ac): (Rc<DcTable>, Rc<AcTable>),
    ) -> Channel {
        let share = |side: u32, factor: u32, most: u32| f64::from(side) * f64::from(factor) / f64::from(most);
        let size =
            (share(picture.width, component.sampling.0, most.0), share(picture.height, component.sampling.1, most.1));
        let halves = if chroma { 2.0 } else { 1.0 };
        let least = |have: f64, want: u32| (8.0 * OVERSAMPLING * f64::from(want) / halves / have).ceil();
        let side = least(size.0, wanted.0).max(least(size.1, wanted.1)).clamp(1.0, 8.0) as usize;
        let blocks = (units.0 * component.sampling.0 as usize, units.1 * component.sampling.1 as usize);
        let strip = LANES / component.sampling.0 as usize * component.sampling.0 as usize;
        // Strips are written whole, the last one perhaps beyond the picture.
        let (stride, rows) = (((blocks.0 - 1) / strip * strip + LANES) * side, blocks.1 * side);
        let is_needed = |place: u8| usize::from(place % 8) < side && usize::from(place / 8) < side;
        let mut steps = [0; 64];
        for (place, step) in NATURAL.iter().zip(component.steps) {
            steps[usize::from(*place)] = step;
        }
        let needed = NATURAL.iter().rposition(|&place| is_needed(place)).map_or(1, |last| last + 1);
        Channel {
            sampling: component.sampling,
            dc,
            ac,
            needed,
            inverse: Inverse::new(side, &steps),
            size,
            stride,
            pixels: vec![0; stride * rows],
            last_dc: 0,
            strips: vec![[0; ROOM + LANES]; component.sampling.1 as usize],
            first: 0,
            filled: 0,
        }
    }

    /// Decodes this component's blocks of the next MCU.
    #[inline(always)]
    fn unit(&mut self, data: &mut Data<'_>, bits: &mut Bits) -> Option<()> {
        let mut last_dc = self.last_dc;
        let reader = Reader { dc: &self.dc, ac: &self.ac, needed: self.needed };
        let columns = self.sampling.0 as usize;
        for strip in &mut self.strips {
            for lane in self.filled..self.filled + columns {
                let block = strip.get_mut(lane..)?.first_chunk_mut::<ROOM>()?;
                data.ready(bits)?;
                reader.block(data, bits, block, &mut last_dc)?;
            }
        }
        self.last_dc = last_dc;
        self.filled += columns;
        Some(())
    }

    /// Writes the pixels of the blocks in the strips, which are in this row of MCUs, if no other would fit or it `is_last`.
    #[inline(always)]
    fn write(&mut self, transform: &impl Transform, row: usize, is_last: bool) -> Option<()> {
        if self.filled + self.sampling.0 as usize <= LANES && !is_last {
            return Some(());
        }
        let side = self.inverse.side();
        let above = row * self.strips.len();
        for (y, strip) in self.strips.iter_mut().enumerate() {
            let at = (above + y) * side * self.stride + self.first * side;
            transform(&self.inverse, strip, self.pixels.get_mut(at..)?, self.stride);
        }
        self.first = if is_last { 0 } else { self.first + self.filled };
        self.filled = 0;
        Some(())
    }
}

impl<'a> Scan<'a> {
    fn new(picture: &Picture<'a>, wanted: (u32, u32)) -> Option<Scan<'a>> {
        let most = picture
            .components
            .iter()
            .fold((1, 1), |most, component| (most.0.max(component.sampling.0), most.1.max(component.sampling.1)));
        let units = (picture.width.div_ceil(8 * most.0) as usize, picture.height.div_ceil(8 * most.1) as usize);
        let mut channels: Vec<Channel> = Vec::with_capacity(picture.components.len());
        for (index, component) in picture.components.iter().enumerate() {
            // Tables are large: two that are the same would drive each other out of the processor's cache.
            let earlier = || picture.components.iter().zip(&channels);
            let dc = match earlier().find(|(earlier, _)| earlier.dc == component.dc) {
                Some((_, channel)) => Rc::clone(&channel.dc),
                None => Rc::new(DcTable::new(&component.dc)?),
            };
            let ac = match earlier().find(|(earlier, _)| earlier.ac == component.ac) {
                Some((_, channel)) => Rc::clone(&channel.ac),
                None => Rc::new(AcTable::new(&component.ac)?),
            };
            channels.push(Channel::new(component, picture, most, units, index > 0, wanted, (dc, ac)));
        }
        Some(Scan { data: picture.data, channels, units, restart_interval: picture.restart_interval })
    }

    fn run(&mut self) -> Option<()> {
        #[cfg(target_arch = "x86_64")]
        if crate::jpeg::wide::is_supported() {
            #[expect(unsafe_code, reason = "functions for certain processors can't be called otherwise")]
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.run_wide() };
        }
        self.run_with(&Inverse::run)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt")]
    fn run_wide(&mut self) -> Option<()> {
        self.run_with(&|inverse: &Inverse, strip: &mut Strip, pixels: &mut [u8], stride| {
            inverse.run_wide(strip, pixels, stride);
        })
    }

    #[inline(always)]
    fn run_with(&mut self, transform: &impl Transform) -> Option<()> {
        let (mut data, mut bits) = Data::new(self.data);
        let mut left = self.restart_interval;
        let mut restarts = 0u8;
        for row in 0..self.units.1 {
            for column in 0..self.units.0 {
                if self.restart_interval > 0 {
                    if left == 0 {
                        if !data.restart(&mut bits, restarts) {
                            return None;
                        }
                        restarts = (restarts + 1) & 7;
                        left = self.restart_interval;
                        for channel in &mut self.channels {
                            channel.last_dc = 0;
                        }
                    }
                    left -= 1;
                }
                for channel in &mut self.channels {
                    channel.unit(&mut data, &mut bits)?;
                    channel.write(transform, row, column + 1 == self.units.0)?;
                }
            }
        }
        data.is_at_end(&mut bits).then_some(())
    }

    fn into_planes(self) -> Option<Planes> {
        let mut planes = self.channels.into_iter().map(|channel| {
            let scaled = |side: f64| side * channel.inverse.side() as f64 / 8.0;
            Plane::padded(channel.pixels, channel.stride, (scaled(channel.size.0), scaled(channel.size.1)))
        });
        let luma = planes.next()?;
        let chroma = match (planes.next(), planes.next()) {
            (Some(blue), Some(red)) => Some([blue, red]),
            _ => None,
        };
        Some(Planes { luma, chroma })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

    use super::*;

    const SIZE: (u32, u32) = (203, 117);

    /// Another encoder's file.
    fn file(sampling: SamplingFactor, restart: Option<u16>) -> Vec<u8> {
        let pixel = |x: f32, y: f32| [128.0 + 90.0 * (x / 17.0).sin(), 128.0 + 90.0 * (y / 23.0).cos(), x + y / 2.0];
        let places = (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (x as f32, y as f32)));
        let rgb: Vec<u8> = places.flat_map(|(x, y)| pixel(x, y).map(|value| value as u8)).collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(sampling);
        if let Some(interval) = restart {
            encoder.set_restart_interval(interval);
        }
        encoder.encode(&rgb, SIZE.0 as u16, SIZE.1 as u16, ColorType::Rgb).unwrap();
        bytes
    }

    /// Luma by another decoder.
    fn luma(bytes: &[u8]) -> Vec<u8> {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
        zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode().unwrap()
    }

    #[test]
    fn samplings_are_read_as_another_decoder_reads_them() {
        use SamplingFactor as S;
        for sampling in [S::R_4_4_4, S::R_4_2_2, S::R_4_4_0, S::R_4_2_0] {
            for restart in [None, Some(1), Some(5)] {
                let bytes = file(sampling, restart);
                let planes = decode(&bytes, SIZE, SIZE).unwrap();
                assert_eq!(planes.luma.extent, (f64::from(SIZE.0), f64::from(SIZE.1)));
                assert!(planes.chroma.is_some());
                let rows = planes.luma.pixels.chunks(planes.luma.width as usize);
                for (ours, theirs) in rows.zip(luma(&bytes).chunks(SIZE.0 as usize)) {
                    assert!(ours.iter().zip(theirs).all(|(ours, theirs)| ours.abs_diff(*theirs) <= 2), "{sampling:?}");
                }
            }
        }
    }

    #[test]
    fn planes_are_as_small_as_what_is_wanted_allows() {
        let bytes = file(SamplingFactor::R_4_2_0, None);
        let half = decode(&bytes, SIZE, (SIZE.0 / 3, SIZE.1 / 3)).unwrap();
        assert_eq!(half.luma.extent, (f64::from(SIZE.0) / 2.0, f64::from(SIZE.1) / 2.0));
        // The picture is smooth: each pixel is close to the mean of the four in its place.
        let full = luma(&bytes);
        for y in 0..SIZE.1 as usize / 2 {
            for x in 0..SIZE.0 as usize / 2 {
                let at = |x: usize, y: usize| u32::from(full[y * SIZE.0 as usize + x]);
                let mean =
                    (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)) / 4;
                let ours = u32::from(half.luma.pixels[y * half.luma.width as usize + x]);
                assert!(ours.abs_diff(mean) <= 6, "{ours} for {mean} at {x}, {y}");
            }
        }
    }

    #[test]
    fn another_size_than_the_inspected_one_and_every_cut_are_refused() {
        let bytes = file(SamplingFactor::R_4_2_0, Some(5));
        assert!(decode(&bytes, (SIZE.0 - 1, SIZE.1), SIZE).is_none());
        for length in (0..bytes.len() - 2).step_by(7) {
            assert!(decode(&bytes[..length], SIZE, SIZE).is_none(), "{length} of {} bytes", bytes.len());
        }
    }
}
