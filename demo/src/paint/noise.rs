//! Gradient noise in one and two dimensions, and coarse fields of it that are interpolated: five octaves at every
//! pixel would cost more than everything else in a picture.

use super::curve::floor;

/// Smooth randomness, the same for the same seed and place.
#[derive(Clone, Copy)]
pub(super) struct Noise(u32);

impl Noise {
    /// Two seeds give two unrelated landscapes.
    pub(super) fn new(seed: u64) -> Self {
        Self((seed ^ (seed >> 32)) as u32)
    }

    /// An unrelated noise, for the next layer of the same picture.
    pub(super) fn layer(self, number: usize) -> Self {
        Self(self.0.wrapping_add((number as u32).wrapping_mul(0x9e37_79b9)))
    }

    #[inline]
    fn hash(self, x: i32, y: i32) -> u32 {
        let mut h = (x as u32).wrapping_mul(0x8da6_b343) ^ (y as u32).wrapping_mul(0xd816_3841) ^ self.0;
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
        h ^ (h >> 15)
    }

    /// One round of the same: enough to choose among sixteen slopes, and four of them make a value.
    #[inline]
    fn slope(self, x: i32, y: i32) -> (f32, f32) {
        let h = (x as u32).wrapping_mul(0x8da6_b343) ^ (y as u32).wrapping_mul(0xd816_3841) ^ self.0;
        SLOPES[((h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d) >> 28) as usize]
    }

    /// White noise of a cell, `0.0..1.0`.
    #[inline]
    pub(super) fn cell(self, x: i32, y: i32) -> f32 {
        (self.hash(x, y) >> 8) as f32 / (1u32 << 24) as f32
    }

    /// About `-1.0..=1.0`, zero at whole numbers, one wave per unit.
    pub(super) fn line(self, x: f32) -> f32 {
        let floor = floor(x);
        let (cell, part) = (floor as i32, x - floor);
        let slope = |cell: i32, offset: f32| (self.cell(cell, 0) * 2.0 - 1.0) * offset;
        let (left, right) = (slope(cell, part), slope(cell + 1, part - 1.0));
        (left + (right - left) * fade(part)) * 2.4
    }

    /// Octaves of `line`, each twice as fine and `gain` as strong.
    pub(super) fn hills(self, x: f32, octaves: usize, gain: f32) -> f32 {
        let (mut sum, mut strength, mut scale) = (0.0, 1.0, 1.0);
        for octave in 0..octaves {
            sum += strength * self.layer(octave).line(x * scale + octave as f32 * 7.31);
            strength *= gain;
            scale *= 2.07;
        }
        sum
    }

    /// About `-1.0..=1.0`, one wave per unit in both directions.
    #[inline]
    pub(super) fn at(self, x: f32, y: f32) -> f32 {
        let (floor_x, floor_y) = (floor(x), floor(y));
        let (cell_x, cell_y) = (floor_x as i32, floor_y as i32);
        let (part_x, part_y) = (x - floor_x, y - floor_y);
        let corner = |dx: i32, dy: i32| {
            let (sx, sy) = self.slope(cell_x + dx, cell_y + dy);
            sx * (part_x - dx as f32) + sy * (part_y - dy as f32)
        };
        let (u, v) = (fade(part_x), fade(part_y));
        let (a, b, c, d) = (corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1));
        let (top, bottom) = (a + (b - a) * u, c + (d - c) * u);
        (top + (bottom - top) * v) * 1.45
    }

    /// Octaves of `at`, each twice as fine and half as strong.
    pub(super) fn cloud(self, x: f32, y: f32, octaves: usize) -> f32 {
        let (mut sum, mut strength, mut scale) = (0.0, 0.5, 1.0);
        for octave in 0..octaves {
            sum += strength * self.layer(octave).at(x * scale, y * scale + octave as f32 * 3.7);
            strength *= 0.5;
            scale *= 2.03;
        }
        sum
    }
}

