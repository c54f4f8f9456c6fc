//! Coffee from above, with latte art, on a table in window light.

use super::canvas::Canvas;
use super::colour::{hex, mix, scale, shine};
use super::curve::{fract, length, smooth};
use super::noise::{Field, Noise};
use crate::random::Random;

/// A cup of coffee from above with latte art, on wood, stone or linen.
pub(super) fn coffee(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    surface(canvas, random, noise);
    let middle = [w * random.between(0.42, 0.58), h * random.between(0.42, 0.56)];
    let radius = 250.0 * s * random.between(0.92, 1.08);
    let turn = random.between(0.0, std::f32::consts::TAU);
    let china = hex(*random.pick(&[0xfbfaf6, 0xf3ece0, 0x2f4a5a, 0xd9c3a8, 0x9fb8a8, 0x2b2a2c, 0xe3b7a4]));
    beside(canvas, random, middle, radius);
    // Window light from the upper left: every shadow falls to the lower right.
    let shadow = |canvas: &mut Canvas, place: [f32; 2], radius: f32, soft: f32, alpha: f32| {
        canvas.disc([place[0] + soft * 0.6, place[1] + soft * 0.7], radius, soft, [0.06, 0.04, 0.04], alpha);
    };
    shadow(canvas, middle, radius * 1.48, 60.0 * s, 0.45);
    canvas.disc(middle, radius * 1.5, 1.4, scale(china, 0.96), 1.0);
    canvas.ellipse(middle, [radius * 1.5; 2], 0.0, 1.4, |u, v| {
        let r = length(u, v);
        let lit = 0.5 - 0.5 * (u * 0.6 + v * 0.8) / r.max(0.01);
        let rim = smooth(0.93, 0.97, r) * (lit - 0.4) * 0.3 - smooth(0.60, 0.82, r) * (lit - 0.5) * 0.12;
        (scale(china, 0.93 + rim), 1.0)
    });
    shadow(canvas, middle, radius * 1.02, 46.0 * s, 0.42);
    let (sin, cos) = turn.sin_cos();
    let (from, to) = (radius * 0.9, radius * 1.42);
    let handle = |r: f32, dx: f32, dy: f32| [middle[0] + cos * r + dx, middle[1] + sin * r + dy];
    canvas.stroke(
        handle(from, 14.0 * s, 18.0 * s),
        handle(to, 14.0 * s, 18.0 * s),
        [64.0 * s, 52.0 * s],
        [0.1, 0.07, 0.06],
        0.25,
    );
    canvas.stroke(handle(from, 0.0, 0.0), handle(to, 0.0, 0.0), [62.0 * s, 50.0 * s], scale(china, 0.9), 1.0);
    canvas.stroke(
        handle(from, -5.0 * s, -6.0 * s),
        handle(to, -5.0 * s, -6.0 * s),
        [34.0 * s, 26.0 * s],
        scale(china, 1.04),
        0.8,
    );
    canvas.ellipse(middle, [radius; 2], 0.0, 1.4, |u, v| {
        let lit = 0.5 - 0.5 * (u * 0.6 + v * 0.8);
        (scale(china, 0.86 + 0.18 * lit), 1.0)
    });
    canvas.ellipse(middle, [radius * 0.93; 2], 0.0, 1.4, |u, v| (scale(china, 0.62 + 0.2 * (u * 0.6 + v * 0.8)), 1.0));
    let art = random.index(4);
    let swirl = noise.layer(4);
    let (crema, deep) = (hex(0xb5733a), hex(0x5e2f14));
    let tilt = turn + 2.2 + random.between(-0.4, 0.4);
    let (sin, cos) = tilt.sin_cos();
    canvas.ellipse(middle, [radius * 0.885; 2], 0.0, 1.4, |u, v| {
        let (x, y) = (u * cos + v * sin, v * cos - u * sin);
        let r = length(u, v);
        let cloud = swirl.cloud(u * 3.0 + 9.0, v * 3.0, 4);
        let mut colour = mix(crema, deep, smooth(0.55, 1.02, r + cloud * 0.22) * 0.85 + 0.15 * smooth(0.0, 0.4, cloud));
        let milk = match art {
            0 => rosetta(x, y, cloud),
            1 => heart(x, y, cloud),
            2 => tulip(x, y, cloud),
            _ => 0.0,
        };
        if art == 3 {
            // Black coffee: a dark mirror with a paler edge and a few bubbles.
            colour = mix(hex(0x1e0f08), hex(0x6a3a1a), smooth(0.8, 1.0, r) * 0.85 + 0.08 * cloud);
            shine(&mut colour, [0.9, 0.95, 1.0], smooth(0.5, 0.0, length(u + 0.34, (v + 0.42) * 1.6)) * 0.3);
        }
        colour = mix(colour, [0.985, 0.945, 0.87], milk);
        // The cup's wall throws a shadow on the coffee.
        (scale(colour, 1.02 - 0.34 * smooth(0.12, -0.05, 0.93 - length(u + 0.09, v + 0.11)) - 0.08 * (u + v)), 1.0)
    });
    for bubble in 0..if art == 3 { 26 } else { 0 } {
        let angle = bubble as f32 * 0.35 + turn;
        let place = [middle[0] + angle.cos() * radius * 0.82, middle[1] + angle.sin() * radius * 0.82];
        canvas.disc(place, random.between(2.0, 6.0) * s, 1.5, [0.76, 0.55, 0.36], 0.7);
    }
    window_light(canvas, random);
}

