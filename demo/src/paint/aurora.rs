//! Northern lights over a lake.

use super::canvas::Canvas;
use super::colour::{Gradient, cover, hex, mix, scale, shine};
use super::curve::smooth;
use super::noise::Noise;
use super::sky::{conifer, sky, stars};
use super::winter::cabin;
use crate::random::Random;

/// Curtains of northern lights over snowy hills and still water.
pub(super) fn aurora(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let shore = h * random.between(0.7, 0.78);
    let colours: [u32; 3] = *random.pick(&[
        [0x5dffa0, 0x22c8a8, 0x7a3fd0],
        [0x8dff7a, 0x2fd08a, 0x2f6fd8],
        [0x66ffc8, 0x5a8cff, 0xd64fc0],
        [0x9dffb0, 0x33d6c0, 0xe0508a],
    ]);
    sky(canvas, &Gradient::new(&[0x040818, 0x0a1c38, 0x10385a, 0x2a6a72]), shore);
    stars(canvas, random, (w * h / 1100.0) as usize, shore);
    let veil = Gradient::new(&colours);
    // How bright a curtain is over its height: a sharp lower hem, a long fade upwards.
    let hem: Vec<f32> = (0..=256)
        .map(|step| {
            let up = step as f32 / 256.0 * 1.15 - 0.15;
            if up < 0.0 { smooth(-0.15, 0.0, up).powi(3) } else { (-up * 2.6).exp() * (1.0 - smooth(0.6, 1.0, up)) }
        })
        .collect();
    for curtain in 0..3 {
        let wave = noise.layer(curtain * 5 + 1);
        let middle = shore * (0.6 + 0.13 * curtain as f32 - random.between(0.0, 0.2));
        let strength = random.between(0.8, 1.3) * (1.0 - 0.18 * curtain as f32);
        let columns: Vec<(f32, f32, f32)> = (0..canvas.columns)
            .map(|column| {
                let x = column as f32 / w;
                let foot = middle + wave.hills(x * 0.9, 2, 0.35) * shore * 0.17 + wave.layer(3).line(x * 9.0) * 9.0 * s;
                let folds = wave.layer(1).hills(x * 3.4, 3, 0.6).abs() * 1.15 + 0.12;
                let rays = 0.68 + 0.32 * wave.layer(2).line(x * 54.0) + 0.2 * wave.layer(4).line(x * 133.0);
                let tall = shore * (0.58 + 0.34 * wave.layer(5).line(x * 2.3) + 0.08 * wave.layer(6).line(x * 38.0));
                (foot, folds * rays * strength, tall.max(80.0 * s))
            })
            .collect();
        canvas.shade([0.0, 0.0, w, shore], |x, y, pixel| {
            let (foot, bright, tall) = columns[x as usize];
            let place = ((foot - y) / tall + 0.15) / 1.15;
            if (0.0..1.0).contains(&place) {
                let light = hem[(place * 256.0) as usize] * bright;
                shine(pixel, veil.at(place * 1.25 - 0.1), light);
            }
        });
    }
    let glow = hex(colours[1]);
    for layer in 0..3 {
        let near = layer as f32 / 2.0;
        let hills = noise.layer(layer + 30);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| {
                let crag = 1.0 - hills.hills(x as f32 / w * (2.4 + near), 4, 0.5).abs();
                shore + 2.0 - crag * h * (0.15 - 0.055 * layer as f32) * (1.0 - 0.25 * near)
            })
            .collect();
        let body = mix(mix([0.05, 0.1, 0.16], glow, 0.17), [0.01, 0.025, 0.045], near);
        canvas.below(&line, |x, y, depth| {
            // The lights fall on the upper slopes; gullies stay darker.
            let gully = 0.72 + 0.28 * hills.at(x / s * 0.05 + y / s * 0.02, y / s * 0.012);
            let snow = smooth(h * 0.085, 0.0, depth) * gully;
            mix(body, mix(body, glow, 0.3), snow * (1.0 - near))
        });
        if layer == 2 {
            for _ in 0..110 {
                let x = random.between(0.0, w - 1.0);
                let tall = random.between(24.0, 66.0) * s;
                conifer(canvas, hills, [x, line[x as usize].min(shore) + 5.0 * s], tall, scale(body, 0.75), 0.0);
            }
        }
    }
    if random.chance(0.6) {
        cabin(canvas, [w * random.between(0.2, 0.8), shore - 12.0 * s], 56.0 * s, [0.5, 0.62, 0.68]);
    }
    canvas.reflect(shore, [0.015, 0.05, 0.075], noise.layer(50), 1.8);
    for side in [0.0, 1.0] {
        let stones = noise.layer(60 + side as usize);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| {
                let x = (x as f32 / w - side).abs();
                h - h * 0.07 * smooth(0.5, 0.0, x) * (1.0 + 0.6 * stones.hills(x * 8.0, 4, 0.5)) + 2.0
            })
            .collect();
        canvas.below(&line, |x, y, depth| {
            let mut stone = mix([0.02, 0.035, 0.05], glow, 0.05 + 0.1 * smooth(10.0 * s, 0.0, depth));
            cover(&mut stone, glow, 0.06 * stones.at(x / s * 0.03, y / s * 0.05).max(0.0));
            stone
        });
    }
}
