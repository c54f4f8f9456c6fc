//! What many outdoor scenes share: sky, sun, clouds, stars, birds, conifers, a person for scale.

use super::canvas::Canvas;
use super::colour::{Gradient, Rgb, cover, mix, shine};
use super::curve::{fract, smooth};
use super::noise::{Field, Noise};
use crate::random::Random;

/// A sun or moon and the colour of its light.
#[derive(Clone, Copy)]
pub(super) struct Light {
    /// Where it stands, in pixels.
    pub(super) place: [f32; 2],
    /// Its colour and that of its glow.
    pub(super) colour: Rgb,
    /// Radius of the disc in pixels.
    pub(super) radius: f32,
}

/// The sky from the top edge (start of the gradient) down to `horizon` (its end), and that colour below.
pub(super) fn sky(canvas: &mut Canvas, colours: &Gradient, horizon: f32) {
    let bottom = canvas.h;
    canvas.wash(0.0, bottom, |y| colours.at(y / horizon));
}

/// A wide glow, a narrow one and the disc itself.
pub(super) fn sun(canvas: &mut Canvas, light: Light, glow: f32) {
    let s = canvas.s;
    canvas.glow(light.place, 330.0 * s, light.colour, 0.42 * glow);
    canvas.glow(light.place, light.radius * 2.2, light.colour, 0.55 * glow);
    canvas.disc(light.place, light.radius, 2.5 * s, mix(light.colour, [1.0; 3], 0.55), 0.96);
}

/// Clouds that flatten towards `horizon`; `amount` 0..1 is how much of the sky they take.
pub(super) fn clouds(
    canvas: &mut Canvas,
    noise: Noise,
    horizon: f32,
    amount: f32,
    light: Light,
    [lit, shadow]: [Rgb; 2],
) {
    let (w, s) = (canvas.w, canvas.s);
    let place = |x: f32, y: f32| {
        // A flat ceiling of cloud seen in perspective: rows crowd together near the horizon.
        let far = 1.0 / (0.16 + (horizon - y).max(0.0) / horizon);
        ((x / w - 0.5) * 1.3 * far.sqrt() + 11.0, far * 1.9)
    };
    let toward = [(light.place[0] / w - 0.5) * 0.25, -0.2];
    let density = Field::band(canvas.columns, [0.0, horizon], 4, |x, y| {
        let (u, v) = place(x, y.min(horizon));
        noise.cloud(u, v, 5)
    });
    let shade = Field::band(canvas.columns, [0.0, horizon], 8, |x, y| {
        let (u, v) = place(x, y.min(horizon));
        noise.cloud(u + toward[0], v + toward[1], 3)
    });
    let edge = 0.34 - 0.62 * amount;
    canvas.shade([0.0, 0.0, w, horizon], |x, y, pixel| {
        let thickness = density.at(x, y);
        let alpha = smooth(edge, edge + 0.34, thickness) * smooth(0.0, 60.0 * s, horizon - y);
        if alpha > 0.0 {
            let open = smooth(-0.22, 0.3, thickness - shade.at(x, y));
            cover(pixel, mix(shadow, lit, open), alpha * 0.82);
        }
    });
}

/// Stars above `horizon`: many faint, few bright ones with a glow.
pub(super) fn stars(canvas: &mut Canvas, random: &mut Random, count: usize, horizon: f32) {
    let s = canvas.s.max(0.4);
    for _ in 0..count {
        let place = [random.between(0.0, canvas.w), random.between(0.0, horizon)];
        let magnitude = random.unit().powi(6);
        let warmth = random.unit();
        let colour = mix([0.72, 0.82, 1.0], [1.0, 0.9, 0.74], warmth * warmth);
        let low = smooth(horizon, horizon * 0.7, place[1]);
        let radius = (0.55 + 1.5 * magnitude) * s;
        canvas.disc(place, radius, 1.3 * s, colour, (0.22 + 0.78 * magnitude.sqrt()) * (0.25 + 0.75 * low));
        if magnitude > 0.55 {
            canvas.glow(place, radius * 1.8, colour, 0.45);
        }
    }
}

/// A loose flock of birds around a place.
pub(super) fn birds(canvas: &mut Canvas, random: &mut Random, [x, y]: [f32; 2], colour: Rgb) {
    let s = canvas.s;
    for _ in 0..random.whole(4, 9) {
        let [x, y] = [x + random.between(-190.0, 190.0) * s, y + random.between(-70.0, 70.0) * s];
        let (span, lift) = (random.between(7.0, 15.0) * s, random.between(2.0, 6.0) * s);
        for side in [-1.0, 1.0] {
            let elbow = [x + side * span * 0.5, y - lift];
            canvas.stroke([x, y], elbow, [2.4 * s, 1.8 * s], colour, 0.85);
            canvas.stroke(elbow, [x + side * span, y - lift * 0.35], [1.8 * s, 0.7 * s], colour, 0.85);
        }
    }
}

