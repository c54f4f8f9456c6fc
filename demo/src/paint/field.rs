//! Fields in rows to the horizon.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix, scale, shine};
use super::curve::{floor, smooth};
use super::night::oak;
use super::noise::Noise;
use super::sky::{Light, clouds, sky, sun};
use crate::random::Random;

/// Rows of lavender, tulips, wheat or tea that run to a low sun, with a lone tree.
pub(super) fn fields(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (bloom, leaf, soil) = *random.pick::<(&[u32], u32, u32)>(&[
        (&[0x8c6bd1, 0x6d4bb0, 0xb497e6], 0x4d5a38, 0x5a4636),
        (&[0xe4574a, 0xf2c14e, 0xe884a6, 0xf4efe6, 0x8d5bb0], 0x4f7d3a, 0x4a5a34),
        (&[0xe6bf62, 0xd3a444, 0xf2d68a], 0xa8843c, 0x7d5f2e),
        (&[0x5f9a45, 0x4a8038, 0x86b85c], 0x2f5f2c, 0x4a4a2c),
        (&[0xf2c42e, 0xe0a51f, 0xf7d960], 0x4f7a32, 0x4b5a2c),
    ]);
    let (air, light) = *random.pick::<(&[u32], u32)>(&[
        (&[0x3d5a9a, 0x9a86b8, 0xf0a894, 0xffd9a0], 0xffe6b0),
        (&[0x3a88cc, 0x86bde6, 0xcfe6f2, 0xf4f4ea], 0xffffff),
        (&[0x6a86b0, 0xb4bccc, 0xf4d6b0, 0xffe8bc], 0xfff0c8),
    ]);
    let horizon = h * random.between(0.36, 0.48);
    let vanish = [w * random.between(0.35, 0.65), horizon - 20.0 * s];
    let light =
        Light { place: [vanish[0], horizon - random.between(40.0, 200.0) * s], colour: hex(light), radius: 36.0 * s };
    let haze = hex(air[air.len() - 1]);
    sky(canvas, &Gradient::new(air), horizon);
    clouds(
        canvas,
        noise.layer(9),
        horizon,
        random.between(0.25, 0.55),
        light,
        [light.colour, mix(haze, hex(air[1]), 0.7)],
    );
    sun(canvas, light, 0.9);
    for layer in 0..2 {
        let hills = noise.layer(layer + 4);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| horizon - (14.0 - 9.0 * layer as f32) * s - hills.hills(x as f32 / w * 2.5, 5, 0.45) * 26.0 * s)
            .collect();
        let body = mix(mix(hex(leaf), hex(air[0]), 0.35), haze, 0.55 - 0.25 * layer as f32);
        canvas.below(&line, |_, _, depth| mix(body, haze, smooth(0.0, 60.0 * s, depth) * 0.4));
    }
    let tree = w * if random.chance(0.5) { random.between(0.16, 0.34) } else { random.between(0.66, 0.84) };
    if random.chance(0.75) {
        let colour = mix(scale(hex(leaf), 0.42), haze, 0.12);
        let tall = random.between(150.0, 240.0) * s;
        oak(canvas, random, [tree, horizon + 6.0 * s], tall, colour);
    }
    let blooms: Vec<Rgb> = bloom.iter().map(|&code| hex(code)).collect();
    let many = blooms.len() > 3;
    let (leaf, soil) = (hex(leaf), hex(soil));
    let row_width = random.between(0.10, 0.15) * w;
    let row = |y: f32| {
        let near = (y - horizon) / (h - horizon);
        ([0.0, w], (near, 1.0 / (near + 0.02), 0.72 * (-near * 7.0).exp()))
    };
    canvas.spans([horizon, h], row, |x, _, &(near, far, distance), pixel| {
        let across = (x - vanish[0]) / row_width / (near + 0.02 + 20.0 * s / (h - horizon));
        let wobble = noise.at(across * 0.4, far * 1.3) * 0.16;
        let lane = across + wobble;
        let row = floor(lane);
        let place = (lane - row - 0.5).abs() * 2.0;
        let tuft = noise.layer(2).at(lane * 7.0, far * 16.0);
        let speck = noise.layer(3).at(lane * 17.0, far * 42.0 + x * 0.02);
        let height = smooth(0.92 + tuft * 0.14, 0.58, place);
        let colour = if many {
            blooms[(row as i32).rem_euclid(blooms.len() as i32) as usize]
        } else {
            mix(blooms[0], if speck > 0.0 { blooms[2] } else { blooms[1] }, (speck.abs() * 1.5).min(1.0))
        };
        let shade = 0.66 + 0.34 * smooth(0.8, 0.1, place) + 0.28 * tuft + 0.2 * speck;
        let plant = scale(mix(leaf, colour, smooth(0.1, 0.75, height + speck * 0.25)), shade.max(0.25));
        let mut earth = mix(scale(soil, 0.72 + 0.25 * tuft), plant, height);
        shine(&mut earth, light.colour, 0.20 * smooth(0.5, 0.0, near) * height);
        *pixel = mix(earth, haze, distance);
    });
}
