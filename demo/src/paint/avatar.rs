//! Profile pictures: a friendly face in flat shapes before a soft background.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, hex, mix, scale};
use super::curve::{length, smooth};
use crate::random::Random;

const SKINS: &[u32] = &[0xf8d9c0, 0xf0c3a0, 0xe0a878, 0xc98a5c, 0xa56a42, 0x7d4a2e, 0x5c3420];
const HAIRS: &[u32] = &[
    0x1c1715, 0x1c1715, 0x2f1f18, 0x2f1f18, 0x4f3020, 0x3a241a, 0x8f8d8e, 0xd8d4cd, 0x9a6430, 0xd0a458, 0xa64a26,
    0x6b4026, 0xb8557d,
];
const BACKS: &[[u32; 2]] = &[
    [0xf9c58d, 0xe8788a],
    [0x8fd3d1, 0x2f7f9a],
    [0xf6e27a, 0xf09a4f],
    [0xb8a9e8, 0x6a5bb8],
    [0xa8dca0, 0x3f8f6f],
    [0xf4b8c8, 0xb5679a],
    [0x9cc4f0, 0x3f6fb5],
    [0xf2dcc0, 0xc89a78],
    [0x3f4a6a, 0x1c2238],
    [0xffb59a, 0xd9563f],
];
const CLOTHES: &[u32] =
    &[0x2f4a6f, 0xd9563f, 0xf2c14e, 0x3f7f6a, 0xf4efe6, 0x2b2b33, 0x8a5aa8, 0xe8909a, 0x6d8f4a, 0xb5793a];

/// A square profile picture's shapes on a square canvas.
pub(super) fn avatar(canvas: &mut Canvas, random: &mut Random) {
    let unit = canvas.w / 100.0;
    let at = move |x: f32, y: f32| [x * unit, y * unit];
    let skin = hex(*random.pick(SKINS));
    // Dark skin with dark or grey hair, light skin with any.
    let hair = hex(HAIRS[random.index(if skin[0] > 0.84 { HAIRS.len() } else { 8 })]);
    let back = *random.pick(BACKS);
    let cloth = hex(*random.pick(CLOTHES));
    let air = Gradient::new(&back);
    let h = canvas.h;
    canvas.shade(canvas.all(), |x, y, pixel| *pixel = air.at((x * 0.35 + y * 0.75) / h));
    canvas.disc(
        at(random.between(10.0, 90.0), random.between(5.0, 40.0)),
        random.between(18.0, 34.0) * unit,
        1.5,
        air.at(0.0),
        0.5,
    );
    canvas.glow(at(25.0, 12.0), 30.0 * unit, [1.0; 3], 0.18);

    let style = *random.pick(&[0, 0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 7]);
    let face = Face { unit, wide: random.between(16.5, 18.5), tall: random.between(20.5, 22.5), skin, hair };
    face.hair_behind(canvas, style);
    shoulders(canvas, random, unit, cloth, skin);
    let shade = scale(skin, 0.86);
    for side in [-1.0, 1.0] {
        canvas
            .ellipse(at(50.0 + side * face.wide * 0.98, 47.0), [3.2 * unit, 4.4 * unit], 0.0, 1.3, |_, _| (shade, 1.0));
    }
    canvas.ellipse(at(50.0, 45.5), [face.wide * unit, face.tall * unit], 0.0, 1.3, |u, v| {
        (scale(skin, 1.03 - 0.06 * u - 0.05 * v), 1.0)
    });
    face.features(canvas, random);
    // Short hair, curls or none: beards go with those.
    if matches!(style, 0 | 6 | 7) && random.chance(0.5) {
        face.beard(canvas);
    }
    face.hair_front(canvas, style);
    if random.chance(0.3) {
        face.glasses(canvas, random.chance(0.5));
    }
    if matches!(style, 0 | 1 | 2 | 6) && random.chance(0.22) {
        face.cap(canvas, hex(*random.pick(CLOTHES)));
    }
}

