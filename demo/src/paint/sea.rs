//! The open sea with the sun on it.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale, shine};
use super::curve::smooth;
use super::noise::Noise;
use super::sky::{Light, birds, clouds, sky, sun};
use crate::random::Random;

/// Sky from the top to the horizon, light, sea from the horizon to the viewer.
type Weather = (&'static [u32], u32, &'static [u32]);

const WEATHER: &[Weather] = &[
    (&[0x2b3f7a, 0x8866a0, 0xe98a8a, 0xfdb878, 0xffe0a0], 0xffe2a6, &[0xf0a98a, 0x7d6f9c, 0x34406f, 0x1b2548]),
    (&[0x2c7fc4, 0x6cb2e0, 0xb4dcee, 0xe8f5f4], 0xfffbe8, &[0xa9dde0, 0x3aa0bf, 0x12719f, 0x0c4a7c]),
    (&[0x12294a, 0x2d5480, 0x7790a8, 0xd9b8a0, 0xf8d3a2], 0xffd9a0, &[0xd0b09c, 0x5d7f96, 0x234763, 0x0e2740]),
    (&[0x98aab4, 0xbcc8cc, 0xdde2df, 0xf3efe6], 0xfffaf0, &[0xd8dedb, 0x8fa9ae, 0x55777f, 0x2d4d58]),
    (&[0x1a1440, 0x5b2a6e, 0xc8446e, 0xfb7f5c, 0xffc66e], 0xffd27e, &[0xf08a66, 0x8e3f6c, 0x3a2358, 0x160f34]),
    (&[0x8fd0e2, 0xbfe6ea, 0xf7e6d2, 0xffd9c0], 0xfff0dc, &[0xf6d6c8, 0x8ccfd2, 0x46a7b8, 0x237f9a]),
];

/// The sea with a low sun, sometimes an island, rocks or a sail.
pub(super) fn sea(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let &(air, light, deep) = random.pick(WEATHER);
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let horizon = h * random.between(0.44, 0.6);
    let light = Light {
        place: [w * random.between(0.25, 0.75), horizon - random.between(20.0, 190.0) * s],
        colour: hex(light),
        radius: random.between(28.0, 48.0) * s,
    };
    let haze = hex(air[air.len() - 1]);
    sky(canvas, &Gradient::new(air), horizon);
    let cloud = [mix(light.colour, hex(air[air.len() - 2]), 0.3), mix(hex(air[1]), hex(air[2]), 0.5)];
    clouds(canvas, noise.layer(3), horizon, random.between(0.3, 0.7), light, cloud);
    sun(canvas, light, 1.0);
    if random.chance(0.6) {
        islands(canvas, random, noise.layer(8), horizon, mix(hex(deep[2]), haze, 0.45));
    }
    waves(canvas, noise.layer(20), horizon, &Gradient::new(deep), light);
    if random.chance(0.6) {
        let place = [w * random.between(0.15, 0.85), horizon + random.between(14.0, 60.0) * s];
        sail(
            canvas,
            place,
            random.between(60.0, 150.0) * s,
            scale(hex(deep[3]), 0.8),
            mix(light.colour, [1.0; 3], 0.3),
        );
    }
    let flock = [w * random.between(0.2, 0.8), horizon * random.between(0.25, 0.6)];
    birds(canvas, random, flock, scale(hex(deep[3]), 0.9));
    if random.chance(0.45) {
        rocks(canvas, random, noise.layer(30), scale(hex(deep[3]), 0.55));
    }
}

fn islands(canvas: &mut Canvas, random: &mut Random, noise: Noise, horizon: f32, colour: Rgb) {
    let (w, s) = (canvas.w, canvas.s);
    for layer in 0..2 {
        let (centre, spread) = (random.between(-0.1, 1.1), random.between(0.18, 0.4));
        let tall = random.between(50.0, 150.0) * s;
        let line: Vec<f32> = (0..canvas.columns)
            .map(|column| {
                let x = column as f32 / w;
                let dome = (1.0 - ((x - centre) / spread).powi(2)).max(0.0);
                horizon + 1.0 - dome * tall * (0.75 + 0.35 * noise.layer(layer).hills(x * 6.0, 5, 0.5))
            })
            .collect();
        let body = scale(colour, 1.0 - 0.16 * layer as f32);
        canvas.below(&line, |_, y, _| mix(body, colour, smooth(horizon - tall, horizon, y) * 0.7));
    }
}

