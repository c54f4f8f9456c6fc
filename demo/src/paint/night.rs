//! Nights: the Milky Way over hills, and the northern lights over a lake.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix, scale};
use super::curve::{length, smooth};
use super::noise::Noise;
use super::sky::{conifer, milky_way, sky, stars, wanderer};
use crate::random::Random;

/// A starry sky with the Milky Way, and a tent, a tree or a person under it.
pub(super) fn night_sky(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (colours, land) = *random.pick::<(&[u32], u32)>(&[
        (&[0x050716, 0x0d1434, 0x24315f, 0x56597f, 0xb07a70], 0x06070f),
        (&[0x04060f, 0x0a1a30, 0x17405a, 0x3f7680, 0x9db79a], 0x04090c),
        (&[0x08051a, 0x1c1042, 0x402064, 0x7c3f7c, 0xd9806f], 0x0a0614),
        (&[0x03050c, 0x0a1224, 0x182747, 0x31456c], 0x04060b),
    ]);
    let horizon = h * random.between(0.8, 0.87);
    sky(canvas, &Gradient::new(colours), horizon);
    milky_way(canvas, noise, random.between(0.75, 1.25) * if random.chance(0.5) { 1.0 } else { -1.0 }, horizon);
    stars(canvas, random, (w * h / 700.0) as usize, horizon);
    if random.chance(0.5) {
        let from = [w * random.between(0.1, 0.9), horizon * random.between(0.08, 0.4)];
        let length = random.between(90.0, 190.0) * s;
        let to = [from[0] + length, from[1] + length * random.between(0.3, 0.7)];
        canvas.stroke(to, from, [3.0 * s, 0.4 * s], [0.95, 0.97, 1.0], 0.75);
    }
    let dark = hex(land);
    for layer in 0..3 {
        let near = layer as f32 / 2.0;
        let hills = noise.layer(layer + 3);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| {
                let x = x as f32 / w;
                horizon + h * 0.055 * near - hills.hills(x * (2.6 - near), 5, 0.42) * h * (0.05 - 0.03 * near)
            })
            .collect();
        let body = mix(mix(hex(colours[2]), dark, 0.55), dark, near);
        canvas.below(&line, |_, _, depth| mix(body, dark, smooth(0.0, h * 0.09, depth)));
        if layer == 1 {
            for _ in 0..random.whole(10, 60) {
                let x = random.between(0.0, w - 1.0);
                let height = random.between(26.0, 74.0) * s;
                conifer(canvas, hills, [x, line[x as usize] + 6.0 * s], height, mix(body, dark, 0.5), 0.0);
            }
        }
        if layer == 2 {
            let x = w * random.between(0.22, 0.78);
            let ground = line[x as usize] + 4.0 * s;
            match random.index(3) {
                0 => tent(canvas, [x, ground + 8.0 * s], 118.0 * s),
                1 => oak(canvas, random, [x, ground + 8.0 * s], 300.0 * s, scale(dark, 0.8)),
                _ => {
                    wanderer(canvas, [x, ground + 4.0 * s], 104.0 * s, [dark, scale(dark, 0.8)]);
                    let lamp = [x, ground - 94.0 * s];
                    let beam = [lamp[0] + 110.0 * s, lamp[1] - 520.0 * s];
                    canvas.polygon(
                        &[lamp, [beam[0] - 58.0 * s, beam[1]], [beam[0] + 58.0 * s, beam[1] + 20.0 * s]],
                        |_, y| ([0.95, 0.97, 1.0], 0.16 * smooth(beam[1], lamp[1], y)),
                    );
                    canvas.glow(lamp, 9.0 * s, [0.95, 0.97, 1.0], 0.9);
                }
            }
        }
    }
}

/// A lit ridge tent.
fn tent(canvas: &mut Canvas, [x, ground]: [f32; 2], size: f32) {
    let at = |dx: f32, up: f32| [x + dx * size, ground - up * size];
    canvas.glow(at(0.0, 0.25), size * 0.75, [1.0, 0.6, 0.22], 0.5);
    let lamp = at(-0.05, 0.12);
    canvas.polygon(&[at(-0.62, 0.0), at(-0.08, 0.66), at(0.42, 0.0)], |px, py| {
        let far = length(px - lamp[0], py - lamp[1]) / size;
        (mix([1.0, 0.88, 0.5], [0.85, 0.36, 0.12], smooth(0.0, 0.62, far)), 1.0)
    });
    canvas.polygon(&[at(-0.08, 0.66), at(0.2, 0.56), at(0.74, 0.0), at(0.42, 0.0)], |_, py| {
        (mix([0.52, 0.2, 0.08], [0.85, 0.42, 0.15], smooth(ground - size * 0.5, ground, py)), 1.0)
    });
    canvas.stroke(at(-0.08, 0.66), at(-0.1, 0.0), [size * 0.018; 2], [0.45, 0.18, 0.08], 0.9);
}

/// A broad-leaved tree: forked branches and a crown of small leaf clusters.
pub(super) fn oak(canvas: &mut Canvas, random: &mut Random, root: [f32; 2], height: f32, colour: Rgb) {
    let mut open = vec![(root, -std::f32::consts::FRAC_PI_2, height * 0.30, height * 0.085, 0)];
    while let Some((from, angle, length, width, depth)) = open.pop() {
        let to = [from[0] + angle.cos() * length, from[1] + angle.sin() * length];
        canvas.stroke(from, to, [width, width * 0.68], colour, 1.0);
        if depth >= 3 {
            for _ in 0..7 {
                let spread = height * 0.085;
                let place = [to[0] + random.between(-spread, spread), to[1] + random.between(-spread, spread) * 0.7];
                let leaf = scale(colour, random.between(0.85, 1.45));
                canvas.disc(place, height * random.between(0.012, 0.038), 1.5, leaf, 0.92);
            }
        }
        if depth < 5 {
            for side in [-1.0, 1.0] {
                let turn = angle + side * random.between(0.22, 0.62);
                open.push((to, turn, length * random.between(0.64, 0.84), width * 0.66, depth + 1));
            }
        }
    }
}
