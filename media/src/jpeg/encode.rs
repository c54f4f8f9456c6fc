//! From planes to a JPEG: one scan, 4:2:0 or grey, with the shortest codes for this picture.

use super::{
    fdct::{Forward, Quantised},
    marker::NATURAL,
    quality::Quality,
    scan::{Channel, write},
};
use crate::plane::{Plane, Planes};

/// Encodes a picture (each side at most 65,535, chroma half of luma, rounded up) at a quality.
///
/// The file holds SOI, JFIF's APP0, tables, one scan and EOI: nothing but the picture. Sides beyond the limit are cut.
pub(crate) fn encode(planes: &Planes, quality: Quality) -> Vec<u8> {
    let [luma, chroma] = quality.steps();
    let factor = if planes.chroma.is_some() { 2 } else { 1 };
    let (width, height) = planes.size();
    let units = (width.div_ceil(8 * factor), height.div_ceil(8 * factor));
    let mut channels = vec![channel(&planes.luma, &luma, factor, units)];
    for plane in planes.chroma.iter().flatten() {
        channels.push(channel(plane, &chroma, 1, units));
    }
    write(width, height, units, &channels)
}

/// Transforms and quantises a plane, in blocks row by row, as many as `factor` × `factor` a unit need.
fn channel(plane: &Plane, steps: &[u16; 64], factor: u32, units: (u32, u32)) -> Channel {
    let blocks = (units.0 * factor, units.1 * factor);
    let forward = Forward::new(steps);
    Channel {
        factor,
        steps: NATURAL.map(|place| steps[usize::from(place)]),
        blocks: transform(plane, &forward, blocks),
        blocks_across: blocks.0,
    }
}

fn transform(plane: &Plane, forward: &Forward, blocks: (u32, u32)) -> Vec<Quantised> {
    #[cfg(target_arch = "x86_64")]
    if crate::jpeg::wide::is_supported() {
        #[expect(unsafe_code, reason = "functions for certain processors can't be called otherwise")]
        // SAFETY: the processor has what the function is compiled for.
        return each_block(plane, blocks, |samples| unsafe { forward.run_wide(samples) });
    }
    each_block(plane, blocks, |samples| forward.run(samples))
}

fn each_block(plane: &Plane, blocks: (u32, u32), run: impl Fn(&[[u8; 8]; 8]) -> Quantised) -> Vec<Quantised> {
    let (width, height) = (plane.width as usize, plane.height as usize);
    let mut transformed = Vec::with_capacity(blocks.0 as usize * blocks.1 as usize);
    let mut samples = [[0u8; 8]; 8];
    for row in 0..blocks.1 as usize {
        for column in 0..blocks.0 as usize {
            for (y, samples) in samples.iter_mut().enumerate() {
                // Beyond the edges their last pixels go on.
                let line = &plane.pixels[(row * 8 + y).min(height - 1) * width..][..width];
                if let Some(eight) = line.get(column * 8..column * 8 + 8) {
                    samples.copy_from_slice(eight);
                } else {
                    *samples = std::array::from_fn(|x| line[(column * 8 + x).min(width - 1)]);
                }
            }
            transformed.push(run(&samples));
        }
    }
    transformed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::decode;

    fn even(quality: u8) -> Quality {
        Quality { luma: quality, chroma: quality, small: false }
    }

    fn drawn(width: u32, height: u32) -> Planes {
        let plane = |width: u32, height: u32, shift: f32| {
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32, y as f32)));
            let pixels = pixels.map(|(x, y)| (128.0 + 100.0 * (x / 9.0 + shift).sin() * (y / 7.0).cos()) as u8);
            Plane::new(width, height, pixels.collect())
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma = [plane(half_width, half_height, 1.0), plane(half_width, half_height, 2.0)];
        Planes { luma: plane(width, height, 0.0), chroma: Some(chroma) }
    }

    fn largest_difference(left: &Plane, right: &Plane) -> u8 {
        let rows = left.pixels.chunks(left.width as usize).zip(right.pixels.chunks(right.width as usize));
        rows.flat_map(|(left, right)| left.iter().zip(right))
            .map(|(left, right)| left.abs_diff(*right))
            .max()
            .unwrap_or(255)
    }

    #[test]
    fn what_is_encoded_is_decoded_at_every_odd_size() {
        for (width, height) in [(1, 1), (7, 9), (8, 8), (16, 16), (17, 15), (100, 33), (33, 100)] {
            for gray in [false, true] {
                let mut picture = drawn(width, height);
                picture.chroma.take_if(|_| gray);
                let decoded = decode(&encode(&picture, even(95)), (width, height), (width, height))
                    .expect("a JPEG that can be read");
                assert_eq!(decoded.luma.extent, (f64::from(width), f64::from(height)));
                assert_eq!(decoded.chroma.is_none(), gray);
                assert!(largest_difference(&picture.luma, &decoded.luma) <= 12, "{width} × {height}");
                for (sent, got) in picture.chroma.iter().flatten().zip(decoded.chroma.iter().flatten()) {
                    assert!(largest_difference(sent, got) <= 24, "{width} × {height}");
                }
            }
        }
    }

    #[test]
    fn lower_quality_takes_fewer_bytes() {
        let picture = drawn(200, 150);
        let sizes = [95, 80, 60, 30].map(|quality| encode(&picture, even(quality)).len());
        assert!(sizes.is_sorted_by(|left, right| left > right), "{sizes:?}");
    }
}
