//! Hot-air balloons over hills in the morning.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, hex, mix, scale, shine};
use super::curve::{fract, smooth};
use super::mountain::HOURS;
use super::noise::Noise;
use super::sky::{Light, clouds, sky, sun};
use crate::random::Random;

/// Hot-air balloons over soft hills.
pub(super) fn balloons(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let hour = &HOURS[*random.pick(&[0, 1, 4, 5])];
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let horizon = h * random.between(0.72, 0.8);
    let light =
        Light { place: [w * random.between(0.15, 0.85), horizon * 0.86], colour: hex(hour.light), radius: 34.0 * s };
    let mist = hex(hour.mist);
    sky(canvas, &Gradient::new(hour.sky), horizon);
    clouds(canvas, noise.layer(40), horizon, 0.22, light, [hex(hour.light), mix(mist, hex(hour.far), 0.4)]);
    sun(canvas, light, 1.0);
    for layer in 0..4 {
        let near = layer as f32 / 3.0;
        let hills = noise.layer(layer + 1);
        let line: Vec<f32> = (0..canvas.columns)
            .map(|x| horizon + h * 0.19 * near - hills.hills(x as f32 / w * (2.0 + near), 4, 0.4) * h * 0.035)
            .collect();
        let body = mix(mix(hex(hour.far), mist, 0.25), mix(hex(hour.near), hex(hour.far), 0.25), near);
        canvas.below(&line, |x, y, depth| {
            let texture = 1.0 + 0.10 * hills.at(x / s * 0.02, y / s * 0.05);
            mix(scale(body, texture), mist, smooth(0.0, h * 0.1, depth) * (0.75 - 0.5 * near))
        });
    }
    let silks: &[[u32; 3]] = &[
        [0xd9412f, 0xf6e7c6, 0xf2a33a],
        [0x20639b, 0xf5f1e6, 0xf6c244],
        [0x8e3b6f, 0xf3b0a1, 0xfbe7d3],
        [0x1f8a70, 0xfdf3d8, 0xe76f51],
        [0xf2c230, 0xd95d39, 0x2d3a56],
        [0xe58fa5, 0xfff3ee, 0x6d5a9c],
    ];
    let mut sizes: Vec<f32> = (0..random.whole(5, 9)).map(|_| random.unit().powi(2)).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.push(1.3);
    for (index, size) in sizes.iter().enumerate() {
        let radius = (18.0 + 120.0 * size) * s;
        // Golden-ratio spacing across, so that balloons rarely cover one another.
        let across = fract(index as f32 * 0.618 + random.between(-0.04, 0.04) + 0.31);
        let place = [w * (0.1 + 0.8 * across), horizon * (0.72 - 0.44 * size.min(1.1) * random.between(0.75, 1.1))];
        let silk = *random.pick(silks);
        let distance = (0.5 - 0.55 * size).clamp(0.0, 0.5);
        balloon(canvas, place, radius, silk.map(|code| mix(hex(code), mist, distance)), light);
    }
}

fn balloon(canvas: &mut Canvas, [x, y]: [f32; 2], radius: f32, silk: [Rgb; 3], light: Light) {
    let side = if light.place[0] < x { -1.0 } else { 1.0 };
    let (top, length) = (y - radius, radius * 2.55);
    let outline = |down: f32| {
        if down < 0.40 {
            (1.0 - ((0.40 - down) / 0.40).powi(2)).max(0.0).sqrt()
        } else {
            let t = (down - 0.40) / 0.60;
            1.0 - 0.84 * t * t * (1.4 - 0.4 * t)
        }
    };
    let rope = mix([0.2, 0.16, 0.14], silk[1], 0.25);
    let (mouth, basket) = (top + length, top + length * 1.13);
    for dx in [-0.13, -0.05, 0.05, 0.13] {
        let from = [x + dx * radius, mouth - radius * 0.1];
        canvas.stroke(from, [x + dx * radius * 0.8, basket], [radius * 0.014 + 0.4; 2], rope, 0.9);
    }
    canvas.plane(
        &[
            [x - radius * 0.15, basket],
            [x + radius * 0.15, basket],
            [x + radius * 0.12, basket + radius * 0.2],
            [x - radius * 0.12, basket + radius * 0.2],
        ],
        mix([0.36, 0.23, 0.13], silk[1], 0.12),
    );
    canvas.shade([x - radius - 1.0, top - 1.0, x + radius + 1.0, mouth], |px, py, pixel| {
        let down = ((py - top) / length).clamp(0.0, 1.0);
        let half = outline(down) * radius;
        let inside = (half - (px - x).abs() + 0.5).clamp(0.0, 1.0);
        if inside > 0.0 {
            let across = ((px - x) / half.max(0.5)).clamp(-1.0, 1.0);
            let gore = ((across.asin() / std::f32::consts::PI + 0.5) * 12.0) as usize;
            let band = (0.5..0.58).contains(&down) || down < 0.07;
            let colour = if band { silk[2] } else { silk[[0, 1, 0, 2][gore % 4]] };
            let lit = 0.72 + 0.34 * across * side - 0.3 * (down - 0.35).max(0.0) - 0.12 * across * across;
            cover(pixel, scale(colour, lit.max(0.3)), inside);
            shine(pixel, light.colour, 0.16 * (across * side).max(0.0) * inside);
        }
    });
}
