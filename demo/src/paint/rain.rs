//! A rainy window at night.

use super::canvas::Canvas;
use super::colour::{Gradient, cover, hex, mix, scale, shine};
use super::curve::{length, smooth};
use super::noise::Noise;
use crate::random::Random;

/// City lights out of focus behind a window with raindrops.
pub(super) fn rain(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (colours, lamps) = *random.pick::<(&[u32], &[u32])>(&[
        (&[0x0b1230, 0x1a2450, 0x2c2f5f, 0x14162e], &[0xffa63a, 0xff4a42, 0xffd27a, 0x38b0ff, 0xff5fb8]),
        (&[0x10201f, 0x1f3d3c, 0x2f5450, 0x0e1f22], &[0xffb84a, 0x4fe0b0, 0xffe6a8, 0xff5a42, 0x3fa0ff]),
        (&[0x231226, 0x44203f, 0x6a3350, 0x241226], &[0xff8f3a, 0xff3f68, 0xffcf7a, 0xb060ff, 0xff7f8f]),
        (&[0x1a1a1e, 0x34343c, 0x55504c, 0x1c1a1c], &[0xffa43a, 0xffc466, 0xffe9c0, 0xff5230, 0x6fb4e8]),
    ]);
    let air = Gradient::new(colours);
    canvas.wash(0.0, h, |y| air.at(y / h));
    for _ in 0..9 {
        let place = [random.between(0.0, w), h * random.between(0.3, 0.75)];
        canvas.glow(place, random.between(60.0, 150.0) * s, hex(*random.pick(lamps)), 0.3);
    }
    for _ in 0..random.whole(54, 84) {
        let spread = random.between(-1.0, 1.0);
        let place = [random.between(-0.05, 1.05) * w, h * (0.54 + 0.40 * spread * spread.abs())];
        let radius = random.between(22.0, 92.0) * s * (0.5 + 0.7 * spread.abs());
        let (colour, alpha) = (hex(*random.pick(lamps)), random.between(0.2, 0.85));
        let reach = radius + 1.0;
        canvas.shade([place[0] - reach, place[1] - reach, place[0] + reach, place[1] + reach], |x, y, pixel| {
            let distance = length(x - place[0], y - place[1]) / radius;
            let inside = ((1.0 - distance) * radius / 2.2 + 0.5).clamp(0.0, 1.0);
            // The rim of an out-of-focus light is brighter than its middle.
            shine(pixel, colour, inside * alpha * (0.72 + 0.5 * distance.powi(6)));
        });
    }
    let street = canvas.clone();
    let mist = noise.layer(2);
    canvas.shade(canvas.all(), |x, y, pixel| {
        cover(pixel, [0.62, 0.66, 0.76], 0.03 + 0.05 * mist.at(x / s * 0.006, y / s * 0.006).max(0.0));
    });
    for _ in 0..random.whole(5, 9) {
        let (mut x, end) = (random.between(0.05, 0.95) * w, h * random.between(0.35, 0.97));
        let mut y = end - h * random.between(0.15, 0.5);
        while y < end {
            let radius = random.between(3.5, 6.5) * s;
            drop(canvas, &street, [x, y], radius);
            y += random.between(5.0, 26.0) * s;
            x += random.between(-2.5, 2.5) * s;
        }
        drop(canvas, &street, [x, end], random.between(17.0, 32.0) * s);
    }
    for _ in 0..random.whole(420, 620) {
        let radius = (1.8 + 31.0 * random.unit().powi(8)) * s;
        drop(canvas, &street, [random.between(0.0, w), random.between(0.0, h)], radius);
    }
}

/// A raindrop: a lens that shows the street upside down, dark above, bright below.
fn drop(canvas: &mut Canvas, street: &Canvas, [x, y]: [f32; 2], radius: f32) {
    let tall = radius * 1.16;
    canvas.ellipse([x, y], [radius, tall], 0.0, 1.3, |u, v| {
        let bulge = 1.0 + 7.0 * (u * u + v * v);
        let mut colour = street.sample(x - u * radius * bulge * 1.6, y - v * radius * bulge * 2.4);
        colour = scale(mix(colour, street.sample(x, y), 0.3), 1.3 + 0.36 * v - 0.12 * (u * u + v * v));
        shine(&mut colour, [0.9, 0.94, 1.0], smooth(0.55, 0.95, v) * 0.3);
        shine(&mut colour, [1.0; 3], smooth(0.34, 0.12, length(u + 0.32, v + 0.42)) * 0.75);
        (colour, 0.96)
    });
}