fn fade(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

/// Sixteen directions of length 1.
const SLOPES: [(f32, f32); 16] = [
    (1.0, 0.0),
    (0.924, 0.383),
    (0.707, 0.707),
    (0.383, 0.924),
    (0.0, 1.0),
    (-0.383, 0.924),
    (-0.707, 0.707),
    (-0.924, 0.383),
    (-1.0, 0.0),
    (-0.924, -0.383),
    (-0.707, -0.707),
    (-0.383, -0.924),
    (0.0, -1.0),
    (0.383, -0.924),
    (0.707, -0.707),
    (0.924, -0.383),
];

/// Values on a coarse grid over the picture, interpolated between its points.
pub(super) struct Field {
    columns: usize,
    top: f32,
    step: f32,
    values: Vec<f32>,
}

impl Field {
    /// Asks `value` for a point every `step` pixels of a picture of this size.
    pub(super) fn new(width: usize, height: usize, step: usize, value: impl Fn(f32, f32) -> f32) -> Self {
        Self::band(width, [0.0, height as f32], step, value)
    }

    /// The same for the rows between two heights only.
    pub(super) fn band(width: usize, [top, bottom]: [f32; 2], step: usize, value: impl Fn(f32, f32) -> f32) -> Self {
        let (top, bottom) = (floor(top), floor(bottom).max(top));
        let (columns, rows) = (width / step + 3, (bottom - top) as usize / step + 3);
        let mut values = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                values.push(value((column * step) as f32, top + (row * step) as f32));
            }
        }
        Self { columns, top, step: 1.0 / step as f32, values }
    }

    /// The value at a pixel; places outside of the picture give the edge's.
    #[inline]
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let rows = self.values.len() / self.columns;
        let (x, y) = ((x * self.step).max(0.0), ((y - self.top) * self.step).max(0.0));
        let (column, row) = ((x as usize).min(self.columns - 2), (y as usize).min(rows - 2));
        let (u, v) = ((x - column as f32).min(1.0), (y - row as f32).min(1.0));
        let first = row * self.columns + column;
        let (a, b) = (self.values[first], self.values[first + 1]);
        let (c, d) = (self.values[first + self.columns], self.values[first + self.columns + 1]);
        let (top, bottom) = (a + (b - a) * u, c + (d - c) * u);
        top + (bottom - top) * v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_bounded_and_varied() {
        let noise = Noise::new(5);
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for step in 0..20_000 {
            let (x, y) = (step as f32 * 0.013 - 90.0, step as f32 * 0.007 - 40.0);
            let here = noise.at(x, y);
            assert!((here - noise.at(x + 0.001, y)).abs() < 0.02);
            assert!((noise.line(x) - noise.line(x + 0.001)).abs() < 0.02);
            (low, high) = (low.min(here), high.max(here));
        }
        assert!((-1.3..-0.5).contains(&low) && (0.5..1.3).contains(&high), "{low} {high}");
        assert_ne!(noise.at(0.4, 0.4).to_bits(), Noise::new(6).at(0.4, 0.4).to_bits());
    }

    #[test]
    fn a_field_equals_its_function_on_the_grid_and_survives_outside() {
        let field = Field::new(64, 48, 4, |x, y| x * 2.0 + y);
        for (x, y) in [(0.0, 0.0), (8.0, 12.0), (63.0, 47.0), (5.0, 6.5)] {
            assert!((field.at(x, y) - (x * 2.0 + y)).abs() < 1e-3);
        }
        assert!(field.at(-50.0, 4e6).is_finite());
        let band = Field::band(64, [20.0, 40.0], 4, |x, y| x * 2.0 + y);
        assert!((band.at(9.0, 31.0) - 49.0).abs() < 1e-3);
        assert_eq!(band.at(9.0, 0.0).to_bits(), band.at(9.0, 20.0).to_bits());
    }
}
