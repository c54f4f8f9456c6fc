//! Vases and fruit in window light.

use super::canvas::Canvas;
use super::colour::{Rgb, cover, hex, scale, shine};
use super::curve::{length, smooth};
use super::noise::{Field, Noise};
use crate::random::Random;

/// Vases and fruit on a table before a plain wall, in light from the left.
pub(super) fn still_life(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (wall, table): (u32, u32) = *random.pick(&[
        (0xd8c7ae, 0xb98f68),
        (0x6f8a86, 0xc9b698),
        (0xe0a890, 0xf0dcc8),
        (0x39505c, 0x8a6a50),
        (0xb7b9a0, 0xe6dac4),
        (0xc9785c, 0xe8c6a8),
        (0xe9e1d4, 0xc8a888),
    ]);
    let (wall, table) = (hex(wall), hex(table));
    let edge = h * 0.69;
    let plaster = Field::new(canvas.columns, canvas.rows, 4, |x, y| noise.cloud(x / s * 0.004, y / s * 0.004, 4));
    let slant = random.between(0.15, 0.5);
    canvas.shade(canvas.all(), |x, y, pixel| {
        let texture = plaster.at(x, y);
        if y < edge {
            let u = (x - y * slant) / w;
            let pane = |from: f32, to: f32| smooth(from, from + 0.03, u) * smooth(to + 0.03, to, u);
            let window = (pane(0.06, 0.24) + pane(0.28, 0.46)) * smooth(0.06, 0.09, y / h) * smooth(0.62, 0.5, y / h);
            *pixel = scale(wall, 0.80 + 0.13 * texture - 0.16 * (x / w) + 0.05);
            shine(pixel, [1.0, 0.9, 0.72], 0.42 * window);
        } else {
            *pixel = scale(table, 0.98 + 0.09 * texture - 0.2 * (x / w) - 0.22 * (y - edge) / (h - edge));
        }
        *pixel = scale(*pixel, 1.0 - 0.22 * smooth(30.0 * s, 0.0, (y - edge).abs()) * if y < edge { 1.0 } else { 0.3 });
    });
    let glaze = |random: &mut Random| {
        hex(*random.pick(&[0xf2ece0, 0x2f5f6f, 0xb5543a, 0x7f9a84, 0x2d2f3a, 0xe3b45a, 0xd99a94]))
    };
    let foot = h * 0.775;
    let first = w * random.between(0.28, 0.4);
    let colour = glaze(random);
    if random.chance(0.8) {
        branch(canvas, random, [first, foot - 430.0 * s]);
    }
    let outline = random.index(3);
    vessel(canvas, [first, foot], [150.0 * s, 460.0 * s], outline, colour);
    let colour = glaze(random);
    let outline = 2 + random.index(2);
    vessel(
        canvas,
        [w * random.between(0.6, 0.7), foot + 22.0 * s],
        [118.0 * s, random.between(210.0, 330.0) * s],
        outline,
        colour,
    );
    for index in 0..random.whole(3, 5) {
        let place = [w * (0.2 + 0.155 * index as f32 + random.between(-0.03, 0.03)), h * random.between(0.845, 0.9)];
        let skin = hex(*random.pick(&[0xf08a24, 0xf2c530, 0xc9302c, 0x9fb53a, 0xe86a3a]));
        fruit(canvas, noise, place, random.between(58.0, 78.0) * s, skin);
    }
}

/// Half-width of a turned shape at a height (0 foot, 1 mouth).
fn turned(outline: usize, up: f32) -> f32 {
    match outline {
        0 => 0.42 + 0.58 * (up * 2.9).sin().max(0.0) - 0.42 * smooth(0.62, 0.9, up) + 0.16 * smooth(0.93, 1.0, up),
        1 => 0.95 - 0.55 * smooth(0.35, 0.72, up) - 0.1 * smooth(0.12, 0.0, up) + 0.06 * smooth(0.95, 1.0, up),
        2 => 0.55 + 0.45 * (1.0 - (1.0 - up * 1.6).powi(2)).max(0.0).sqrt() - 0.5 * smooth(0.7, 0.95, up),
        _ => 0.62 + 0.36 * smooth(0.0, 0.9, up),
    }
}

