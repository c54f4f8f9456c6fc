//! A beach from above.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale, shine};
use super::curve::{length, smooth};
use super::noise::{Field, Noise};
use crate::random::Random;

/// A beach from above: sand, foam, shallow and deep water, parasols.
pub(super) fn shore(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (sand, wet, water) = *random.pick::<(u32, u32, &[u32])>(&[
        (0xf1dfbd, 0xd3b88c, &[0xc9efe2, 0x7fdad2, 0x2fb3c4, 0x1283ab, 0x0b5d8c]),
        (0xf7e6d4, 0xdcbc9e, &[0xd9f2ea, 0x93e0d8, 0x4cc3cf, 0x2a9dbd, 0x1b76a4]),
        (0xe3d0ae, 0xbfa27a, &[0xbfe3cf, 0x66bfae, 0x2a938f, 0x146d78, 0x0b4a5e]),
        (0x4a4a4e, 0x2f3036, &[0xb9d6d8, 0x5f9fac, 0x2c6f86, 0x174b66, 0x0d3350]),
    ]);
    let (w, s) = (canvas.w, canvas.s);
    let (sand, wet, water) = (hex(sand), hex(wet), Gradient::new(water));
    let tilt = random.between(0.15, 1.1) * if random.chance(0.5) { 1.0 } else { -1.0 };
    let (sin, cos) = tilt.sin_cos();
    let middle = [w * 0.5, canvas.h * random.between(0.4, 0.52)];
    // Distance from the water's edge in pixels at 1080: the sea is positive.
    let distance = move |x: f32, y: f32| ((x - middle[0]) * sin + (y - middle[1]) * -cos) / s;
    let edge = Field::new(canvas.columns, canvas.rows, 4, |x, y| {
        let bend = noise.cloud(x / s * 0.0016, y / s * 0.0016, 5) * 190.0;
        distance(x, y) + bend
    });
    let lace = Field::new(canvas.columns, canvas.rows, 4, |x, y| {
        (noise.layer(9).cloud(x / s * 0.016, y / s * 0.016, 3) * 4.2).abs()
    });
    let depths =
        Field::new(canvas.columns, canvas.rows, 6, |x, y| noise.layer(4).cloud(x / s * 0.004, y / s * 0.004, 4));
    let fine = noise.layer(12);
    canvas.shade(canvas.all(), |x, y, pixel| {
        let d = edge.at(x, y);
        if d < 4.0 {
            let dune = depths.at(x, y);
            let speck = fine.cell(x as i32, y as i32) - 0.5;
            *pixel = scale(mix(sand, wet, smooth(-120.0, -20.0, d)), 1.0 + 0.10 * dune + 0.05 * speck);
        }
        if d > 0.0 {
            let colour = water.at(d / (174.0 + 0.72 * d) + depths.at(x, y) * 0.22);
            cover(pixel, colour, smooth(0.0, 26.0, d));
        }
        let mut foam: f32 = 0.0;
        for (line, width, strength) in [(6.0, 20.0, 1.0), (78.0, 46.0, 0.85), (190.0, 58.0, 0.6), (330.0, 50.0, 0.35)] {
            let across = ((d - line) / width).abs();
            if across < 1.0 {
                let body = (1.0 - across) * strength;
                foam = foam.max(smooth(0.25, 0.62, body + (0.55 - lace.at(x, y)) * 0.7 * strength.min(body * 2.0)));
            }
        }
        cover(pixel, [0.98, 1.0, 1.0], foam * 0.92);
        if d > 60.0 {
            let glint = smooth(0.62, 0.95, fine.at(x / s * 0.035, y / s * 0.06));
            shine(pixel, [1.0; 3], glint * smooth(60.0, 300.0, d) * 0.14);
        }
    });
    let cloths: &[[u32; 2]] =
        &[[0xe4572e, 0xfff6e6], [0x2a6f97, 0xf5f0e1], [0xf2b134, 0xffffff], [0x2f9c82, 0xfdf1dc], [0xe8829b, 0xfff2f4]];
    let (mut placed, wanted) = (Vec::new(), random.whole(5, 12));
    for _ in 0..400 {
        let place = [random.between(0.03, 0.97) * w, random.between(0.03, 0.97) * canvas.h];
        let apart = |other: &[f32; 2]| length(other[0] - place[0], other[1] - place[1]) > 118.0 * s;
        if edge.at(place[0], place[1]) < -140.0 && placed.iter().all(apart) && placed.len() < wanted {
            placed.push(place);
            let cloth = random.pick(cloths).map(hex);
            parasol(canvas, random, place, cloth);
        }
    }
}

/// A parasol from above, its shadow and a towel beside it.
fn parasol(canvas: &mut Canvas, random: &mut Random, [x, y]: [f32; 2], cloth: [Rgb; 2]) {
    let s = canvas.s;
    let radius = random.between(30.0, 42.0) * s;
    let turn = random.between(0.0, 3.0);
    let towel = hex(*random.pick(&[0xf4f1ea, 0x7cc6c3, 0xf5b7a3, 0x6c86b8, 0xf3d06b]));
    for side in [-1.0, 1.0] {
        if random.chance(0.7) {
            let (sin, cos) = (turn + side * 1.2).sin_cos();
            let from = [x + cos * radius * 0.7, y + sin * radius * 0.7];
            let to = [x + cos * radius * 2.0, y + sin * radius * 2.0];
            canvas.stroke(
                [from[0] + 4.0 * s, from[1] + 5.0 * s],
                [to[0] + 4.0 * s, to[1] + 5.0 * s],
                [20.0 * s; 2],
                [0.2, 0.17, 0.15],
                0.2,
            );
            canvas.stroke(from, to, [20.0 * s; 2], towel, 1.0);
        }
    }
    canvas.disc([x + radius * 0.42, y + radius * 0.5], radius, 7.0 * s, [0.16, 0.13, 0.14], 0.36);
    canvas.ellipse([x, y], [radius, radius], turn, 1.2, |u, v| {
        let panel = ((v.atan2(u) / std::f32::consts::TAU + 0.5) * 8.0) as usize;
        let lit = 0.92 - 0.14 * (u * 0.7 + v * 0.7) + if panel.is_multiple_of(2) { 0.05 } else { 0.0 };
        (scale(cloth[panel % 2], lit), 1.0)
    });
    canvas.disc([x, y], 3.0 * s, 1.0, mix(cloth[1], [0.0; 3], 0.3), 1.0);
}