/// Waves in perspective with the light's path on them.
fn waves(canvas: &mut Canvas, noise: Noise, horizon: f32, colours: &Gradient, light: Light) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let fine = noise.layer(2);
    let row = |y: f32| {
        let near = (y - horizon) / (h - horizon);
        ([0.0, w], (near, 1.0 / (near + 0.035), near.max(0.0).powf(0.72)))
    };
    canvas.spans([horizon, h], row, |x, y, &(near, far, tone), pixel| {
        let across = (x - w / 2.0) / w * far.min(16.0);
        let swell = noise.at(across * 2.6, far * 3.2);
        let chop = fine.at(across * 9.0 + swell, far * 8.0 + x * 0.0021 / s);
        let mut slope = swell * 0.5 + chop * 0.5;
        if near > 0.3 {
            // Near the viewer, where perspective has blown the swell up, the wind's own small ripples show.
            let ripple = fine.at(across * 31.0 + chop * 1.5, far * 34.0 + x * 0.004 / s);
            slope += ripple * 0.42 * (near - 0.3);
        }
        let mut colour = colours.at(tone + slope * (0.10 + 0.16 * near));
        let path = (x - light.place[0]) / (w * (0.035 + 0.26 * near));
        let gleam =
            smooth(-0.25 + 0.5 * near, 0.75, slope + 0.22) / (1.0 + path * path * path * path * 0.9 + path * path);
        shine(&mut colour, light.colour, gleam * (1.0 - 0.35 * near));
        shine(&mut colour, [1.0; 3], smooth(0.55, 0.85, slope) * near * 0.35);
        cover(pixel, colour, smooth(-1.0, 2.0, y - horizon));
    });
    canvas.haze(horizon + 40.0 * s, horizon - 1.0, colours.at(0.0), 0.6);
}

fn sail(canvas: &mut Canvas, [x, y]: [f32; 2], size: f32, hull: Rgb, cloth: Rgb) {
    let at = |dx: f32, up: f32| [x + dx * size, y - up * size];
    canvas.polygon(&[at(-0.3, -0.02), at(0.34, -0.02), at(0.26, -0.34), at(-0.2, -0.34)], |_, py| {
        (hull, 0.28 * smooth(0.34, 0.0, (py - y) / size))
    });
    canvas.plane(&[at(0.02, 0.12), at(0.02, 1.0), at(0.36, 0.12)], cloth);
    canvas.plane(&[at(-0.02, 0.14), at(-0.02, 0.92), at(-0.26, 0.14)], scale(cloth, 0.86));
    canvas.stroke(at(0.0, 1.04), at(0.0, 0.06), [size * 0.018 + 0.5; 2], hull, 1.0);
    canvas.plane(&[at(-0.36, 0.08), at(0.42, 0.08), at(0.28, -0.04), at(-0.26, -0.04)], hull);
}

fn rocks(canvas: &mut Canvas, random: &mut Random, noise: Noise, colour: Rgb) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let left = random.chance(0.5);
    let line: Vec<f32> = (0..canvas.columns)
        .map(|column| {
            let x = column as f32 / w;
            let x = if left { x } else { 1.0 - x };
            let rise = smooth(0.62, 0.0, x) * 0.17 + 0.012;
            h - h * rise * (0.85 + 0.55 * noise.hills(x * 5.0, 5, 0.55))
        })
        .collect();
    canvas.below(&line, |x, y, depth| {
        let grain = noise.at(x / s * 0.02 + y / s * 0.01, y / s * 0.05);
        let rim = smooth(10.0 * s, 0.0, depth) * 0.35;
        scale(mix(colour, [0.9, 0.75, 0.6], rim * 0.4), 1.0 + 0.4 * grain + rim)
    });
}
