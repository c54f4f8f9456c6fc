//! The canvas: float pixels, a few anti-aliased shapes, and the last step that turns them into an 8-bit picture.

use image::RgbImage;

use super::colour::{Rgb, cover, mix, shine};
use super::curve::smooth;
use super::noise::Noise;

/// A picture in the making. Places are in pixels from the top left corner.
#[derive(Clone)]
pub(super) struct Canvas {
    /// Width in whole pixels.
    pub(super) columns: usize,
    /// Height in whole pixels.
    pub(super) rows: usize,
    /// Width, for arithmetic.
    pub(super) w: f32,
    /// Height, for arithmetic.
    pub(super) h: f32,
    /// How large a thing of one pixel at 1080 is here: shapes scale with it.
    pub(super) s: f32,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A black canvas.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (columns, rows) = (width as usize, height as usize);
        let s = width.min(height) as f32 / 1080.0;
        Self { columns, rows, w: width as f32, h: height as f32, s, pixels: vec![[0.0; 3]; columns * rows] }
    }

    /// The whole picture, as an area for [`Canvas::shade`].
    pub(super) fn all(&self) -> [f32; 4] {
        [0.0, 0.0, self.w, self.h]
    }

    /// Asks `row(y)` for the left and right end of each row and what is the same all along it, then calls
    /// `f(x, y, that, pixel)` for every pixel between them.
    #[inline]
    pub(super) fn spans<R>(
        &mut self,
        [top, bottom]: [f32; 2],
        row: impl Fn(f32) -> ([f32; 2], R),
        mut f: impl FnMut(f32, f32, &R, &mut Rgb),
    ) {
        let inside = |value: f32, limit: usize| (value.max(0.0) as usize).min(limit);
        for number in inside(top, self.rows)..inside(bottom + 0.999, self.rows) {
            let y = number as f32 + 0.5;
            let ([left, right], state) = row(y);
            let (left, right) = (inside(left, self.columns), inside(right + 0.999, self.columns));
            if left < right {
                let mut x = left as f32 + 0.5;
                for pixel in &mut self.pixels[number * self.columns + left..number * self.columns + right] {
                    f(x, y, &state, pixel);
                    x += 1.0;
                }
            }
        }
    }

    /// Calls `f(x, y, pixel)` with the centre of each pixel in `[left, top, right, bottom]`.
    #[inline]
    pub(super) fn shade(&mut self, area: [f32; 4], mut f: impl FnMut(f32, f32, &mut Rgb)) {
        self.spans([area[1], area[3]], |_| ([area[0], area[2]], ()), |x, y, (), pixel| f(x, y, pixel));
    }

    /// Fills whole rows from `top` to `bottom` with the colour of each row's `y`.
    pub(super) fn wash(&mut self, top: f32, bottom: f32, colour: impl Fn(f32) -> Rgb) {
        let (first, last) = (top.max(0.0) as usize, (bottom.ceil().max(0.0) as usize).min(self.rows));
        for row in first..last {
            self.pixels[row * self.columns..(row + 1) * self.columns].fill(colour(row as f32 + 0.5));
        }
    }

    /// The pixel at a place, the nearest one inside for places outside.
    #[inline]
    pub(super) fn sample(&self, x: f32, y: f32) -> Rgb {
        let column = (x.max(0.0) as usize).min(self.columns - 1);
        let row = (y.max(0.0) as usize).min(self.rows - 1);
        self.pixels[row * self.columns + column]
    }

    /// Paints everything under a skyline (one height a column); `colour(x, y, depth)`, depth in pixels under the line.
    pub(super) fn below(&mut self, skyline: &[f32], colour: impl Fn(f32, f32, f32) -> Rgb) {
        self.between(skyline, self.h, colour);
    }

    /// The same down to `bottom` only: what a nearer layer covers anyway need not be painted.
    pub(super) fn between(&mut self, skyline: &[f32], bottom: f32, colour: impl Fn(f32, f32, f32) -> Rgb) {
        let top = skyline.iter().copied().fold(self.h, f32::min);
        self.shade([0.0, top - 1.0, self.w, bottom], |x, y, pixel| {
            let depth = y - skyline[x as usize];
            if depth > -0.5 {
                cover(pixel, colour(x, y, depth.max(0.0)), (depth + 0.5).min(1.0));
            }
        });
    }

    /// A disc; `feather` is the width of its edge in pixels (1 is sharp).
    pub(super) fn disc(&mut self, [x, y]: [f32; 2], radius: f32, feather: f32, colour: Rgb, alpha: f32) {
        let reach = radius + feather;
        self.shade([x - reach, y - reach, x + reach, y + reach], |px, py, pixel| {
            let distance = ((px - x) * (px - x) + (py - y) * (py - y)).sqrt();
            let inside = ((radius - distance) / feather + 0.5).clamp(0.0, 1.0);
            if inside > 0.0 {
                cover(pixel, colour, inside * alpha);
            }
        });
    }

    /// An ellipse with radii `[rx, ry]`, turned by `angle`; `colour(u, v)` with -1..1 along each radius.
    pub(super) fn ellipse(
        &mut self,
        [x, y]: [f32; 2],
        [rx, ry]: [f32; 2],
        angle: f32,
        feather: f32,
        colour: impl Fn(f32, f32) -> (Rgb, f32),
    ) {
        let (sin, cos) = angle.sin_cos();
        let (reach_x, reach_y) = ((rx * cos).hypot(ry * sin) + feather, (rx * sin).hypot(ry * cos) + feather);
        let edge = rx.min(ry) / feather;
        self.shade([x - reach_x, y - reach_y, x + reach_x, y + reach_y], |px, py, pixel| {
            let (dx, dy) = (px - x, py - y);
            let (u, v) = ((dx * cos + dy * sin) / rx, (dy * cos - dx * sin) / ry);
            let inside = ((1.0 - (u * u + v * v).sqrt()) * edge + 0.5).clamp(0.0, 1.0);
            if inside > 0.0 {
                let (colour, alpha) = colour(u, v);
                cover(pixel, colour, inside * alpha);
            }
        });
    }

    /// Light that falls off around a place: half as strong at `radius`.
    pub(super) fn glow(&mut self, [x, y]: [f32; 2], radius: f32, colour: Rgb, strength: f32) {
        let falloff = 1.0 / (radius * radius);
        let reach = radius * 12.0;
        let row = |py: f32| {
            let half = (reach * reach - (py - y) * (py - y)).max(0.0).sqrt();
            ([x - half, x + half], 1.0 + (py - y) * (py - y) * falloff)
        };
        self.spans([y - reach, y + reach], row, |px, _, &down, pixel| {
            // Shifted so that it is exactly zero at the reach: no visible edge.
            let light = 1.0 / (down + (px - x) * (px - x) * falloff) - 1.0 / 145.0;
            shine(pixel, colour, light.max(0.0) * strength);
        });
    }

    /// A line with round ends whose width goes from one value to the other.
    pub(super) fn stroke(&mut self, from: [f32; 2], to: [f32; 2], [start, end]: [f32; 2], colour: Rgb, alpha: f32) {
        let reach = start.max(end) / 2.0 + 1.0;
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = (dx * dx + dy * dy).max(1e-6);
        let area = [
            from[0].min(to[0]) - reach,
            from[1].min(to[1]) - reach,
            from[0].max(to[0]) + reach,
            from[1].max(to[1]) + reach,
        ];
        self.shade(area, |x, y, pixel| {
            let along = (((x - from[0]) * dx + (y - from[1]) * dy) / length).clamp(0.0, 1.0);
            let (ox, oy) = (x - from[0] - dx * along, y - from[1] - dy * along);
            let half = (start + (end - start) * along) / 2.0;
            let inside = (half - (ox * ox + oy * oy).sqrt() + 0.5).clamp(0.0, 1.0);
            if inside > 0.0 {
                cover(pixel, colour, inside * alpha);
            }
        });
    }

    /// An even-odd polygon; `colour(x, y)` with its own alpha.
    pub(super) fn polygon(&mut self, corners: &[[f32; 2]], colour: impl Fn(f32, f32) -> (Rgb, f32)) {
        const SLICES: usize = 4;
        let top = corners.iter().map(|corner| corner[1]).fold(self.h, f32::min).max(0.0) as usize;
        let bottom = corners.iter().map(|corner| corner[1]).fold(0.0, f32::max).min(self.h).ceil() as usize;
        let left = corners.iter().map(|corner| corner[0]).fold(self.w, f32::min).max(0.0) as usize;
        let right = corners.iter().map(|corner| corner[0]).fold(0.0, f32::max).min(self.w).ceil() as usize;
        if left >= right {
            return;
        }
        let mut coverage = vec![0.0f32; right - left];
        let mut crossings = Vec::new();
        for row in top..bottom {
            coverage.fill(0.0);
            for slice in 0..SLICES {
                let y = row as f32 + (slice as f32 + 0.5) / SLICES as f32;
                crossings.clear();
                for (index, &[x1, y1]) in corners.iter().enumerate() {
                    let [x2, y2] = corners[(index + 1) % corners.len()];
                    if (y1 <= y) != (y2 <= y) {
                        let x = x1 + (y - y1) / (y2 - y1) * (x2 - x1);
                        crossings.push(x.clamp(0.0, self.w) - left as f32);
                    }
                }
                crossings.sort_by(f32::total_cmp);
                for span in crossings.chunks_exact(2) {
                    let (first, last) = (span[0] as usize, (span[1].ceil() as usize).min(right - left));
                    for (column, inside) in coverage.iter_mut().enumerate().take(last).skip(first) {
                        let width = span[1].min(column as f32 + 1.0) - span[0].max(column as f32);
                        *inside += width / SLICES as f32;
                    }
                }
            }
            let y = row as f32 + 0.5;
            let line = &mut self.pixels[row * self.columns + left..row * self.columns + right];
            for (column, (pixel, &inside)) in line.iter_mut().zip(&coverage).enumerate() {
                if inside > 0.0 {
                    let (colour, alpha) = colour((left + column) as f32 + 0.5, y);
                    cover(pixel, colour, inside.min(1.0) * alpha);
                }
            }
        }
    }

    /// A polygon of one opaque colour.
    pub(super) fn plane(&mut self, corners: &[[f32; 2]], colour: Rgb) {
        self.polygon(corners, |_, _| (colour, 1.0));
    }

    /// Still water under `surface`: the picture above it upside down, broken by ripples that grow towards the viewer.
    pub(super) fn reflect(&mut self, surface: f32, water: Rgb, noise: Noise, calm: f32) {
        let above = self.clone();
        let (depth, s) = ((self.h - surface).max(1.0), self.s);
        self.shade([0.0, surface, self.w, self.h], |x, y, pixel| {
            let near = (y - surface) / depth;
            let far = 1.0 / (near + 0.06);
            let ripple = noise.at(x / s * 0.006 * (0.35 + far * 0.22), far * 9.0);
            let reach = (3.0 + 34.0 * near) * s / calm;
            let mirrored = above.sample(x + ripple * reach * 0.35, surface - (y - surface) * 0.92 + ripple * reach);
            *pixel = mix(mirrored, water, 0.16 + 0.42 * near + 0.10 * ripple * near);
        });
    }

    /// Vignette, a gentle contrast curve and film grain; then 8 bits a channel.
    pub(super) fn develop(&self, seed: u64, vignette: f32, grain: f32) -> RgbImage {
        let mut bytes = vec![0; self.pixels.len() * 3];
        // The curve and the weight of the grain, looked up: three channels of a million pixels pass here.
        const STEPS: f32 = 1023.0;
        let curve: Vec<[f32; 2]> = (0..=STEPS as usize)
            .map(|step| {
                let value = step as f32 / STEPS;
                let toned = value + (value * value * (3.0 - 2.0 * value) - value) * 0.22;
                // Grain sits in the midtones, as on film; shadows and highlights stay clean.
                [toned * 255.0 + 0.5, 255.0 * grain * (0.35 + toned * (1.0 - toned) * 2.6)]
            })
            .collect();
        let mut state = (seed as u32) | 1;
        let across: Vec<f32> = (0..self.columns).map(|x| (x as f32 / self.w - 0.5).powi(2)).collect();
        let lines = self.pixels.chunks_exact(self.columns).zip(bytes.chunks_exact_mut(self.columns * 3));
        for (row, (line, bytes)) in lines.enumerate() {
            let down = (row as f32 / self.h - 0.5).powi(2);
            for ((pixel, bytes), &off) in line.iter().zip(bytes.chunks_exact_mut(3)).zip(&across) {
                // xorshift32: two halves of its output add up to a triangular distribution, close to film.
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let noise = ((state & 0xffff) as f32 + (state >> 16) as f32) / 65_536.0 - 1.0;
                let light = STEPS - STEPS * vignette * (off + down) * (1.0 + off + down);
                for (byte, channel) in bytes.iter_mut().zip(pixel) {
                    // `as` saturates: what is under 0 or over white needs no clamp of its own.
                    let step = (channel * light + 0.5) as u32;
                    let [toned, weight] = curve[(step as usize).min(STEPS as usize)];
                    *byte = (toned + noise * weight) as u8;
                }
            }
        }
        RgbImage::from_raw(self.columns as u32, self.rows as u32, bytes).unwrap_or_default()
    }

    /// Haze: everything between two heights moves towards a colour, most at the second.
    pub(super) fn haze(&mut self, from: f32, to: f32, colour: Rgb, strength: f32) {
        let (top, bottom) = (from.min(to), from.max(to));
        self.shade([0.0, top, self.w, bottom], |_, y, pixel| {
            cover(pixel, colour, smooth(from, to, y) * strength);
        });
    }
}