/// A leaf of many milk ripples.
fn rosetta(x: f32, y: f32, cloud: f32) -> f32 {
    let along = (y + 0.72) / 1.4;
    if !(0.0..1.0).contains(&along) {
        return 0.0;
    }
    let half = 0.62 * (along.powf(0.6) * (1.0 - along).powf(0.42)) * 1.55;
    let ripples = ((along * 8.5 + x.abs() * 2.5 * (0.5 + along) + cloud * 0.12) * std::f32::consts::TAU).sin();
    let leaf = smooth(0.03, -0.03, x.abs() - half) * smooth(-0.35, 0.25, ripples);
    leaf.max(smooth(0.03, 0.012, x.abs()) * smooth(0.0, 0.1, along))
}

/// A heart with a ring around it.
fn heart(x: f32, y: f32, cloud: f32) -> f32 {
    let (px, py) = (x * 1.55, -y * 1.55 - 0.12);
    let lobes = px * px + (py - 0.62 * px.abs().sqrt()).powi(2);
    let ring = ((lobes + cloud * 0.1).sqrt() * 1.02 - 1.12).abs();
    smooth(0.80, 0.72, lobes + cloud * 0.08).max(smooth(0.075, 0.045, ring) * 0.9)
}

/// Three stacked crescents with a small heart on top.
fn tulip(x: f32, y: f32, cloud: f32) -> f32 {
    let mut milk: f32 = 0.0;
    for step in 0..4 {
        let centre = 0.46 - 0.3 * step as f32;
        let size = 0.42 - 0.07 * step as f32;
        let outer = length(x / (size * 1.25), (y - centre) / size) + cloud * 0.12;
        let inner = length(x / (size * 1.1), (y - centre + size * 0.72) / size);
        milk = milk.max(smooth(1.0, 0.93, outer) * smooth(0.92, 1.02, inner + if step == 3 { 9.0 } else { 0.0 }));
    }
    milk
}

/// The table: planks, marble or cloth.
fn surface(canvas: &mut Canvas, random: &mut Random, noise: Noise) {
    let (w, s) = (canvas.w, canvas.s);
    let all = canvas.all();
    let (kind, colours): (usize, [u32; 2]) = *random.pick(&[
        (0, [0xa8713f, 0x6d4223]),
        (0, [0x5c3a24, 0x2e1b10]),
        (0, [0xdcb98a, 0xb58c5a]),
        (1, [0xf1efec, 0xa8a5a8]),
        (1, [0x3a4148, 0x8a8f94]),
        (2, [0xe4dccb, 0xc8bba2]),
        (2, [0x8fa3b0, 0x6d8494]),
        (2, [0xd9a08c, 0xba7c68]),
    ]);
    let [light, dark] = colours.map(hex);
    if kind == 0 {
        let plank = random.between(170.0, 260.0) * s;
        let figure = Field::new(canvas.columns, canvas.rows, 2, |x, y| {
            let board = noise.layer((y / plank) as usize);
            let bend = board.at(x / s * 0.0022, y / s * 0.007) * 1.6;
            let rings = ((y / s * 0.05 + bend * 2.6) * std::f32::consts::TAU * 0.5).sin();
            rings * 0.32 + board.cloud(x / s * 0.004, y / s * 0.12, 3) * 0.9 + (board.cell(0, 0) - 0.5) * 0.5
        });
        canvas.shade(all, |x, y, pixel| {
            let seam = (fract(y / plank) * plank).min((1.0 - fract(y / plank)) * plank);
            *pixel = scale(
                mix(dark, light, (0.5 + figure.at(x, y) * 0.55).clamp(0.0, 1.0)),
                0.45 + 0.55 * smooth(0.0, 4.0 * s, seam),
            );
        });
    } else if kind == 1 {
        let veins = Field::new(canvas.columns, canvas.rows, 3, |x, y| {
            let (u, v) = (x / w * 2.2, y / w * 2.2);
            let warp = noise.cloud(u, v, 4);
            let vein = (noise.layer(3).cloud(u * 0.9 + warp * 1.2, v * 0.9 + warp, 4) * 3.0).abs();
            smooth(0.28, 0.0, vein) * 0.75 + warp * 0.22
        });
        canvas.shade(all, |x, y, pixel| *pixel = mix(light, dark, veins.at(x, y).clamp(0.0, 1.0)));
    } else {
        let folds = Field::new(canvas.columns, canvas.rows, 6, |x, y| noise.cloud(x / w * 1.5 + y / w, y / w * 0.8, 3));
        canvas.shade(all, |x, y, pixel| {
            let weave = noise.cell(x as i32 / 2, y as i32) * 0.06 + noise.cell(x as i32, y as i32 / 2 + 5_000) * 0.06;
            *pixel = scale(mix(dark, light, (0.55 + folds.at(x, y) * 1.3).clamp(0.0, 1.0)), 0.94 + weave);
        });
    }
}

