//! The inverse cosine transform, from a block's 8 × 8 coefficients to N × N pixels (ISO/IEC 10918-1, A.3.3).
//!
//! The lowest N × N coefficients are those of an N × N block that shows the same with less detail, so that transforming
//! these alone is both the cheapest way to a smaller picture and a good low-pass filter. As matrices: pixels = A·C·Aᵀ.
//!
//! Eight blocks that stand side by side are transformed at once: what is done with the same coefficient of each is one
//! instruction, and nothing must change places until the pixels do.

use std::f32::consts::PI;

use super::marker::NATURAL;

/// Blocks that are transformed at once.
pub(super) const LANES: usize = 8;

/// The coefficients of [`LANES`] blocks, as they are stored: in steps and in the order of a scan. Those of the same number
/// lie together. Behind the 64th is room for what is beyond a block's end.
pub(super) type Strip = [i16; ROOM + LANES];

/// Numbers of a strip from one block's first coefficient on.
pub(super) const ROOM: usize = 256 * LANES;

/// The transform to a certain number of pixels a side.
pub(super) struct Inverse {
    side: usize,
    /// `shares[x][k]`: how much of frequency k is in pixel x.
    pub(super) shares: [[f32; 8]; 8],
    /// Quantisation steps, in rows of 8.
    pub(super) steps: [[f32; 8]; 8],
}

/// The share of frequency `k` in sample `x` of `n`. Scaled so that the mean stays what it was among 8.
fn share(n: usize, x: usize, k: usize) -> f32 {
    let dc = if k == 0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
    0.5 * dc * ((2 * x + 1) as f32 * k as f32 * PI / (2 * n) as f32).cos()
}

/// Adding this leaves a number between ±2²¹ rounded to the nearest integer in the low bits of its representation.
pub(super) const ROUND: f32 = 12_582_912.0;

/// The pixel for a number around zero.
#[inline(always)]
fn to_byte(value: f32) -> u8 {
    ((value + 128.0).clamp(0.0, 255.0) + ROUND).to_bits() as u8
}

impl Inverse {
    /// To `side` × `side` pixels, 1 to 8, from coefficients in these steps, in rows of 8.
    pub(super) fn new(side: usize, steps: &[u16; 64]) -> Inverse {
        let share = |x: usize, k: usize| if x < side && k < side { share(side, x, k) } else { 0.0 };
        let shares = std::array::from_fn(|x| std::array::from_fn(|k| share(x, k)));
        let steps = std::array::from_fn(|v| std::array::from_fn(|u| f32::from(steps[v * 8 + u])));
        Inverse { side, shares, steps }
    }

    /// Pixels a side.
    #[inline(always)]
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// Writes the blocks' pixels to the first bytes of as many rows, `stride` bytes apart, and leaves zeros in the strip where
    /// it looks.
    pub(super) fn run(&self, strip: &mut Strip, pixels: &mut [u8], stride: usize) {
        match self.side {
            1 => self.to_side::<1>(strip, pixels, stride),
            2 => self.to_side::<2>(strip, pixels, stride),
            3 => self.to_side::<3>(strip, pixels, stride),
            4 => self.to_side::<4>(strip, pixels, stride),
            5 => self.to_side::<5>(strip, pixels, stride),
            6 => self.to_side::<6>(strip, pixels, stride),
            7 => self.to_side::<7>(strip, pixels, stride),
            _ => self.to_side::<8>(strip, pixels, stride),
        }
    }

    fn to_side<const N: usize>(&self, strip: &mut Strip, pixels: &mut [u8], stride: usize) {
        let mut rows = [[[0f32; LANES]; N]; N];
        for u in 0..N {
            let column = std::array::from_fn(|v| {
                let stored = take(strip, v, u);
                stored.map(|value| f32::from(value) * self.steps[v][u])
            });
            for (row, value) in rows.iter_mut().zip(self.line::<N>(&column)) {
                row[u] = value;
            }
        }
        for (y, row) in rows.iter().enumerate() {
            let target = &mut pixels[y * stride..][..LANES * N];
            for (x, values) in self.line::<N>(row).iter().enumerate() {
                for (lane, &value) in values.iter().enumerate() {
                    target[lane * N + x] = to_byte(value);
                }
            }
        }
    }

    /// The transform in one direction. A cosine is even or odd about the middle: samples that mirror each other share
    /// their products.
    #[inline(always)]
    fn line<const N: usize>(&self, frequencies: &[[f32; LANES]; N]) -> [[f32; LANES]; N] {
        let mut samples = [[0.0; LANES]; N];
        for x in 0..N.div_ceil(2) {
            let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
            for (k, frequency) in frequencies.iter().enumerate() {
                add_product(if k % 2 == 0 { &mut even } else { &mut odd }, frequency, self.shares[x][k]);
            }
            samples[N - 1 - x] = std::array::from_fn(|lane| even[lane] - odd[lane]);
            samples[x] = std::array::from_fn(|lane| even[lane] + odd[lane]);
        }
        samples
    }
}

/// The coefficients of a vertical and a horizontal frequency, which become zero.
#[inline(always)]
pub(super) fn take(strip: &mut Strip, v: usize, u: usize) -> [i16; LANES] {
    match strip.as_chunks_mut::<LANES>().0.get_mut(usize::from(ORDER[v][u])) {
        Some(stored) => std::mem::take(stored),
        None => [0; LANES],
    }
}

