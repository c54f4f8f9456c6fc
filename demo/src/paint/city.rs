//! The city: a skyline at dusk, a rainy window, a façade in the sun.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale};
use super::curve::{floor, smooth};
use super::noise::Noise;
use super::sky::{Light, clouds, sky, stars, sun};
use crate::random::Random;

/// Towers in four rows before an evening sky, often over water.
pub(super) fn city(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (air, light, near, lit) = *random.pick::<(&[u32], u32, u32, f32)>(&[
        (&[0x182452, 0x4a4a8c, 0xb8648c, 0xf8946c, 0xffcf8c], 0xffd698, 0x11122a, 0.42),
        (&[0x070c22, 0x14264e, 0x2f4f86, 0x7c86a8], 0xe6ecff, 0x060a18, 0.58),
        (&[0x2d6ca8, 0x7faed0, 0xd8d8cc, 0xf7e0b4], 0xfff2cc, 0x26343f, 0.16),
        (&[0x2a1b4e, 0x7a3478, 0xe85c74, 0xffa56c], 0xffbe84, 0x170c28, 0.48),
        (&[0x33505f, 0x6d8c92, 0xb4c0b8, 0xe8dcc4], 0xfff3da, 0x1c2a2f, 0.30),
    ]);
    let river = random.chance(0.6);
    let ground = if river { h * random.between(0.68, 0.76) } else { h };
    let horizon = if river { ground } else { h * 0.86 };
    let light = Light {
        place: [w * random.between(0.2, 0.8), horizon * random.between(0.4, 0.72)],
        colour: hex(light),
        radius: random.between(30.0, 56.0) * s,
    };
    let haze = hex(air[air.len() - 1]);
    sky(canvas, &Gradient::new(air), horizon);
    if lit > 0.45 {
        stars(canvas, random, 130, horizon * 0.5);
    }
    clouds(
        canvas,
        noise,
        horizon,
        random.between(0.2, 0.5),
        light,
        [mix(light.colour, haze, 0.4), mix(hex(air[1]), hex(air[2]), 0.6)],
    );
    sun(canvas, light, 0.9);
    for row in 0..4 {
        let close = row as f32 / 3.0;
        let body = mix(mix(haze, hex(air[1]), 0.45), hex(near), 0.18 + 0.82 * close);
        let mut x = -random.between(0.0, 60.0) * s;
        while x < w {
            let wide = random.between(50.0, 116.0) * (0.62 + 0.65 * close) * s;
            let downtown = 1.0 - ((x / w - 0.52) * 1.5).powi(2);
            let tall = horizon * (0.14 + (0.50 - 0.25 * close) * random.unit().powf(1.7) * downtown.max(0.3));
            let tower = Tower { left: x, top: ground - tall, right: x + wide, ground, body, haze, close, lit };
            raise(canvas, random, noise.layer(row * 97 + (x.abs() as usize) % 89), &tower);
            x += wide * random.between(0.82, 1.3);
        }
        canvas.haze(ground - horizon * 0.34, ground, haze, 0.34 * (1.0 - close));
    }
    if river {
        canvas.reflect(ground, scale(hex(air[0]), 0.5), noise.layer(8), 0.85);
        canvas.shade([0.0, ground - 2.0 * s, w, ground + 3.0 * s], |_, _, pixel| cover(pixel, hex(near), 0.8));
    } else {
        street_lights(canvas, random, haze);
    }
}

struct Tower {
    left: f32,
    top: f32,
    right: f32,
    ground: f32,
    body: Rgb,
    haze: Rgb,
    /// 0 far, 1 near.
    close: f32,
    /// Share of windows with a light on.
    lit: f32,
}

fn raise(canvas: &mut Canvas, random: &mut Random, noise: Noise, tower: &Tower) {
    let s = canvas.s;
    let &Tower { left, top, right, ground, body, haze, close, lit } = tower;
    let (wide, middle) = (right - left, (left + right) / 2.0);
    match random.index(6) {
        0 => {
            canvas.plane(&[[left, top], [middle, top - wide * 0.55], [right, top]], body);
            canvas.stroke([middle, top - wide * 0.5], [middle, top - wide * 1.0], [3.0 * s, s], body, 1.0);
        }
        1 => {
            let inset = wide * 0.2;
            let step = [left + inset, top - wide * 0.35, right - inset, top + 1.0];
            canvas.shade(step, |_, _, pixel| *pixel = body);
            canvas.stroke([middle, step[1]], [middle, step[1] - wide * 0.6], [4.0 * s, 1.2 * s], body, 1.0);
        }
        2 => canvas.plane(&[[left, top + 1.0], [left, top - wide * 0.42], [right, top + 1.0]], body),
        3 => canvas.ellipse([middle, top], [wide / 2.0, wide * 0.3], 0.0, 1.2, |_, _| (body, 1.0)),
        _ => {}
    }
    let cell = [(9.0 + 7.0 * close) * s, (13.0 + 8.0 * close) * s];
    // Bands, pairs or single windows: a tower keeps to one habit.
    let habit = random.index(3);
    let warm = random.between(0.0, 1.0);
    let offices = [mix([1.0, 0.8, 0.46], [0.86, 0.92, 1.0], smooth(0.55, 0.95, warm)), [1.0, 0.66, 0.32]];
    let tall = ground - top;
    canvas.shade([left, top, right, ground], |x, y, pixel| {
        let edge = (x - left + 0.5).min(right - x + 0.5).min(y - top + 0.5).clamp(0.0, 1.0);
        let side = 1.0 - 0.14 * smooth(0.0, wide, x - left);
        let mut wall = mix(scale(body, side), haze, 0.32 * (1.0 - close) * (y - top) / tall);
        let (u, v) = ((x - left - cell[0] * 0.4) / cell[0], (y - top - cell[1] * 0.8) / cell[1]);
        let (column, floor) = (floor(u), floor(v));
        let (px, py) = (u - column, v - floor);
        let opening = match habit {
            0 => py < 0.5 && px < 0.9,
            1 => (0.15..0.8).contains(&px) && py < 0.62,
            _ => py < 0.58 && px < 0.6,
        };
        if opening && v > 0.0 && u > 0.0 && x < right - cell[0] * 0.45 {
            let fate = noise.cell(column as i32, floor as i32);
            // Whole floors are sometimes dark or busy.
            let chance = lit * (0.35 + 1.3 * noise.cell(floor as i32, -7));
            if fate < chance {
                let bright = (0.42 + 0.58 * noise.cell(column as i32 + 99, floor as i32)) * (0.5 + 0.5 * close);
                wall = mix(wall, offices[usize::from(fate * 7.0 % 1.0 > 0.8)], bright);
            } else {
                wall = mix(wall, haze, 0.10);
            }
        }
        cover(pixel, wall, edge);
    });
}

fn street_lights(canvas: &mut Canvas, random: &mut Random, haze: Rgb) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    canvas.haze(h * 0.8, h, mix(haze, [0.05, 0.04, 0.09], 0.75), 0.75);
    for _ in 0..56 {
        let depth = random.unit();
        let place = [random.between(0.0, w), h * (0.87 + 0.13 * depth)];
        let colour = hex(*random.pick(&[0xffc873, 0xffe7bd, 0xff8d5c, 0xf6f3ff, 0xff5a4f]));
        let radius = (3.0 + 17.0 * depth) * s;
        canvas.disc(place, radius, radius * 0.2 + 1.0, colour, random.between(0.25, 0.75));
    }
}