fn shoulders(canvas: &mut Canvas, random: &mut Random, unit: f32, cloth: Rgb, skin: Rgb) {
    let at = |x: f32, y: f32| [x * unit, y * unit];
    canvas.ellipse(at(50.0, 99.0), [37.0 * unit, 29.0 * unit], 0.0, 1.4, |u, v| {
        (scale(cloth, 1.0 - 0.14 * u - 0.05 * v), 1.0)
    });
    match random.index(3) {
        0 => canvas.ellipse(at(50.0, 72.0), [12.5 * unit, 8.0 * unit], 0.0, 1.3, |_, _| (scale(cloth, 0.86), 1.0)),
        1 => {
            for step in 0..5 {
                let y = 77.0 + 4.6 * step as f32;
                canvas.ellipse(at(50.0, 99.0), [37.0 * unit, 29.0 * unit], 0.0, 1.4, |_, v| {
                    let line = (99.0 + v * 29.0 - y).abs() < 0.9;
                    (mix(cloth, [1.0; 3], 0.75), if line { 0.85 } else { 0.0 })
                });
            }
        }
        _ => {}
    }
    canvas.stroke(at(50.0, 60.0), at(50.0, 71.0), [14.5 * unit, 15.5 * unit], scale(skin, 0.84), 1.0);
    canvas.stroke(at(50.0, 69.0), at(50.0, 72.5), [14.5 * unit, 12.0 * unit], scale(skin, 0.95), 1.0);
}

struct Face {
    unit: f32,
    wide: f32,
    tall: f32,
    skin: Rgb,
    hair: Rgb,
}

impl Face {
    fn at(&self, x: f32, y: f32) -> [f32; 2] {
        [x * self.unit, y * self.unit]
    }

    fn lock(&self, canvas: &mut Canvas, [x, y]: [f32; 2], [rx, ry]: [f32; 2], angle: f32) {
        let hair = self.hair;
        canvas.ellipse(self.at(x, y), [rx * self.unit, ry * self.unit], angle, 1.3, |u, v| {
            (scale(hair, 1.04 - 0.12 * u - 0.14 * v), 1.0)
        });
    }

    /// What of the hair is seen behind head and shoulders.
    fn hair_behind(&self, canvas: &mut Canvas, style: usize) {
        match style {
            1 => {
                self.lock(canvas, [50.0, 52.0], [self.wide + 6.5, 30.0], 0.0);
                for side in [-1.0, 1.0] {
                    self.lock(canvas, [50.0 + side * 16.0, 68.0], [9.0, 20.0], side * 0.12);
                }
            }
            2 => self.lock(canvas, [50.0, 45.0], [self.wide + 6.0, 23.0], 0.0),
            3 => {
                // An afro: a crown of small discs keeps its outline soft.
                self.lock(canvas, [50.0, 36.0], [27.0, 25.0], 0.0);
                let hair = self.hair;
                for step in 0..120 {
                    // A sunflower's spiral spreads the curls evenly.
                    let (angle, far) = (step as f32 * 2.399_963, (step as f32 / 120.0).sqrt());
                    let place = self.at(50.0 + angle.cos() * 27.0 * far, 36.0 + angle.sin() * 24.5 * far);
                    let tone = 1.08 - 0.22 * (angle * 5.0).sin().abs() - 0.1 * far;
                    canvas.disc(place, 2.9 * self.unit, 1.6, scale(hair, tone), 1.0);
                }
            }
            4 => self.lock(canvas, [50.0, 17.5], [8.6, 8.0], 0.0),
            5 => {
                self.lock(canvas, [50.0, 44.0], [self.wide + 3.5, 24.0], 0.0);
                self.lock(canvas, [70.5, 62.0], [5.6, 17.0], -0.2);
            }
            _ => {}
        }
    }