fn vessel(canvas: &mut Canvas, [x, foot]: [f32; 2], [half, tall]: [f32; 2], outline: usize, glaze: Rgb) {
    cast(canvas, [x, foot], half * 0.8, tall * 0.9);
    let mouth = turned(outline, 1.0) * half;
    canvas.shade([x - half * 1.2, foot - tall, x + half * 1.2, foot + half * 0.2], |px, py, pixel| {
        let up = ((foot - py) / tall).clamp(0.0, 1.0);
        let wide = turned(outline, up) * half;
        let u = (px - x) / wide;
        // The foot is an ellipse seen from slightly above.
        let base = foot + (1.0 - (u * u).min(1.0)).sqrt() * half * 0.13;
        let inside = (wide - (px - x).abs() + 0.5).clamp(0.0, 1.0) * (base - py + 0.5).clamp(0.0, 1.0);
        if inside > 0.0 {
            cover(pixel, round(glaze, u, (0.5 - up) * 0.5), inside);
        }
    });
    canvas.ellipse([x, foot - tall], [mouth, mouth * 0.2], 0.0, 1.3, |_, _| (scale(glaze, 0.82), 1.0));
    canvas.ellipse([x, foot - tall + 2.0], [mouth * 0.86, mouth * 0.15], 0.0, 1.3, |u, _| {
        (scale(glaze, 0.22 + 0.12 * u), 1.0)
    });
}

/// The colour of a round glossy thing at `u` across: light from the left, a highlight, light bounced from the table.
fn round(colour: Rgb, u: f32, v: f32) -> Rgb {
    let lit = smooth(1.05, -0.55, u) * 0.82 + 0.24 - 0.16 * v + 0.09 * smooth(0.72, 1.0, u);
    let mut shaded = scale(colour, lit);
    shaded[2] += 0.025 * (1.0 - lit);
    shine(&mut shaded, [1.0, 0.96, 0.9], smooth(0.13, 0.0, (u + 0.52).abs()) * 0.32);
    shaded
}

fn fruit(canvas: &mut Canvas, noise: Noise, [x, y]: [f32; 2], radius: f32, skin: Rgb) {
    cast(canvas, [x, y + radius * 0.82], radius * 0.92, radius * 1.5);
    canvas.ellipse([x, y], [radius, radius * 0.95], 0.0, 1.4, |u, v| {
        let pores = noise.at(u * 19.0 + x, v * 19.0) * 0.05;
        let lit = 0.62 - 0.42 * u - 0.36 * v + 0.14 * smooth(0.5, 1.0, v) + pores;
        let mut colour = scale(skin, lit.clamp(0.2, 1.15));
        shine(&mut colour, [1.0, 0.97, 0.9], smooth(0.36, 0.0, length(u + 0.38, v + 0.42)) * 0.55);
        (colour, 1.0)
    });
    canvas.stroke(
        [x + radius * 0.05, y - radius * 0.84],
        [x + radius * 0.16, y - radius * 1.12],
        [5.0 * canvas.s; 2],
        [0.3, 0.22, 0.12],
        1.0,
    );
}

/// A soft shadow on the table, away from the light.
fn cast(canvas: &mut Canvas, [x, y]: [f32; 2], half: f32, reach: f32) {
    canvas.ellipse([x + reach * 0.42, y], [half + reach * 0.45, half * 0.26], 0.03, half * 0.22, |u, _| {
        ([0.09, 0.06, 0.07], 0.46 * smooth(1.0, -0.6, u))
    });
    canvas.ellipse([x, y + half * 0.03], [half * 1.06, half * 0.2], 0.0, half * 0.1, |_, _| ([0.07, 0.05, 0.06], 0.5));
}

/// Twigs with leaves, rising out of a vase.
fn branch(canvas: &mut Canvas, random: &mut Random, root: [f32; 2]) {
    let s = canvas.s;
    let leaf = hex(*random.pick(&[0x5f7f5a, 0x8fa37a, 0x37584a, 0xb98a4a, 0xa9553f]));
    for twig in 0..random.whole(4, 6) {
        let mut place = root;
        let mut angle = -1.57 + (twig as f32 - 2.2) * 0.27 + random.between(-0.1, 0.1);
        for step in 0..15 {
            let next = [place[0] + angle.cos() * 27.0 * s, place[1] + angle.sin() * 27.0 * s];
            canvas.stroke(place, next, [(4.6 - 0.25 * step as f32) * s; 2], [0.29, 0.21, 0.15], 1.0);
            if step > 3 {
                let side = if step % 2 == 0 { 1.0 } else { -1.0 };
                let turn = angle + side * random.between(0.6, 1.0);
                let size = random.between(20.0, 33.0) * s;
                let middle = [next[0] + turn.cos() * size, next[1] + turn.sin() * size];
                let tone = random.between(0.75, 1.2);
                canvas.ellipse(middle, [size, size * 0.45], turn, 1.3, |u, v| {
                    (scale(leaf, tone * (1.0 - 0.22 * v * side - 0.12 * smooth(0.12, 0.0, v.abs()) - 0.08 * u)), 1.0)
                });
            }
            angle += random.between(-0.09, 0.09) + (angle + 1.57) * 0.045;
            place = next;
        }
    }
}
