//! Dunes.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix, scale};
use super::curve::{fract, smooth, wave};
use super::mountain::lowest;
use super::noise::{Field, Noise};
use super::sky::{Light, birds, clouds, sky, sun, wanderer};
use crate::random::Random;

/// Dunes with sharp crests, one side in the sun, the other in shadow.
pub(super) fn desert(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (air, light, lit, dark) = *random.pick::<(&[u32], u32, u32, u32)>(&[
        (&[0x3f86c6, 0x8fbfe0, 0xdfe3dc, 0xf8e6c8], 0xfff6dc, 0xf0b878, 0x8a4a34),
        (&[0x3a3f7c, 0x9a6a9c, 0xf09a84, 0xffd09a], 0xffdca0, 0xf29a5c, 0x59284a),
        (&[0x6fb3c8, 0xb9d8d6, 0xf3ead2, 0xfbe9c6], 0xfffbe6, 0xf7d8a2, 0xb07c58),
        (&[0x141a3c, 0x3c3a72, 0x9a5a80, 0xf0946c], 0xffc890, 0xd8703c, 0x30163a),
        (&[0xd9a88c, 0xecc8a8, 0xf8e2c4], 0xfff4de, 0xe2a070, 0x8f5a48),
    ]);
    let horizon = h * random.between(0.42, 0.55);
    let side = if random.chance(0.5) { 1.0 } else { -1.0 };
    let light = Light {
        place: [w * (0.5 - side * random.between(0.2, 0.36)), horizon * random.between(0.45, 0.8)],
        colour: hex(light),
        radius: random.between(30.0, 50.0) * s,
    };
    let haze = hex(air[air.len() - 1]);
    sky(canvas, &Gradient::new(air), horizon);
    if random.chance(0.4) {
        clouds(canvas, noise.layer(30), horizon, 0.2, light, [light.colour, mix(haze, hex(air[0]), 0.3)]);
    }
    sun(canvas, light, 0.9);
    let (lit, dark) = (hex(lit), hex(dark));
    let layers = 5;
    let mut dunes = Vec::new();
    for layer in 0..layers {
        let near = layer as f32 / (layers - 1) as f32;
        let wind = noise.layer(layer * 2 + 1);
        let base = horizon + (h * 0.44) * near.powf(1.25);
        let tall = h * (0.035 + 0.115 * smooth(0.0, 0.7, near));
        let frequency = 2.2 - 1.35 * near;
        // Half a picture more on both sides, since crests are looked up beside the pixel.
        let crest: Vec<f32> =
            (0..canvas.columns * 2).map(|x| wind.line((x as f32 / w - 0.5) * frequency + 0.37) * 1.35).collect();
        let line: Vec<f32> = (0..canvas.columns)
            .map(|column| base - tall * (1.15 - crest[column + canvas.columns / 2].abs().powf(0.85) * 1.3))
            .collect();
        dunes.push((near, tall, crest, line));
    }
    for (layer, (near, tall, crest, line)) in dunes.iter().enumerate() {
        let (near, tall, wind) = (*near, *tall, noise.layer(layer * 2 + 1));
        let (ripple_size, distance) = ((5.0 + 9.0 * near) * s, (1.0 - near).powf(1.4) * 0.68);
        let top = line.iter().copied().fold(h, f32::min).max(0.0);
        let bottom = dunes.get(layer + 1).map_or(h, |(_, _, _, next)| lowest(next));
        let sway = Field::band(canvas.columns, [top, bottom.min(h)], 6, |x, y| {
            wind.layer(5).cloud(x / w * 3.0, y / w * 5.0, 3)
        });
        let snakes: Vec<f32> = (0..=canvas.rows)
            .map(|depth| depth as f32 / tall)
            .map(|down| 0.085 * side * (down * 0.8 + 0.5 * (down * 1.7).sin()))
            .collect();
        canvas.between(line, bottom, |x, y, depth| {
            let down = depth / tall;
            let bend = sway.at(x, y);
            // The crest runs on downhill as an S: where the noise changes sign, looked up further to the side.
            let snake = snakes[depth as usize] + bend * 0.05 * down.min(1.5);
            let place = (x + (0.5 + snake) * w).clamp(0.0, crest.len() as f32 - 2.0);
            let (left, part) = (place as usize, fract(place));
            let n = (crest[left] + (crest[left + 1] - crest[left]) * part) * side;
            let facing = smooth(-0.03 - 0.05 * down, 0.03 + 0.05 * down, n);
            let fold = (n.abs() * 1.2).min(1.0);
            let mut sand = mix(mix(dark, lit, 0.12 + 0.25 * fold), mix(lit, light.colour, 0.4 * (1.0 - fold)), facing);
            let ripple = wave((depth + bend * 90.0 * s + x * 0.12 * side) / ripple_size);
            sand = scale(sand, 1.0 + ripple * 0.035 * near * smooth(0.1, 0.9, down) + bend * 0.12);
            mix(sand, haze, distance + 0.1 * smooth(0.6, 2.0, down) * (1.0 - near))
        });
        if layer == 3 && random.chance(0.55) {
            caravan(canvas, random, line, scale(dark, 0.55), side);
        }
    }
    if random.chance(0.3) {
        birds(canvas, random, [w * 0.5, horizon * 0.4], scale(dark, 0.7));
    }
}

/// One to four people walking on a crest, with long shadows.
fn caravan(canvas: &mut Canvas, random: &mut Random, line: &[f32], dark: Rgb, side: f32) {
    let s = canvas.s;
    // The highest point is where one walks.
    let top =
        (0..line.len()).skip(line.len() / 6).take(line.len() * 2 / 3).min_by(|&a, &b| line[a].total_cmp(&line[b]));
    let start = top.unwrap_or(line.len() / 2) as f32;
    for step in 0..random.whole(1, 4) {
        let x = start + (step as f32 * 30.0 - 30.0 + random.between(-6.0, 6.0)) * s;
        let ground = line[(x.max(0.0) as usize).min(line.len() - 1)] + 2.0 * s;
        canvas.stroke([x, ground], [x + side * 70.0 * s, ground + 26.0 * s], [6.0 * s, 2.0 * s], dark, 0.35);
        let cloth = hex(*random.pick(&[0xf2efe6, 0x2f5f9a, 0xb5392f, 0xe0b040]));
        wanderer(canvas, [x, ground], random.between(38.0, 46.0) * s, [mix(cloth, dark, 0.25), dark]);
    }
}