    /// The hair over the forehead; nothing for a shaven head.
    fn hair_front(&self, canvas: &mut Canvas, style: usize) {
        let (hair, skin) = (self.hair, self.skin);
        let hairline = match style {
            6 => {
                let shadow = mix(skin, hair, 0.25);
                canvas.ellipse(
                    self.at(50.0, 45.5),
                    [self.wide * self.unit, self.tall * self.unit],
                    0.0,
                    1.3,
                    |_, v| (shadow, 0.5 * smooth(-0.62, -0.75, v)),
                );
                return;
            }
            3 | 4 => 0.0,
            7 => 5.0,
            _ => 2.5,
        };
        // A cap of hair over the skull, cut by a parting curve.
        let part = if style.is_multiple_of(2) { 0.45 } else { -0.35 };
        canvas.ellipse(
            self.at(50.0, 42.5),
            [(self.wide + 2.2) * self.unit, (self.tall + 1.2) * self.unit],
            0.0,
            1.3,
            |u, v| {
                let line = -0.47 + hairline * 0.02 + 0.21 * (u - part).powi(2) * if style == 7 { 0.2 } else { 1.0 };
                let inside = smooth(line + 0.025, line - 0.025, v);
                let sheen = smooth(0.35, 0.0, (u + 0.35).abs()) * smooth(0.2, 0.0, (v + 0.74).abs()) * 0.22;
                (scale(hair, 1.02 - 0.12 * u + sheen), inside)
            },
        );
        if style == 7 {
            for step in 0..9 {
                let x = 50.0 + (step as f32 - 4.0) * 4.2;
                self.lock(canvas, [x, 25.0 - (4.0 - (step as f32 - 4.0).abs()) * 0.9], [4.6, 5.4], 0.3);
            }
        }
    }

    fn features(&self, canvas: &mut Canvas, random: &mut Random) {
        let (u, skin) = (self.unit, self.skin);
        let dark = [0.13, 0.09, 0.09];
        let (gap, level) = (random.between(6.6, 7.6), random.between(44.5, 46.5));
        let happy = random.chance(0.25);
        // Light eyes with light skin only; dark ones with any.
        let browns = if skin[0] > 0.85 { 5 } else { 3 };
        let iris = hex([0x3a2418, 0x2f1d14, 0x5a3a22, 0x3f6f8f, 0x4f7a4f][random.index(browns)]);
        for side in [-1.0, 1.0] {
            let x = 50.0 + side * gap;
            if happy {
                for half in [-1.0, 1.0] {
                    canvas.stroke(
                        self.at(x, level - 1.2),
                        self.at(x + half * 2.6, level + 0.5),
                        [1.1 * u, 0.8 * u],
                        dark,
                        1.0,
                    );
                }
            } else {
                canvas.ellipse(self.at(x, level), [2.9 * u, 2.1 * u], 0.0, 1.2, |_, _| ([0.98, 0.97, 0.95], 1.0));
                canvas.disc(self.at(x, level), 1.85 * u, 1.2, mix(iris, dark, 0.25), 1.0);
                canvas.disc(self.at(x + 0.6, level - 0.7), 0.6 * u, 1.0, [1.0; 3], 1.0);
                canvas.stroke(self.at(x - 2.9, level - 1.0), self.at(x, level - 2.1), [0.8 * u; 2], dark, 1.0);
                canvas.stroke(self.at(x, level - 2.1), self.at(x + 2.9, level - 1.0), [0.8 * u; 2], dark, 1.0);
            }
            let brow = mix(self.hair, dark, 0.45);
            let slope = -side * random.between(0.0, 0.45);
            canvas.stroke(
                self.at(x - 3.4, level - 5.4 + slope),
                self.at(x + 3.4, level - 5.4 - slope),
                [1.5 * u, 1.3 * u],
                brow,
                0.92,
            );
            let blush = mix(skin, [0.93, 0.34, 0.32], 0.3 * (skin[0] + 0.2));
            canvas.disc(self.at(50.0 + side * 10.4, level + 7.0), 3.6 * u, 4.4 * u, blush, 0.5);
        }
        canvas.stroke(
            self.at(50.4, level + 1.0),
            self.at(51.4, level + 5.6),
            [0.8 * u, 1.2 * u],
            scale(skin, 0.78),
            0.75,
        );
        canvas.stroke(
            self.at(51.4, level + 5.6),
            self.at(49.0, level + 6.0),
            [1.2 * u, 0.9 * u],
            scale(skin, 0.78),
            0.75,
        );
        let (mouth, wide) = (level + 11.2, random.between(4.6, 6.2));
        if random.chance(0.45) {
            canvas.ellipse(self.at(50.0, mouth - 0.6), [wide * u, 4.1 * u], 0.0, 1.2, |_, v| {
                let colour = if v < 0.34 { [0.99, 0.98, 0.96] } else { [0.72, 0.22, 0.24] };
                (colour, smooth(-0.02, 0.04, v))
            });
        } else {
            let lips = mix(scale(skin, 0.6), [0.72, 0.2, 0.22], 0.45);
            let mut last = self.at(50.0 - wide, mouth - 0.8);
            for step in 1..=8 {
                let t = step as f32 / 4.0 - 1.0;
                let next = self.at(50.0 + wide * t, mouth + 1.9 * (1.0 - t * t) - 0.8);
                canvas.stroke(last, next, [1.25 * u; 2], lips, 1.0);
                last = next;
            }
        }
    }

