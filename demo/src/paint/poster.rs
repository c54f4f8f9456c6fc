//! Printed posters: flat shapes on paper.

use super::canvas::Canvas;
use super::colour::{Rgb, hex, mix, scale};
use super::curve::{fract, length, smooth};
use super::noise::{Field, Noise};
use crate::random::Random;

/// Paper first, then inks.
const INKS: &[[u32; 6]] = &[
    [0xf4eadb, 0xd9653b, 0xf0b04f, 0x2f5d62, 0x1f2f3f, 0xe9a58d],
    [0xf6efe6, 0x2a4d8f, 0xe4572e, 0xf2c14e, 0x1d1d2b, 0x8fb9c9],
    [0xf1e8dc, 0x7d8c6a, 0xc98b62, 0x4a3f35, 0xe3c9a0, 0xa8523f],
    [0xfaf3ea, 0xe8788a, 0x5b4b8a, 0xf6b26b, 0x2b2140, 0x8ed1c6],
    [0x20242f, 0xf2e3c6, 0xe2604a, 0x4f9c95, 0xf0b650, 0x76557f],
    [0xe9e4d4, 0x1f6f63, 0xf08a4b, 0x143642, 0xf5d491, 0xc0392f],
];

/// One of four abstract compositions.
pub(super) fn poster(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let inks = random.pick(INKS).map(hex);
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    canvas.wash(0.0, h, |_| inks[0]);
    match random.index(4) {
        0 => tiles(canvas, random, &inks),
        1 => arches(canvas, random, &inks),
        2 => cut_outs(canvas, random, noise, &inks),
        _ => sun_and_waves(canvas, random, noise, &inks),
    }
    let paper = Field::new(canvas.columns, canvas.rows, 2, |x, y| noise.layer(9).cloud(x / s * 0.09, y / s * 0.09, 2));
    canvas.shade([0.0, 0.0, w, h], |x, y, pixel| {
        let fibre = paper.at(x, y);
        *pixel = mix(scale(*pixel, 1.0 + 0.055 * fibre), inks[0], smooth(0.3, 0.62, fibre) * 0.35);
    });
}

/// A grid of quarter circles, discs, stripes and triangles.
fn tiles(canvas: &mut Canvas, random: &mut Random, inks: &[Rgb; 6]) {
    let (w, h) = (canvas.w, canvas.h);
    let columns = random.whole(3, 5) as f32;
    let margin = w.min(h) * 0.06;
    let rows = ((h - 2.0 * margin) / ((w - 2.0 * margin) / columns)).round().max(2.0);
    let (wide, tall) = ((w - 2.0 * margin) / columns, (h - 2.0 * margin) / rows);
    for cell in 0..(columns * rows) as usize {
        let (left, top) =
            (margin + wide * (cell as f32 % columns).floor(), margin + tall * (cell as f32 / columns).floor());
        let ground = *random.pick(inks);
        let mut ink = *random.pick(inks);
        while ink == ground {
            ink = *random.pick(inks);
        }
        let accent = *random.pick(inks);
        let (kind, turn) = (random.index(6), random.index(4));
        canvas.shade([left, top, left + wide, top + tall], |x, y, pixel| {
            let (u, v) = ((x - left) / wide, (y - top) / tall);
            let (u, v) = match turn {
                0 => (u, v),
                1 => (1.0 - v, u),
                2 => (1.0 - u, 1.0 - v),
                _ => (v, 1.0 - u),
            };
            let edge = |d: f32| smooth(0.6, -0.6, d * wide);
            let shape = match kind {
                0 => edge(length(u, v) - 1.0),
                1 => edge(length(u - 0.5, v - 0.5) - 0.42),
                2 => edge(length(u - 0.5, v) - 0.5).max(edge(length(u - 0.5, v - 1.0) - 0.5)),
                3 => edge((u - v) * 0.7),
                4 => edge((fract(u * 5.0) - 0.5).abs() / 5.0 - 0.05),
                _ => edge((length(u, v) - 0.72).abs() - 0.24),
            };
            *pixel = mix(ground, ink, shape);
            if kind == 1 {
                *pixel = mix(*pixel, accent, edge(length(u - 0.5, v - 0.5) - 0.19));
            }
        });
    }
}

