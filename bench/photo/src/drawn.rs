//! A photograph made of numbers, for machines without real ones.

use crate::picture::Picture;

/// Cells of the noise in pixels, with its strength at each: a photograph's detail falls off with its fineness.
const OCTAVES: [(u32, f32); 7] = [(1100, 70.0), (420, 48.0), (160, 34.0), (61, 24.0), (23, 17.0), (9, 12.0), (3, 9.0)];

/// The grain of a sensor, peak to peak.
const GRAIN: f32 = 8.0;

/// Shapes with hard edges, shades, texture and grain; the same pixels every time.
pub(crate) fn photograph(width: usize, height: usize) -> Picture {
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height as u32 {
        for x in 0..width as u32 {
            let mut value = 0.0;
            for (cell, strength) in OCTAVES {
                value += strength * smooth(x, y, cell);
            }
            // Where a slow noise crosses a level there is an outline, as between things and their background.
            let thing = smooth(x, y, 700) + 0.3 * smooth(x, y, 130);
            let shade = if thing > 0.06 { 46.0 } else { -22.0 };
            let colour = if thing > 0.06 { 38.0 * smooth(x, y, 350) } else { 26.0 * smooth(x, y, 900) - 14.0 };
            let light = 118.0 + shade + value + GRAIN * random(x, y, 1);
            for tint in [colour, 0.2 * colour, -colour] {
                pixels.push((light + tint).clamp(0.0, 255.0) as u8);
            }
        }
    }
    Picture { width, height, pixels }
}

/// Value noise with a lattice of `cell` pixels, −0.5 to 0.5.
fn smooth(x: u32, y: u32, cell: u32) -> f32 {
    let (left, top) = (x / cell, y / cell);
    let ease = |at: u32| {
        let part = (at % cell) as f32 / cell as f32;
        part * part * (3.0 - 2.0 * part)
    };
    let (across, down) = (ease(x), ease(y));
    let mix = |a: f32, b: f32, part: f32| a + (b - a) * part;
    let upper = mix(random(left, top, cell), random(left + 1, top, cell), across);
    let lower = mix(random(left, top + 1, cell), random(left + 1, top + 1, cell), across);
    mix(upper, lower, down)
}

/// −0.5 to 0.5, the same for the same arguments.
fn random(x: u32, y: u32, seed: u32) -> f32 {
    let mut bits = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits ^ (bits >> 15)) as f32 / u32::MAX as f32 - 0.5
}
