//! Flowers close up.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale};
use super::curve::smooth;
use super::noise::{Field, Noise};
use crate::random::Random;

/// A flower's shape: petals, how wide they are, their colours from the middle out, and the middle's.
type Bloom = (usize, f32, [u32; 2], u32);

const BLOOMS: &[Bloom] = &[
    (16, 0.20, [0xffffff, 0xf3f1ec], 0xf2b21b),
    (5, 0.62, [0xc1201b, 0xf4502f], 0x22171f),
    (8, 0.36, [0xe86aa6, 0xf9b6d2], 0xf4c430),
    (13, 0.26, [0xf39a1c, 0xffd34a], 0x5a2f16),
    (6, 0.46, [0x6f5bd0, 0xb6a6f2], 0xfbe38e),
    (8, 0.34, [0xf6e7d8, 0xfffaf2], 0xd98a3a),
    (21, 0.17, [0xd6447c, 0xf6a08a], 0xf2c14e),
];

/// Flowers in focus before a blurred meadow.
pub(super) fn flowers(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let ground: [u32; 4] = *random.pick(&[
        [0xf7e3b8, 0xc8d48a, 0x6f9a52, 0x24502f],
        [0xcfe4ea, 0xa3c9a8, 0x55885a, 0x1d4035],
        [0xffc9a4, 0xe89a7c, 0x8c6a52, 0x33322c],
        [0x3d5a5c, 0x2c4a44, 0x1b3330, 0x0d1c1c],
        [0xf3d0dc, 0xc9b2cc, 0x7d8a86, 0x35504a],
    ]);
    let colours = Gradient::new(&ground);
    let haze = Field::new(canvas.columns, canvas.rows, 8, |x, y| noise.cloud(x / w * 2.2, y / w * 2.2, 2));
    canvas.shade(canvas.all(), |x, y, pixel| *pixel = colours.at(y / h + haze.at(x, y) * 0.5));
    canvas.glow([w * random.between(0.1, 0.9), h * 0.05], 420.0 * s, hex(ground[0]), 0.55);
    let (first, second) = (*random.pick(BLOOMS), *random.pick(BLOOMS));
    for _ in 0..46 {
        let place = [random.between(0.0, w), h * random.between(0.05, 0.95)];
        let tint = if random.chance(0.5) { hex(first.2[1]) } else { hex(ground[random.index(2)]) };
        let radius = random.between(14.0, 62.0) * s;
        canvas.disc(place, radius, radius * 0.14, tint, random.between(0.06, 0.3));
    }
    // Far, middle and near: only the middle is in focus.
    for (count, size, blur, low) in
        [(16, 46.0, 9.0, 0.5), (10, 84.0, 3.4, 0.46), (random.whole(4, 7), 150.0, 1.1, 0.34)]
    {
        let mut places: Vec<[f32; 2]> = (0..count)
            .map(|index| {
                let across = (index as f32 + random.between(0.1, 0.9)) / count as f32;
                [across, random.between(low, 0.8)]
            })
            .collect();
        places.sort_by(|a, b| a[1].total_cmp(&b[1]));
        for [across, down] in places {
            let (place, radius) = ([across * w, down * h], size * random.between(0.75, 1.2) * s);
            let bloom = if random.chance(0.72) { first } else { second };
            let stem = mix(hex(ground[3]), hex(ground[2]), random.between(0.2, 0.9));
            let foot = [place[0] + random.between(-0.12, 0.12) * w, h * 1.04];
            let bend = [(place[0] * 2.0 + foot[0]) / 3.0 - 14.0 * s, (place[1] + foot[1]) / 2.0];
            let thick = radius * 0.07 + 1.0;
            canvas.stroke(place, bend, [thick, thick * 1.2], stem, if blur > 2.0 { 0.7 } else { 1.0 });
            canvas.stroke(bend, foot, [thick * 1.2, thick * 1.5], stem, if blur > 2.0 { 0.7 } else { 1.0 });
            if blur < 2.0 {
                leaf(canvas, random, bend, radius * 1.5, stem);
            }
            flower(canvas, random, place, radius, bloom, blur);
        }
    }
    for _ in 0..4 {
        let place = [random.between(0.0, w), h * random.between(0.86, 1.05)];
        let radius = random.between(110.0, 220.0) * s;
        canvas.disc(place, radius, radius * 0.75, hex(first.2[random.index(2)]), 0.42);
    }
}