/// Nested arches under a sun.
fn arches(canvas: &mut Canvas, random: &mut Random, inks: &[Rgb; 6]) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let sun = [w * random.between(0.62, 0.78), h * random.between(0.2, 0.28)];
    canvas.disc(sun, 120.0 * s, 1.3, inks[1 + random.index(2)], 1.0);
    let mut places = [0.16, 0.5, 0.84];
    random.shuffle(&mut places);
    for (index, place) in places.into_iter().enumerate() {
        let (x, reach) = (w * (place + random.between(-0.03, 0.03)), w * random.between(0.27, 0.36));
        let spring = h * (0.52 + 0.13 * index as f32);
        let bands = random.whole(4, 6);
        let first = random.index(5);
        for band in 0..bands {
            let radius = reach * (1.0 - band as f32 / bands as f32);
            let ink = inks[1 + (first + band) % 5];
            canvas.shade([x - radius - 1.0, spring - radius - 1.0, x + radius + 1.0, h], |px, py, pixel| {
                let d = if py < spring { length(px - x, py - spring) } else { (px - x).abs() };
                let inside = (radius - d + 0.5).clamp(0.0, 1.0);
                *pixel = mix(*pixel, if band % 2 == 1 { inks[0] } else { ink }, inside);
            });
        }
    }
}

/// Leafy organic shapes, as if cut with scissors.
fn cut_outs(canvas: &mut Canvas, random: &mut Random, noise: Noise, inks: &[Rgb; 6]) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let blocks = [[0.06, 0.06, 0.56, 0.5], [0.5, 0.34, 0.94, 0.94], [0.08, 0.56, 0.48, 0.94]];
    for (index, [x0, y0, x1, y1]) in blocks.into_iter().enumerate() {
        let ink = mix(inks[1 + (index * 2 + random.index(2)) % 5], inks[0], 0.25);
        canvas.plane(
            &[[x0 * w, y0 * h], [x1 * w, y0 * h + 8.0 * s], [x1 * w - 6.0 * s, y1 * h], [x0 * w + 5.0 * s, y1 * h]],
            ink,
        );
    }
    for index in 0..random.whole(6, 8) {
        let across = fract(index as f32 * 0.618 + 0.2);
        let place = [w * (0.14 + 0.72 * across), h * (0.13 + 0.105 * index as f32)];
        let size = w.min(h) * random.between(0.14, 0.25);
        let (lobes, turn) = (random.whole(3, 7) as f32, random.between(0.0, 6.0));
        let (depth, lean) = (random.between(0.25, 0.5), random.between(0.6, 1.0));
        let wobble = noise.layer(index);
        let outline: Vec<[f32; 2]> = (0..140)
            .map(|step| {
                let angle = step as f32 / 140.0 * std::f32::consts::TAU;
                let wave = (angle * lobes).cos();
                let r = size * (1.0 - depth + depth * wave.signum() * wave.abs().powf(0.7))
                    + wobble.line(angle * 2.0) * size * 0.04;
                let (sin, cos) = (angle + turn).sin_cos();
                [place[0] + cos * r, place[1] + sin * r * lean]
            })
            .collect();
        canvas.plane(&outline, inks[1 + (index + random.index(2)) % 5]);
    }
}

/// A large sun over bands of waves.
fn sun_and_waves(canvas: &mut Canvas, random: &mut Random, noise: Noise, inks: &[Rgb; 6]) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let radius = w.min(h) * random.between(0.24, 0.32);
    let sun = [w * random.between(0.4, 0.6), h * 0.36];
    let (ink, sliced) = (inks[1], random.chance(0.5));
    canvas.ellipse(sun, [radius; 2], 0.0, 1.3, |_, v| {
        let gap = sliced && v > 0.0 && fract(v * 7.0) < v * 0.55;
        (ink, if gap { 0.0 } else { 1.0 })
    });
    let bands = random.whole(6, 9);
    for band in 0..bands {
        let near = band as f32 / bands as f32;
        let base = h * (0.5 + 0.5 * near);
        let wave = noise.layer(band);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| base - wave.line(x as f32 / w * 2.2 + band as f32 * 0.37) * (40.0 + 40.0 * near) * s)
            .collect();
        let (ink, crest) = (inks[2 + band % 4], inks[0]);
        canvas.below(&line, |_, _, depth| {
            let stripe = (depth - 16.0 * s).abs() < 3.5 * s;
            if stripe { mix(ink, crest, 0.85) } else { ink }
        });
    }
}