/// Of each vertical and horizontal frequency, its number in the order of a scan.
const ORDER: [[u8; 8]; 8] = {
    let mut order = [[0; 8]; 8];
    let mut k = 0;
    while k < 64 {
        order[NATURAL[k] as usize / 8][NATURAL[k] as usize % 8] = k as u8;
        k += 1;
    }
    order
};

/// `sum += row × factor`.
#[inline(always)]
pub(super) fn add_product(sum: &mut [f32; 8], row: &[f32; 8], factor: f32) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value * factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forward transform of 8 × 8 samples by its definition (A.3.3), in 64 bits.
    fn forward(samples: impl Fn(f64, f64) -> f64) -> [i16; 64] {
        std::array::from_fn(|index| {
            let (v, u) = (index / 8, index % 8);
            let scale = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
            let wave = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
            let mut sum = 0.0;
            for y in 0..8 {
                for x in 0..8 {
                    sum += (samples(x as f64, y as f64) - 128.0) * wave(x, u) * wave(y, v);
                }
            }
            (0.25 * scale(u) * scale(v) * sum).round() as i16
        })
    }

    /// The pixels of eight blocks, each after the other.
    fn inverse(blocks: [[i16; 64]; LANES], side: usize) -> [Vec<u8>; LANES] {
        let mut strip: Strip = [0; ROOM + LANES];
        for (at, value) in strip[..64 * LANES].iter_mut().enumerate() {
            *value = blocks[at % LANES][usize::from(NATURAL[at / LANES])];
        }
        let stride = LANES * side + 3;
        let inverse = Inverse::new(side, &[1; 64]);
        let run = |run: &dyn Fn(&mut Strip, &mut [u8])| {
            let (mut strip, mut pixels) = (strip, vec![77; side * stride]);
            run(&mut strip, &mut pixels);
            assert!((0..side * side).all(|at| take(&mut strip, at / side, at % side) == [0; LANES]));
            assert!(pixels.chunks(stride).all(|row| row[LANES * side..] == [77; 3]));
            pixels
        };
        let pixels = run(&|strip, pixels| inverse.run(strip, pixels, stride));
        #[cfg(target_arch = "x86_64")]
        if crate::jpeg::wide::is_supported() {
            #[expect(unsafe_code, reason = "functions for certain processors can't be called otherwise")]
            // SAFETY: the processor has what the function is compiled for.
            let wide = run(&|strip, pixels| unsafe { inverse.run_wide(strip, pixels, stride) });
            assert_eq!(wide, pixels);
        }
        std::array::from_fn(|lane| pixels.chunks(stride).flat_map(|row| &row[lane * side..][..side]).copied().collect())
    }

    #[test]
    fn at_full_size_pixels_come_back() {
        let picture = |lane: usize| {
            move |x: f64, y: f64| 128.0 + 90.0 * (x * 1.3 + y + lane as f64).sin() + 20.0 * (y * 2.9).cos()
        };
        let blocks = inverse(std::array::from_fn(|lane| forward(picture(lane))), 8);
        for (lane, pixels) in blocks.iter().enumerate() {
            for (index, &pixel) in pixels.iter().enumerate() {
                let wanted = picture(lane)((index % 8) as f64, (index / 8) as f64).clamp(0.0, 255.0);
                assert!((f64::from(pixel) - wanted).abs() < 1.51, "{pixel} for {wanted} at {index} of {lane}");
            }
        }
    }

    #[test]
    fn a_gentle_slope_keeps_its_shape_at_every_size() {
        // Half a period of a cosine: a frequency that every size but 1 can show exactly.
        let wave = |at: f64| (at * std::f64::consts::PI).cos();
        let slope = |lane: usize, x: f64, y: f64| (50.0 - 5.0 * lane as f64) * wave(x) + 30.0 * wave(y);
        let blocks = std::array::from_fn(|lane| forward(|x, y| 128.0 + slope(lane, (x + 0.5) / 8.0, (y + 0.5) / 8.0)));
        for side in 1..=8 {
            for (lane, pixels) in inverse(blocks, side).into_iter().enumerate() {
                for (index, pixel) in pixels.into_iter().enumerate() {
                    let at = |k: usize| (k as f64 + 0.5) / side as f64;
                    let wanted = 128.0 + if side == 1 { 0.0 } else { slope(lane, at(index % side), at(index / side)) };
                    assert!((f64::from(pixel) - wanted).abs() < 1.1, "{pixel} for {wanted} at {index} of {side}²");
                }
            }
        }
    }

    #[test]
    fn values_beyond_the_range_are_clamped() {
        for (dc, pixel) in [(4_000, 255), (-4_000, 0), (i16::MAX, 255), (i16::MIN, 0), (8, 129), (0, 128)] {
            let mut block = [0; 64];
            block[0] = dc;
            for side in 1..=8 {
                assert!(inverse([block; LANES], side).iter().flatten().all(|&value| value == pixel));
            }
        }
    }

    #[test]
    fn steps_are_multiplied_in() {
        let mut strip: Strip = [0; ROOM + LANES];
        strip[..LANES].fill(8);
        let mut pixels = [0; 8];
        Inverse::new(1, &[16; 64]).run(&mut strip, &mut pixels, 8);
        assert_eq!(pixels, [144; 8]);
    }
}