fn leaf(canvas: &mut Canvas, random: &mut Random, root: [f32; 2], length: f32, colour: Rgb) {
    let side = if random.chance(0.5) { 1.0 } else { -1.0 };
    let angle = -0.9 * side + if side < 0.0 { std::f32::consts::PI } else { 0.0 } + random.between(-0.3, 0.3);
    petal(canvas, root, angle, [length, length * 0.17], 1.2, [scale(colour, 0.85), scale(colour, 1.35)]);
}

fn flower(canvas: &mut Canvas, random: &mut Random, place: [f32; 2], radius: f32, bloom: Bloom, blur: f32) {
    let (petals, wide, colours, middle) = bloom;
    let [inner, outer] = colours.map(hex);
    let (turn, tilt) = (random.between(0.0, 6.0), random.between(0.72, 1.0));
    for ring in 0..2 {
        for index in 0..petals {
            let jitter = random.between(-0.07, 0.07);
            let angle = turn + (index as f32 + 0.5 * ring as f32) / petals as f32 * std::f32::consts::TAU + jitter;
            let reach = radius * random.between(0.9, 1.04) * (1.0 - 0.14 * ring as f32);
            // Petals that point at the viewer or away are shortened by the tilt; those facing the sky are lighter.
            let (sin, cos) = angle.sin_cos();
            let seen = cos.hypot(sin * tilt);
            let lit = 0.86 - 0.15 * sin + 0.08 * ring as f32 + random.between(-0.04, 0.04);
            let shape = [reach * seen, radius * wide * (1.2 - 0.2 * seen)];
            let tones = [scale(inner, lit * 0.86), scale(outer, lit)];
            petal(canvas, place, (sin * tilt).atan2(cos), shape, blur, tones);
        }
    }
    let heart = hex(middle);
    canvas.ellipse(place, [radius * 0.235, radius * 0.22 * tilt], 0.0, blur.max(1.5), |u, v| {
        let dots = if blur < 2.0 { ((u * 26.0).sin() * (v * 26.0).sin()) * 0.16 } else { 0.0 };
        (scale(heart, 1.0 - 0.28 * v - 0.18 * (u * u + v * v) + dots), 1.0)
    });
}

/// A petal from `root` outwards: narrow, widest at two thirds, rounded; two colours from root to tip with fine veins.
fn petal(
    canvas: &mut Canvas,
    root: [f32; 2],
    angle: f32,
    [length, width]: [f32; 2],
    blur: f32,
    [inner, outer]: [Rgb; 2],
) {
    let (sin, cos) = angle.sin_cos();
    let tip = [root[0] + cos * length, root[1] + sin * length];
    let reach = width * 0.6 + blur;
    let area = [
        root[0].min(tip[0]) - reach,
        root[1].min(tip[1]) - reach,
        root[0].max(tip[0]) + reach,
        root[1].max(tip[1]) + reach,
    ];
    canvas.shade(area, |x, y, pixel| {
        let (dx, dy) = (x - root[0], y - root[1]);
        let along = (dx * cos + dy * sin) / length;
        if !(0.0..1.0).contains(&along) {
            return;
        }
        let half = width * 0.5 * (0.3 + 1.15 * along - 0.35 * along * along) * ((1.0 - along) * 7.0).min(1.0).sqrt();
        let across = dy * cos - dx * sin;
        let inside = ((half - across.abs()) / blur + 0.5).clamp(0.0, 1.0);
        if inside > 0.0 {
            let part = across / half.max(1.0);
            let vein = 1.0 - 0.045 * (part * 11.0).cos() - 0.13 * part.abs().powi(3);
            cover(
                pixel,
                scale(mix(inner, outer, smooth(0.05, 0.85, along)), vein),
                inside * if blur > 2.0 { 0.85 } else { 1.0 },
            );
        }
    });
}
