//! Mountains: ranges in haze, a lake below some of them; balloons over hills; snow and pines.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix, scale};
use super::curve::smooth;
use super::noise::{Field, Noise};
use super::sky::{Light, birds, clouds, conifer, sky, sun, wanderer};
use crate::random::Random;

/// One hour of the day in the mountains.
pub(super) struct Hour {
    pub(super) sky: &'static [u32],
    pub(super) light: u32,
    pub(super) far: u32,
    pub(super) near: u32,
    pub(super) mist: u32,
}

/// Hours to choose from.
pub(super) const HOURS: &[Hour] = &[
    Hour {
        sky: &[0x2f4578, 0x7a75a8, 0xdc94a2, 0xf8bd94, 0xffe3b4],
        light: 0xfff0c4,
        far: 0xc08fa8,
        near: 0x1c2040,
        mist: 0xf6c9ac,
    },
    Hour {
        sky: &[0x4a7db5, 0x92b8d2, 0xe2d4b4, 0xf7d48e, 0xfff0c4],
        light: 0xffe9b0,
        far: 0xb9a98c,
        near: 0x23291f,
        mist: 0xf6dcae,
    },
    Hour {
        sky: &[0x0c1838, 0x1f3768, 0x4a68a4, 0x91a9d0, 0xe2cfcd],
        light: 0xe8ecff,
        far: 0x7590c0,
        near: 0x081022,
        mist: 0xa6b6d8,
    },
    Hour {
        sky: &[0x7fabb8, 0xabcacb, 0xd5e2d8, 0xf1efe0],
        light: 0xfffbe6,
        far: 0xa3c2be,
        near: 0x12302b,
        mist: 0xe8efe2,
    },
    Hour {
        sky: &[0x1f3a6e, 0x5b80b8, 0xafbddc, 0xf3c6ba, 0xfddcc6],
        light: 0xffe3cf,
        far: 0xe0a08c,
        near: 0x182242,
        mist: 0xd0bccb,
    },
    Hour {
        sky: &[0x2e79c0, 0x66a6da, 0xa9d0ea, 0xe3f0f5],
        light: 0xffffff,
        far: 0x8fb0cc,
        near: 0x1c3a2c,
        mist: 0xdcebf2,
    },
    Hour {
        sky: &[0x35245c, 0x8a3f78, 0xe3606c, 0xfb9a62, 0xffd48a],
        light: 0xffe09c,
        far: 0xb0587c,
        near: 0x1c1030,
        mist: 0xf4946c,
    },
];

/// Layered ranges from far and pale to near and dark.
pub(super) fn mountains(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let hour = random.pick(HOURS);
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let lake = random.chance(0.45);
    let shore = if lake { h * random.between(0.66, 0.74) } else { h };
    let horizon = h * random.between(0.5, 0.58);
    let light = Light {
        place: [w * random.between(0.2, 0.8), horizon * random.between(0.42, 0.74)],
        colour: hex(hour.light),
        radius: random.between(26.0, 44.0) * s,
    };
    sky(canvas, &Gradient::new(hour.sky), horizon);
    let mist = hex(hour.mist);
    if random.chance(0.75) {
        let lit = mix(hex(hour.light), mist, 0.35);
        clouds(
            canvas,
            noise.layer(40),
            horizon,
            random.between(0.25, 0.6),
            light,
            [lit, mix(mist, hex(hour.far), 0.45)],
        );
    }
    sun(canvas, light, 1.0);

    let layers = random.whole(4, 6);
    let peaks = random.between(0.16, 0.24);
    let mut ranges = Vec::new();
    for layer in 0..layers {
        let near = layer as f32 / (layers - 1) as f32;
        let base = if lake { horizon + (shore - horizon) * near * 0.9 } else { horizon + h * 0.40 * near };
        let amplitude = h * (peaks - (peaks - 0.035) * near.powf(0.6));
        let layer_noise = noise.layer(layer * 3 + 1);
        let frequency = 1.6 + 1.1 * near;
        let skyline: Vec<f32> = (0..canvas.columns)
            .map(|column| {
                let x = column as f32 / w;
                let crag = 1.0 - layer_noise.hills(x * frequency, 3, 0.45).abs() * 1.25;
                let rough = layer_noise.layer(7).hills(x * frequency * 7.0, 4, 0.55) * 0.085;
                base - amplitude * (crag + rough - 0.2)
            })
            .collect();
        ranges.push((near, amplitude, skyline));
    }
    for (layer, (near, amplitude, skyline)) in ranges.iter().enumerate() {
        let (near, layer_noise) = (*near, noise.layer(layer * 3 + 1));
        let body = mix(hex(hour.far), hex(hour.near), near.powf(1.15));
        let bottom = ranges.get(layer + 1).map_or(shore, |(_, _, next)| lowest(next));
        range(canvas, layer_noise, skyline, &Range { body, mist, light, near, amplitude: *amplitude, bottom });
        if layer + 1 == layers || (layer + 2 == layers && random.chance(0.6)) {
            forest_line(canvas, random, layer_noise, skyline, body, 26.0 + 50.0 * near);
        }
    }
    if lake {
        canvas.haze(shore - 50.0 * s, shore, mist, 0.35);
        canvas.reflect(shore, scale(mix(hex(hour.near), hex(hour.sky[1]), 0.5), 0.8), noise.layer(60), 1.4);
        foreground(canvas, random, noise.layer(70), hex(hour.near));
    } else if random.chance(0.4) {
        let place = [w * random.between(0.25, 0.75), horizon * 0.6];
        birds(canvas, random, place, mix(hex(hour.near), mist, 0.2));
    }
}

