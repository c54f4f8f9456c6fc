//! A painted wall in the sun.

use super::canvas::Canvas;
use super::colour::{Rgb, cover, hex, mix, scale, shine};
use super::curve::{fract, smooth};
use super::noise::Noise;
use crate::random::Random;

/// A painted wall with shuttered windows, flower boxes and a hard diagonal shadow.
pub(super) fn facade(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (wall, frame, shutter): (u32, u32, u32) = *random.pick(&[
        (0xe9a15f, 0xfbf1e0, 0x2f6f68),
        (0xe8b4b0, 0xfff8f2, 0x8a3f48),
        (0x8fb8c4, 0xfaf6ec, 0x2b4a5e),
        (0xf2d27a, 0xfffaf0, 0x3f6f8f),
        (0xc9604a, 0xf6e6d0, 0x2f4a3f),
        (0xf3ece0, 0xffffff, 0x2a6fb0),
        (0xa9bf9a, 0xf7f4e6, 0x5a3f35),
    ]);
    let (wall, frame, shutter) = (hex(wall), hex(frame), hex(shutter));
    let plaster =
        super::noise::Field::new(canvas.columns, canvas.rows, 3, |x, y| noise.cloud(x / s * 0.008, y / s * 0.008, 5));
    canvas.shade(canvas.all(), |x, y, pixel| {
        let speck = noise.cell(x as i32 / 2, y as i32 / 2) - 0.5;
        *pixel = scale(wall, 1.0 + 0.14 * plaster.at(x, y) + 0.03 * speck);
    });
    let columns = random.whole(2, 3);
    let bay = w / columns as f32;
    let rows = (h / (bay * 1.34)).round().max(1.0) as usize;
    let storey = h / rows as f32;
    let arched = random.chance(0.4);
    let size = [bay * 0.17, storey.min(bay * 1.5) * 0.29];
    for row in 0..rows {
        let cornice = storey * row as f32;
        canvas.shade([0.0, cornice - 9.0 * s, w, cornice + 5.0 * s], |_, y, pixel| {
            let tone = if y < cornice { 1.0 } else { 0.74 };
            cover(pixel, scale(frame, tone), 0.9);
        });
        for column in 0..columns {
            let middle = [bay * (column as f32 + 0.5), storey * (row as f32 + 0.5)];
            window(canvas, random, middle, size, [frame, shutter], arched);
        }
    }
    let slope = random.between(0.5, 1.1) * if random.chance(0.5) { 1.0 } else { -1.0 };
    let start = if slope > 0.0 { -h * random.between(0.1, 0.45) } else { w + h * random.between(0.1, 0.45) };
    let roof = noise.layer(5);
    canvas.shade(canvas.all(), |x, y, pixel| {
        let line = (x - start - y * slope) * slope.signum();
        let jag = if roof.cell((y / s / 170.0) as i32, 3) > 0.6 { 42.0 * s } else { 0.0 };
        // Shadow outdoors is lit by the sky: darker and bluer, never grey.
        let dark = smooth(1.5 * s, -1.5 * s, line - jag) * 0.8;
        *pixel = mix(*pixel, [pixel[0] * 0.5, pixel[1] * 0.54, pixel[2] * 0.68], dark);
        shine(pixel, [1.0, 0.92, 0.74], 0.10 * (1.0 - dark));
    });
}

fn window(
    canvas: &mut Canvas,
    random: &mut Random,
    [x, y]: [f32; 2],
    [half, tall]: [f32; 2],
    [frame, shutter]: [Rgb; 2],
    arched: bool,
) {
    let s = canvas.s;
    let border = half * 0.16;
    let area = |left: f32, top: f32, right: f32, bottom: f32| [x + left, y + top, x + right, y + bottom];
    let arch = if arched { half } else { 0.0 };
    if arched {
        canvas.ellipse([x, y - tall], [half + border, half + border], 0.0, 1.2, |_, v| {
            (frame, if v < 0.1 { 1.0 } else { 0.0 })
        });
        canvas.ellipse([x, y - tall], [half, half], 0.0, 1.2, |_, v| {
            ([0.16, 0.2, 0.25], if v < 0.1 { 1.0 } else { 0.0 })
        });
    }
    canvas.shade(
        area(-half - border, if arched { -tall } else { -tall - border }, half + border, tall + border),
        |_, _, p| *p = frame,
    );
    let curtain = random.chance(0.5);
    canvas.shade(area(-half, -tall, half, tall), |px, py, pixel| {
        let (u, v) = ((px - x) / half, (py - y) / tall);
        let mut glass = mix([0.12, 0.17, 0.23], [0.5, 0.63, 0.74], smooth(0.9, -1.0, v + u * 0.35) * 0.6);
        if curtain && u.abs() > 0.42 + 0.22 * v {
            glass = mix(glass, [0.95, 0.93, 0.88], 0.62 + 0.16 * (u * 26.0).sin());
        }
        *pixel = scale(glass, 1.0 - 0.55 * smooth(-0.86, -1.0, v));
    });
    canvas.shade(area(-2.5 * s, -tall - arch, 2.5 * s, tall), |_, _, pixel| *pixel = scale(frame, 0.92));
    for bar in [-0.34, 0.34] {
        canvas.shade(area(-half, tall * bar - 2.0 * s, half, tall * bar + 2.0 * s), |_, _, pixel| {
            *pixel = scale(frame, 0.92);
        });
    }
    if !arched || random.chance(0.6) {
        for side in [-1.0, 1.0] {
            let (from, to) = (side * (half + border), side * (half * 2.0 + border));
            let (left, right) = (from.min(to), from.max(to));
            canvas.shade(area(left + 9.0 * s, -tall + 12.0 * s, right + 9.0 * s, tall + 12.0 * s), |_, _, p| {
                *p = scale(*p, 0.72);
            });
            canvas.shade(area(left, -tall, right, tall), |px, py, pixel| {
                let slat = fract((py - y) / (13.0 * s));
                let rim = (px - x - left).min(right - px + x) < 9.0 * s || (py - y).abs() > tall - 9.0 * s;
                *pixel = scale(shutter, if rim { 1.06 } else { 0.72 + 0.42 * slat });
            });
        }
    }
    canvas.shade(area(-half * 1.3, tall + border, half * 1.3, tall + border + 14.0 * s), |_, py, pixel| {
        *pixel = scale(frame, if py - y - tall - border < 8.0 * s { 1.0 } else { 0.7 });
    });
    if random.chance(0.6) {
        let petals = hex(*random.pick(&[0xe0364a, 0xf06f9b, 0xffffff, 0xf2a33a, 0xb45fd0]));
        let top = tall + border - 30.0 * s;
        canvas.shade(area(-half * 1.05, top, half * 1.05, tall + border), |_, py, pixel| {
            *pixel = scale([0.62, 0.35, 0.22], 1.1 - 0.3 * smooth(0.0, 30.0 * s, py - y - top));
        });
        for index in 0..110 {
            let place = [x + random.between(-1.12, 1.12) * half, y + top + random.between(-34.0, 12.0) * s];
            let green = mix([0.16, 0.36, 0.16], [0.45, 0.62, 0.26], random.unit());
            let bloom = index > 64;
            let colour = if bloom { scale(petals, random.between(0.8, 1.06)) } else { green };
            canvas.disc(place, random.between(4.0, 9.5) * s, 1.4, colour, 1.0);
        }
    }
}