/// What lies around the cup: a notebook, cookies, leaves, beans.
fn beside(canvas: &mut Canvas, random: &mut Random, [x, y]: [f32; 2], radius: f32) {
    let s = canvas.s;
    let side = if random.chance(0.5) { 1.0 } else { -1.0 };
    let corner = [x + side * radius * 1.75, y - radius * random.between(1.3, 1.75)];
    if random.chance(0.6) {
        let (sin, cos) = random.between(-0.4, 0.4).sin_cos();
        let cloth = hex(*random.pick(&[0x2f3f4f, 0xb5543f, 0x3f6b5a, 0xe9d9b8, 0x7d5a82]));
        let page = |half_w: f32, half_h: f32, shift: f32| {
            [[-half_w, -half_h], [half_w, -half_h], [half_w, half_h], [-half_w, half_h]].map(|[dx, dy]| {
                [corner[0] + dx * cos - dy * sin + shift, corner[1] + dx * sin + dy * cos + shift * 1.2]
            })
        };
        let half = [radius * 0.82, radius * 1.1];
        for blur in [18.0, 12.0, 6.0] {
            canvas.polygon(&page(half[0], half[1], blur * s), |_, _| ([0.05, 0.04, 0.04], 0.14));
        }
        canvas.plane(&page(half[0], half[1], 4.0 * s), [0.93, 0.9, 0.83]);
        canvas.plane(&page(half[0], half[1], 0.0), cloth);
        canvas.plane(&page(half[0] * 0.62, half[1] * 0.16, 0.0), scale(mix(cloth, [1.0, 0.95, 0.85], 0.75), 0.98));
    }
    let plate = [x - side * radius * 1.9, y + radius * random.between(1.3, 1.9)];
    if random.chance(0.6) {
        for index in 0..3 {
            let angle = index as f32 * 2.1 + random.between(0.0, 0.6);
            let place = [plate[0] + angle.cos() * radius * 0.5, plate[1] + angle.sin() * radius * 0.5];
            let size = radius * 0.42;
            canvas.disc([place[0] + 9.0 * s, place[1] + 12.0 * s], size, 22.0 * s, [0.06, 0.04, 0.03], 0.45);
            canvas.disc(place, size, 1.6, [0.80, 0.57, 0.33], 1.0);
            canvas.ellipse(place, [size; 2], 0.0, 1.6, |u, v| {
                (scale([0.86, 0.64, 0.39], 0.92 - 0.14 * (u + v)), smooth(1.0, 0.7, length(u, v)))
            });
            for _ in 0..15 {
                let (turn, far) = (random.between(0.0, 6.3), random.unit().sqrt() * size * 0.82);
                let chip = [place[0] + turn.cos() * far, place[1] + turn.sin() * far];
                canvas.disc(chip, random.between(6.0, 13.0) * s, 2.0, [0.26, 0.14, 0.08], 0.95);
            }
        }
    }
    for _ in 0..random.whole(6, 18) {
        let place = [x + random.between(-2.2, 2.2) * radius, y + random.between(-2.4, 2.4) * radius];
        if length(place[0] - x, place[1] - y) < radius * 1.62 {
            continue;
        }
        let angle = random.between(0.0, 3.1);
        canvas.ellipse([place[0] + 4.0 * s, place[1] + 5.0 * s], [20.0 * s, 14.0 * s], angle, 8.0, |_, _| {
            ([0.05, 0.03, 0.02], 0.4)
        });
        canvas.ellipse(place, [19.0 * s, 13.0 * s], angle, 1.4, |u, v| {
            let groove = smooth(0.14, 0.02, (v - 0.16 * (u * 3.0).sin()).abs());
            (scale([0.32, 0.18, 0.10], 1.15 - 0.35 * v - 0.65 * groove), 1.0)
        });
    }
}

/// Light through a window: soft bright bars over everything.
fn window_light(canvas: &mut Canvas, random: &mut Random) {
    let (w, h, s) = (canvas.w, canvas.h, canvas.s);
    let (slope, offset, bar) =
        (random.between(0.35, 0.8), random.between(-0.3, 0.2) * w, random.between(300.0, 430.0) * s);
    canvas.shade(canvas.all(), |x, y, pixel| {
        let across = fract((x + y * slope - offset) / bar);
        let pane = smooth(0.0, 0.10, across) * smooth(0.86, 0.76, across);
        let fade = smooth(1.25, 0.15, x / w * 0.6 + y / h * 0.7);
        shine(pixel, [1.0, 0.9, 0.72], 0.24 * pane * fade);
        *pixel = scale(*pixel, 0.84 + 0.16 * pane.max(1.0 - fade));
    });
}