    fn beard(&self, canvas: &mut Canvas) {
        let hair = scale(self.hair, 0.95);
        canvas.ellipse(
            self.at(50.0, 46.0),
            [(self.wide + 0.3) * self.unit, (self.tall + 1.0) * self.unit],
            0.0,
            1.4,
            |u, v| {
                let line = 0.34 - 0.46 * u * u;
                // The mouth stays free.
                let mouth = smooth(0.92, 1.08, length(u / 0.40, (v - 0.53) / 0.17));
                (scale(hair, 1.05 - 0.1 * u), smooth(line - 0.03, line + 0.03, v) * mouth)
            },
        );
    }

    fn glasses(&self, canvas: &mut Canvas, round: bool) {
        let u = self.unit;
        let frame = [0.12, 0.10, 0.12];
        for side in [-1.0, 1.0] {
            let middle = self.at(50.0 + side * 7.3, 46.0);
            let size = if round { [5.5 * u, 5.5 * u] } else { [6.1 * u, 4.9 * u] };
            canvas.ellipse(middle, size, 0.0, 1.3, |a, b| {
                let r = length(a, b);
                (mix([0.9, 0.97, 1.0], frame, smooth(0.78, 0.84, r)), 0.16 + 0.84 * smooth(0.78, 0.84, r))
            });
            canvas.stroke(
                self.at(50.0 + side * 12.8, 45.0),
                self.at(50.0 + side * (self.wide + 0.6), 44.0),
                [1.0 * u; 2],
                frame,
                1.0,
            );
        }
        canvas.stroke(self.at(48.2, 45.2), self.at(51.8, 45.2), [1.0 * u; 2], frame, 1.0);
    }

    fn cap(&self, canvas: &mut Canvas, cloth: Rgb) {
        let u = self.unit;
        canvas.ellipse(self.at(50.0, 34.5), [(self.wide + 3.4) * u, 18.5 * u], 0.0, 1.3, |a, v| {
            (scale(cloth, 1.04 - 0.14 * a - 0.1 * v), smooth(0.06, 0.03, v))
        });
        canvas.stroke(
            self.at(50.0 - self.wide - 1.6, 34.4),
            self.at(50.0 + self.wide + 1.6, 34.4),
            [5.2 * u; 2],
            scale(cloth, 0.82),
            1.0,
        );
        canvas.disc(self.at(50.0, 15.5), 3.4 * u, 1.4, scale(cloth, 1.15), 1.0);
    }
}
