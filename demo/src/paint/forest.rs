//! Forests: trunks in fog with light between them.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale, shine};
use super::curve::smooth;
use super::noise::{Field, Noise};
use super::sky::wanderer;
use crate::random::Random;

struct Season {
    /// Far light, then fog, from the top down.
    air: &'static [u32],
    trunk: u32,
    leaves: [u32; 3],
    floor: [u32; 2],
}

const SEASONS: &[Season] = &[
    Season {
        air: &[0xcfe0c4, 0xf3f3d6, 0xdfe6c4],
        trunk: 0x1d2a1e,
        leaves: [0x6d9a4a, 0x3f7040, 0xa9c566],
        floor: [0x6f8f4c, 0x22381f],
    },
    Season {
        air: &[0xf0cf94, 0xfff0c8, 0xf0cc8c],
        trunk: 0x2c1a12,
        leaves: [0xd9822b, 0xb8481f, 0xf0b93c],
        floor: [0xc9803a, 0x4a2512],
    },
    Season {
        air: &[0xa9c0c6, 0xe3ebea, 0xb9cbcc],
        trunk: 0x14242a,
        leaves: [0x4d7470, 0x2c5350, 0x7f9f94],
        floor: [0x6d8783, 0x1b3030],
    },
    Season {
        air: &[0xe9b9a2, 0xffe4c4, 0xe8b79c],
        trunk: 0x2b1c26,
        leaves: [0x8f5a52, 0x5c3b48, 0xd98a66],
        floor: [0xb0705c, 0x3a2230],
    },
    Season {
        air: &[0x9cc4b0, 0xe9f6dc, 0xa8cfa8],
        trunk: 0x0f2420,
        leaves: [0x2f8a5a, 0x176045, 0x86c56a],
        floor: [0x3f8a54, 0x0f3526],
    },
];

/// Five rows of trunks, each nearer and darker, with shafts of light.
pub(super) fn forest(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let season = random.pick(SEASONS);
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let air = Gradient::new(season.air);
    let fog = air.at(0.5);
    let light = [w * random.between(0.25, 0.75), h * random.between(0.22, 0.4)];
    canvas.wash(0.0, h, |y| air.at(y / h));
    canvas.glow(light, 300.0 * s, mix(fog, [1.0; 3], 0.6), 0.9);
    let path = w * random.between(0.4, 0.6);
    let rows = 6;
    for row in 0..rows {
        let near = row as f32 / (rows - 1) as f32;
        let colour = mix(fog, hex(season.trunk), 0.16 + 0.84 * near.powf(1.3));
        let ground_y = h * (0.66 + 0.27 * near * near);
        ground(
            canvas,
            noise.layer(row + 20),
            ground_y,
            near,
            path,
            [mix(fog, hex(season.floor[0]), 0.3 + 0.5 * near), mix(fog, hex(season.floor[1]), 0.15 + 0.8 * near)],
        );
        let count = (17.0 - 13.0 * near) as usize;
        let width = (7.0 + 88.0 * near.powf(1.9)) * s;
        for index in 0..count {
            let slot = (index as f32 + random.between(0.1, 0.9)) / count as f32;
            let x = w * (slot * 1.1 - 0.05);
            // The way through stays open, so that the light is seen.
            if (x - path).abs() < w * 0.12 * near + width {
                continue;
            }
            let root = ground_y + random.between(0.0, 0.05) * h * near;
            let girth = width * random.between(0.7, 1.25);
            trunk(canvas, random, noise.layer(row * 31 + index), [x, root], girth, colour);
        }
        if row < rows - 1 {
            canopy(canvas, noise.layer(row + 60), near, mix(fog, hex(season.leaves[row % 3]), 0.22 + 0.6 * near));
            let strength = 0.2 - 0.1 * near;
            canvas.shade([0.0, h * 0.3, w, h * 0.95], |_, y, pixel| {
                cover(pixel, fog, strength * smooth(h * 0.3, h * 0.64, y) * smooth(h * 0.95, h * 0.7, y));
            });
        }
        if row == 3 && random.chance(0.45) {
            let coat = hex(*random.pick(&[0xe0a526, 0xc8402f, 0x2f5d8a, 0xede3d0]));
            let feet = [path + random.between(-0.04, 0.04) * w, ground_y + 22.0 * s];
            wanderer(canvas, feet, 128.0 * s, [mix(coat, fog, 0.25), mix(hex(season.trunk), fog, 0.3)]);
        }
    }
    shafts(canvas, random, light, mix(fog, [1.0, 0.97, 0.85], 0.6));
    undergrowth(canvas, random, [hex(season.leaves[0]), hex(season.floor[1])]);
}

fn ground(canvas: &mut Canvas, noise: Noise, top: f32, near: f32, path: f32, [light, dark]: [Rgb; 2]) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let line: Vec<f32> =
        (0..canvas.columns).map(|x| top - noise.hills(x as f32 / w * 3.0, 4, 0.5) * h * 0.014 * (0.5 + near)).collect();
    let top = line.iter().copied().fold(h, f32::min);
    // The next row's ground begins a quarter of the picture lower at most.
    let bottom = (top + h * 0.25).min(h);
    let litter = Field::band(canvas.columns, [top, bottom], 3, |x, y| noise.cloud(x / s * 0.02, y / s * 0.07, 3));
    canvas.between(&line, bottom, |x, y, depth| {
        let trodden = smooth(0.22, 0.05, ((x - path) / w).abs() / (0.35 + depth / h * 2.2));
        let tone = 0.5 + litter.at(x, y) * 0.9 - depth / h * 1.1 + trodden * 0.35;
        mix(dark, light, tone.clamp(0.0, 1.0))
    });
}