/// A conifer standing at `[x, base]`: tiers of drooping boughs; `snow` 0..1 whitens the upper side of each.
pub(super) fn conifer(canvas: &mut Canvas, noise: Noise, [x, base]: [f32; 2], height: f32, colour: Rgb, snow: f32) {
    let tiers = (height / (26.0 * canvas.s)).clamp(4.0, 13.0);
    let (width, tip) = (height * 0.21, base - height);
    let seed = (x * 3.1) as i32;
    let trunk = [x, base + height * 0.02];
    canvas.stroke([x, base - height * 0.2], trunk, [height * 0.02, height * 0.035], mix(colour, [0.0; 3], 0.3), 1.0);
    let row = |y: f32| {
        let down = (y - tip) / height;
        let tier = fract(down.max(0.0).powf(0.8) * tiers);
        let reach = [0, 1].map(|side| {
            let jag = noise.cell((y / 3.0) as i32, seed + side) * 0.34;
            width * down * (0.5 + 0.52 * tier + jag) + 0.6
        });
        ([x - reach[0] - 1.0, x + reach[1] + 1.0], (tier, reach))
    };
    canvas.spans([tip, base - height * 0.05], row, |px, py, &(tier, reach), pixel| {
        let half = reach[usize::from(px > x)];
        let inside = (half - (px - x).abs() + 0.5).clamp(0.0, 1.0);
        if inside > 0.0 {
            let side = (px - x) / half;
            let mut shade = mix(colour, [0.0; 3], 0.12 + 0.2 * tier + 0.12 * side.clamp(-1.0, 1.0));
            if snow > 0.0 {
                let flake = noise.cell(px as i32 / 3, py as i32 / 3);
                let white = smooth(0.75, 0.2, tier + flake * 0.45 - 0.1) * snow;
                shade = mix(shade, [0.93 - 0.14 * side.max(0.0), 0.95 - 0.1 * side.max(0.0), 0.99], white);
            }
            cover(pixel, shade, inside);
        }
    });
}

/// A standing person of this height, seen from behind.
pub(super) fn wanderer(canvas: &mut Canvas, [x, ground]: [f32; 2], height: f32, [coat, dark]: [Rgb; 2]) {
    let at = |dx: f32, up: f32| [x + dx * height, ground - up * height];
    let width = |part: f32| part * height;
    for side in [-1.0, 1.0] {
        canvas.stroke(at(0.055 * side, 0.48), at(0.085 * side, 0.02), [width(0.12), width(0.075)], dark, 1.0);
        canvas.stroke(at(0.12 * side, 0.78), at(0.17 * side, 0.46), [width(0.09), width(0.065)], coat, 1.0);
    }
    canvas.stroke(at(0.0, 0.77), at(0.0, 0.5), [width(0.27), width(0.24)], coat, 1.0);
    canvas.disc(at(0.0, 0.925), width(0.075), 1.0, mix(dark, coat, 0.15), 1.0);
}

/// A band of light across the sky, brightest in its middle and broken by noise; for galaxies.
pub(super) fn milky_way(canvas: &mut Canvas, noise: Noise, tilt: f32, horizon: f32) {
    let w = canvas.w;
    let (sin, cos) = tilt.sin_cos();
    let scale = 1.0 / w.max(horizon);
    let place = |x: f32, y: f32| {
        let (dx, dy) = ((x - w * 0.52) * scale, (y - horizon * 0.45) * scale);
        (dx * cos + dy * sin, dy * cos - dx * sin)
    };
    let light = Field::band(canvas.columns, [0.0, horizon * 1.05], 4, |x, y| {
        let (u, v) = place(x, y);
        let v = v + noise.layer(9).line(u * 2.0) * 0.05;
        let cloud = noise.cloud(u * 5.0, v * 9.0, 5);
        let lane = (1.0 - (noise.layer(5).cloud(u * 4.0 + 3.0, v * 12.0, 4) * 3.4).abs()).max(0.0);
        let core = (-v * v * 46.0).exp();
        let dust = lane * (-v * v * 300.0).exp();
        (core * (0.55 + 0.95 * cloud) - dust * 0.62).max(0.0)
    });
    canvas.shade([0.0, 0.0, w, horizon * 1.05], |x, y, pixel| {
        let bright = light.at(x, y) * smooth(horizon * 1.05, horizon * 0.6, y);
        if bright > 0.0 {
            let colour = mix([0.42, 0.42, 0.78], [1.0, 0.83, 0.74], (bright * 1.25).min(1.0));
            shine(pixel, colour, bright * 0.72);
        }
    });
}