struct Range {
    body: Rgb,
    mist: Rgb,
    light: Light,
    near: f32,
    amplitude: f32,
    bottom: f32,
}

/// The lowest place of a skyline, in pixels from the top.
pub(super) fn lowest(skyline: &[f32]) -> f32 {
    skyline.iter().copied().fold(0.0, f32::max) + 2.0
}

/// One range: rock lit from the sun's side and snow while it is far, mist gathering at its foot.
fn range(canvas: &mut Canvas, noise: Noise, skyline: &[f32], range: &Range) {
    let &Range { body, mist, light, near, amplitude, bottom } = range;
    let w = canvas.w;
    let top = skyline.iter().copied().fold(canvas.h, f32::min).max(0.0);
    let relief = Field::band(canvas.columns, [top, bottom.min(canvas.h)], 4, |x, y| {
        let (u, v) = (x / w * 9.0 + 50.0, y / w * 5.0);
        let side = if x < light.place[0] { 0.05 } else { -0.05 };
        (noise.cloud(u + side + v * 0.5, v, 4) - noise.cloud(u - side + v * 0.5, v, 4)) * 3.4
    });
    let snow = (1.0 - near * 2.2).max(0.0);
    let (bright, dark) = (mix(body, light.colour, 0.5), scale(body, 0.82));
    canvas.between(skyline, bottom, |x, y, depth| {
        let lit = relief.at(x, y);
        let mut rock = if lit > 0.0 { mix(body, bright, lit.min(1.0)) } else { mix(body, dark, (-lit).min(1.0)) };
        let line = smooth(0.62, 0.1, depth / amplitude + lit * 0.35) * snow;
        rock = mix(rock, mix(light.colour, body, 0.32 - 0.3 * lit.clamp(-1.0, 1.0)), line * 0.75);
        mix(rock, mist, smooth(0.0, amplitude * 1.35, depth) * (0.78 - 0.45 * near))
    });
}

/// Conifers along a skyline.
fn forest_line(canvas: &mut Canvas, random: &mut Random, noise: Noise, skyline: &[f32], colour: Rgb, size: f32) {
    let s = canvas.s;
    let mut x = -10.0 * s;
    while x < canvas.w + 10.0 * s {
        let height = size * random.between(0.55, 1.25) * s;
        let ground = skyline[(x.max(0.0) as usize).min(skyline.len() - 1)];
        conifer(canvas, noise, [x, ground + height * 0.14], height, colour, 0.0);
        x += size * random.between(0.10, 0.42) * s;
    }
}

/// A dark bank with grasses, stones or a person at the lower edge.
fn foreground(canvas: &mut Canvas, random: &mut Random, noise: Noise, colour: Rgb) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let side = if random.chance(0.5) { 1.0 } else { -1.0 };
    let dark = scale(colour, 0.75);
    let bank: Vec<f32> = (0..canvas.columns)
        .map(|column| {
            let x = column as f32 / w;
            h * (0.945 - 0.05 * side * (x - 0.5)) - noise.hills(x * 4.0, 4, 0.5) * 16.0 * s
        })
        .collect();
    canvas.below(&bank, |x, y, depth| scale(dark, 0.8 + 0.35 * noise.at(x * 0.05 / s, y * 0.12 / s) - depth * 0.0003));
    for _ in 0..170 {
        let x = random.between(0.0, w - 1.0);
        let (root, tall) = (bank[x as usize] + 6.0 * s, random.between(12.0, 46.0) * s);
        let tip = [x + random.between(-14.0, 14.0) * s, root - tall];
        canvas.stroke([x, root], tip, [2.6 * s, 0.7 * s], scale(dark, random.between(0.8, 1.5)), 0.9);
    }
    if random.chance(0.5) {
        let x = w * (0.5 + 0.27 * side);
        let coat = hex(*random.pick(&[0xd8a03a, 0xb8412f, 0x3f6f8f, 0x4c5a3c]));
        wanderer(canvas, [x, bank[x as usize] + 4.0 * s], 88.0 * s, [coat, [0.08, 0.08, 0.1]]);
    }
}