/// A trunk with bark, a lean, roots and a few branches.
fn trunk(canvas: &mut Canvas, random: &mut Random, noise: Noise, [x, root]: [f32; 2], width: f32, colour: Rgb) {
    let (h, s) = (canvas.h, canvas.s);
    let lean = random.between(-0.05, 0.05);
    let middle = move |y: f32| x + lean * (root - y) + noise.line(y / h * 2.2) * width * 0.5;
    for _ in 0..random.whole(2, 5) {
        let from_y = root * random.between(0.02, 0.6);
        let side = if random.chance(0.5) { 1.0 } else { -1.0 };
        let from = [middle(from_y), from_y];
        let length = random.between(2.0, 5.5) * width.max(16.0 * s);
        let elbow = [from[0] + side * length * 0.5, from_y - length * random.between(0.05, 0.3)];
        let tip = [from[0] + side * length, elbow[1] - length * random.between(0.1, 0.4)];
        canvas.stroke(from, elbow, [width * 0.26, width * 0.14], colour, 1.0);
        canvas.stroke(elbow, tip, [width * 0.14, width * 0.03], colour, 1.0);
    }
    let bark = noise.layer(3);
    let row = |y: f32| {
        let up = (root - y) / root;
        let flare = 1.0 + 0.9 * (1.0 - (up * 14.0).min(1.0)).powi(2);
        let (middle, half) = (middle(y), width * 0.5 * (1.0 - 0.32 * up) * flare);
        ([middle - half - 1.0, middle + half + 1.0], (middle, half))
    };
    canvas.spans([0.0, root + 2.0], row, |px, py, &(middle, half), pixel| {
        let across = (px - middle) / half;
        let inside = ((1.0 - across.abs()) * half + 0.5).clamp(0.0, 1.0);
        if inside > 0.0 {
            let rough = if width > 14.0 * s { bark.at(px / width * 7.0, py / width * 1.1) * 0.3 } else { 0.0 };
            cover(pixel, scale(colour, 1.0 + rough - 0.16 * across), inside);
        }
    });
}

fn canopy(canvas: &mut Canvas, noise: Noise, near: f32, colour: Rgb) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let reach = h * (0.44 - 0.12 * near);
    let leaves = Field::band(canvas.columns, [0.0, reach * 1.4], 4, |x, y| {
        noise.cloud(x / s * (0.011 - 0.005 * near), y / s * (0.013 - 0.005 * near), 5)
    });
    canvas.shade([0.0, 0.0, w, reach * 1.4], |x, y, pixel| {
        let thick = leaves.at(x, y) + 0.34 - y / reach * 0.62;
        let alpha = smooth(0.06, 0.17, thick);
        if alpha > 0.0 {
            cover(pixel, scale(colour, 1.22 - thick.min(0.9) * 0.7), alpha * (0.55 + 0.35 * near));
        }
    });
}

fn shafts(canvas: &mut Canvas, random: &mut Random, from: [f32; 2], colour: Rgb) {
    let (w, h) = (canvas.w, canvas.h);
    let source = [from[0] + random.between(-0.3, 0.3) * w, -h * 0.25];
    for _ in 0..random.whole(4, 8) {
        let foot = from[0] + random.between(-0.75, 0.75) * w;
        let (start, end) = (random.between(3.0, 18.0) * w / 1080.0, random.between(22.0, 95.0) * w / 1080.0);
        let strength = random.between(0.06, 0.2);
        let row = |y: f32| {
            let down = (y - source[1]) / (h - source[1]);
            let (middle, half) = (source[0] + (foot - source[0]) * down, start + (end - start) * down);
            ([middle - half, middle + half], (middle, half, strength * smooth(h * 0.94, h * 0.4, y)))
        };
        canvas.spans([0.0, h * 0.94], row, |x, _, &(middle, half, strength), pixel| {
            let inside = 1.0 - ((x - middle) / half).abs();
            shine(pixel, colour, strength * smooth(0.0, 0.8, inside));
        });
    }
}

/// Ferns and grasses at the lower edge.
fn undergrowth(canvas: &mut Canvas, random: &mut Random, [light, dark]: [Rgb; 2]) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    for _ in 0..26 {
        let root = [random.between(-0.05, 1.05) * w, h * random.between(0.97, 1.06)];
        let colour = mix(dark, light, random.between(0.1, 0.6));
        for _ in 0..5 {
            let lean = random.between(-1.0, 1.0);
            let length = random.between(60.0, 150.0) * s;
            let mut from = root;
            for step in 0..10 {
                let along = step as f32 / 10.0;
                let to = [from[0] + lean * length * (0.04 + 0.16 * along), from[1] - length * (0.15 - 0.13 * along)];
                canvas.stroke(from, to, [3.0 * s * (1.0 - along) + 0.8; 2], colour, 1.0);
                let leaf = length * 0.2 * (1.0 - along) + 3.0 * s;
                for side in [-1.0, 1.0] {
                    let tip = [to[0] + side * leaf * 0.8, to[1] - leaf * 0.35 + lean * side * leaf * 0.3];
                    canvas.stroke(to, tip, [4.2 * s * (1.0 - along) + 1.0, 0.8], scale(colour, 1.0 + 0.1 * side), 1.0);
                }
                from = to;
            }
        }
    }
}
