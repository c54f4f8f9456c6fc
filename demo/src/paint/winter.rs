//! Snow and pines, by day and by night.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix};
use super::noise::Noise;
use super::sky::{Light, conifer, sky, stars, sun};
use crate::random::Random;

/// Snowy slopes with laden pines, sometimes at night with a lit cabin.
pub(super) fn winter(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let night = random.chance(0.35);
    let (colours, snow, shade, tree): (&[u32], u32, u32, u32) = if night {
        (&[0x0a1434, 0x1c2f60, 0x43598f, 0x8a90b8], 0x9fb2dc, 0x42548c, 0x14243f)
    } else {
        *random.pick::<(&[u32], u32, u32, u32)>(&[
            (&[0x5f9ad8, 0x9cc4ea, 0xf0d6d8, 0xffe3c8], 0xfffaf2, 0x84a4dc, 0x1f4440),
            (&[0x7f98b8, 0xaec2d6, 0xd8e2ea, 0xeff0ee], 0xf7fafc, 0x94aecb, 0x25444a),
            (&[0x4a6fc0, 0x9a9ad8, 0xf4a9a8, 0xffd09a], 0xffeede, 0x7f86cc, 0x1f3448),
        ])
    };
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let horizon = h * 0.6;
    let light = Light { place: [w * random.between(0.2, 0.8), horizon * 0.5], colour: hex(snow), radius: 30.0 * s };
    sky(canvas, &Gradient::new(colours), horizon);
    if night {
        stars(canvas, random, 500, horizon);
    }
    sun(canvas, light, if night { 0.5 } else { 0.9 });
    let (white, blue, mist) = (hex(snow), hex(shade), hex(colours[colours.len() - 1]));
    let side = if light.place[0] < w / 2.0 { 1.0 } else { -1.0 };
    let cabin_at = w * random.between(0.3, 0.7);
    for layer in 0..5 {
        let near = layer as f32 / 4.0;
        let hills = noise.layer(layer + 1);
        let base = horizon - h * 0.06 + h * 0.38 * near;
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| base - hills.hills(x as f32 / w * (1.7 - 0.5 * near) + 3.0, 3, 0.35) * h * (0.10 - 0.065 * near))
            .collect();
        let size = 54.0 + 400.0 * near.powf(1.7);
        // Trees stand behind the crest of their slope: they are painted first and the snow covers their feet.
        for _ in 0..(46.0 - 37.0 * near) as usize {
            let x = random.between(-0.03, 1.03) * w;
            let height = size * random.between(0.6, 1.2) * s;
            let ground = line[(x.max(0.0) as usize).min(line.len() - 1)];
            if layer == 4 && (x - w * 0.5).abs() < w * 0.22 {
                continue;
            }
            let colour = mix(hex(tree), mist, 0.62 * (1.0 - near));
            let laden = if night { 0.35 } else { 0.62 };
            conifer(canvas, hills, [x, ground + height * 0.06], height, colour, laden * (0.4 + 0.6 * near));
        }
        canvas.below(&line, |x, y, depth| {
            let drift = hills.at(x / s * 0.0045, y / s * 0.011 + 9.0) * 0.5 + 0.5;
            let slope = line[x as usize] - line[(x as usize + 6).min(line.len() - 1)];
            let lit = (0.66 + slope * side * 0.13 + 0.9 * (drift - 0.5) - depth / h * 1.6).clamp(0.0, 1.0);
            mix(mix(blue, white, lit), mist, 0.34 * (1.0 - near))
        });
        if layer == 2 && random.chance(if night { 0.9 } else { 0.45 }) {
            let ground = line[cabin_at as usize] + 16.0 * s;
            cabin(canvas, [cabin_at, ground], 74.0 * s, white);
        }
    }
    for _ in 0..random.whole(120, 420) {
        let depth = random.unit().powi(4);
        let place = [random.between(0.0, w), random.between(0.0, h)];
        canvas.disc(place, (1.0 + 6.0 * depth) * s, (1.5 + 7.0 * depth) * s, [1.0; 3], 0.8 - 0.45 * depth);
    }
}

/// A small house with a snowy roof and warm windows, `size` wide, standing on `[x, ground]`.
pub(super) fn cabin(canvas: &mut Canvas, [x, ground]: [f32; 2], size: f32, roof: Rgb) {
    let at = |dx: f32, up: f32| [x + dx * size, ground - up * size];
    canvas.plane(&[at(-0.42, 0.0), at(0.42, 0.0), at(0.42, 0.42), at(-0.42, 0.42)], [0.23, 0.15, 0.12]);
    canvas.plane(&[at(-0.42, 0.42), at(0.42, 0.42), at(0.0, 0.86)], [0.19, 0.12, 0.10]);
    for side in [-1.0, 1.0] {
        canvas.stroke(at(0.0, 0.9), at(0.54 * side, 0.38), [size * 0.1, size * 0.11], roof, 1.0);
        let window = at(0.2 * side, 0.2);
        let half = size * 0.085;
        let [wx, wy] = window;
        canvas.plane(
            &[[wx - half, wy - half], [wx + half, wy - half], [wx + half, wy + half], [wx - half, wy + half]],
            [1.0, 0.82, 0.45],
        );
        canvas.glow(window, size * 0.22, [1.0, 0.68, 0.3], 0.6);
    }
}
