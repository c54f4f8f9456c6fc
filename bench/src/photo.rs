//! A photograph made of numbers: as many pixels and bytes, and as much detail in each block, as a phone's.

use anyhow::Context;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// 12 megapixels, 4:3.
const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;

/// With the noise below 2.6 MB.
const QUALITY: u8 = 88;

/// A JPEG of 4000 × 3000 pixels, 4:2:0, baseline, without metadata; the same bytes every time.
pub(crate) fn photograph() -> anyhow::Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        let light = y as f32 / HEIGHT as f32;
        for x in 0..WIDTH {
            // Large shapes, texture, and the sensor's grain.
            let shape = 70.0 * smooth(x, y, 640) + 34.0 * smooth(x, y, 96);
            let texture = 26.0 * smooth(x, y, 14) + 16.0 * smooth(x, y, 4);
            let grain = 16.0 * random(x, y, 1);
            let value = shape + texture + grain;
            let colour = 30.0 * smooth(x, y, 400);
            for base in [60.0 + 60.0 * light + colour, 80.0 + 30.0 * light, 130.0 - 50.0 * light - colour] {
                pixels.push((base + value).clamp(0.0, 255.0) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, ColorType::Rgb).context("the photograph was not encoded")?;
    Ok(bytes)
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
