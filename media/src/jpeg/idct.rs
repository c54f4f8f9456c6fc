//! The inverse cosine transform, from a block's 8 × 8 coefficients to N × N pixels (ISO/IEC 10918-1, A.3.3).
//!
//! The lowest N × N coefficients are those of an N × N block that shows the same with less detail, so that transforming
//! these alone is both the cheapest way to a smaller picture and a good low-pass filter. As matrices: pixels = A·C·Aᵀ.
//! Both products are sums of rows times numbers.

use std::f32::consts::PI;

/// The coefficients of a block, in rows of 8, dequantised; rows are vertical frequencies.
pub(super) type Block = [i32; 64];

/// The transform to a certain number of pixels a side.
pub(super) struct Inverse {
    side: usize,
    /// `down[y][v]`: how much of vertical frequency v is in row y.
    pub(super) down: [[f32; 8]; 8],
    /// `across[u]`: how much of horizontal frequency u is in each column.
    pub(super) across: [[f32; 8]; 8],
    /// `pairs[y][v]`: `down[2y][v]` four times, then `down[2y + 1][v]`.
    pub(super) pairs: [[[f32; 8]; 8]; 4],
}

/// The share of frequency `k` in sample `x` of `n`. Scaled so that the mean stays what it was among 8.
fn share(n: usize, x: usize, k: usize) -> f32 {
    let dc = if k == 0 { std::f32::consts::FRAC_1_SQRT_2 } else { 1.0 };
    0.5 * dc * ((2 * x + 1) as f32 * k as f32 * PI / (2 * n) as f32).cos()
}

/// Adding this leaves a number between ±2²¹ rounded to the nearest integer in the low bits of its representation.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Rounds to the nearest integer from 0 to 255. Meaningless, but harmless, beyond ±2²¹.
#[inline(always)]
fn to_byte(value: f32) -> u8 {
    let rounded = (value + ROUND).to_bits() as i32 - ROUND.to_bits() as i32;
    rounded.clamp(0, 255) as u8
}

impl Inverse {
    /// To `side` × `side` pixels, 1 to 8.
    pub(super) fn new(side: usize) -> Inverse {
        let share = |x: usize, k: usize| if x < side && k < side { share(side, x, k) } else { 0.0 };
        let down: [[f32; 8]; 8] = std::array::from_fn(|y| std::array::from_fn(|v| share(y, v)));
        let pairs =
            std::array::from_fn(|y| std::array::from_fn(|v| std::array::from_fn(|lane| down[2 * y + lane / 4][v])));
        let across = std::array::from_fn(|u| std::array::from_fn(|x| share(x, u)));
        Inverse { side, down, across, pairs }
    }

    /// Pixels a side.
    #[inline(always)]
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// Writes the block's pixels to the first bytes of as many rows, `stride` bytes apart.
    pub(super) fn run(&self, block: &Block, pixels: &mut [u8], stride: usize) {
        let side = self.side;
        let block = block.map(|coefficient| coefficient as f32);
        let (rows, _) = block.as_chunks::<8>();
        for y in 0..side {
            let mut column = [0f32; 8];
            for (row, share) in rows.iter().zip(self.down[y]).take(side) {
                add_product(&mut column, row, share);
            }
            let mut line = [128f32; 8];
            for (row, share) in self.across.iter().zip(column).take(side) {
                add_product(&mut line, row, share);
            }
            pixels[y * stride..][..side].copy_from_slice(&line.map(to_byte)[..side]);
        }
    }
}

/// `sum += row × factor`.
#[inline(always)]
pub(super) fn add_product(sum: &mut [f32; 8], row: &[f32; 8], factor: f32) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value * factor;
    }
}

/// The value of every pixel of a block that has a mean and nothing else.
#[inline(always)]
pub(super) fn flat(dc: i32) -> u8 {
    to_byte(dc as f32 * 0.125 + 128.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forward transform of 8 × 8 samples by its definition (A.3.3), in 64 bits.
    fn forward(samples: impl Fn(f64, f64) -> f64) -> Block {
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
            (0.25 * scale(u) * scale(v) * sum).round() as i32
        })
    }

    fn inverse(block: &Block, side: usize) -> Vec<u8> {
        let mut pixels = vec![0; side * side];
        let inverse = Inverse::new(side);
        inverse.run(block, &mut pixels, side);
        #[cfg(target_arch = "x86_64")]
        if crate::jpeg::wide::is_supported() {
            let mut wide = vec![0; side * side];
            #[expect(unsafe_code, reason = "functions for certain processors can't be called otherwise")]
            // SAFETY: the processor has what the function is compiled for.
            unsafe {
                inverse.run_wide(block, &mut wide, side);
            }
            assert!(wide.iter().zip(&pixels).all(|(wide, plain)| wide.abs_diff(*plain) <= 1), "{wide:?} {pixels:?}");
        }
        pixels
    }

    #[test]
    fn at_full_size_pixels_come_back() {
        let picture = |x: f64, y: f64| 128.0 + 90.0 * (x * 1.3 + y).sin() + 20.0 * (y * 2.9).cos();
        let pixels = inverse(&forward(picture), 8);
        for (index, &pixel) in pixels.iter().enumerate() {
            let wanted = picture((index % 8) as f64, (index / 8) as f64).clamp(0.0, 255.0);
            assert!((f64::from(pixel) - wanted).abs() < 1.51, "{pixel} for {wanted} at {index}");
        }
    }

    #[test]
    fn a_gentle_slope_keeps_its_shape_at_every_size() {
        // Half a period of a cosine: a frequency that every size but 1 can show exactly.
        let wave = |at: f64| (at * std::f64::consts::PI).cos();
        let block = forward(|x, y| 128.0 + 50.0 * wave((x + 0.5) / 8.0) + 30.0 * wave((y + 0.5) / 8.0));
        for side in 1..=8 {
            for (index, pixel) in inverse(&block, side).into_iter().enumerate() {
                let at = |k: usize| (k as f64 + 0.5) / side as f64;
                let slope = 50.0 * wave(at(index % side)) + 30.0 * wave(at(index / side));
                let wanted = if side == 1 { 128.0 } else { 128.0 + slope };
                assert!((f64::from(pixel) - wanted).abs() < 1.1, "{pixel} for {wanted} at {index} of {side}²");
            }
        }
    }

    #[test]
    fn values_beyond_the_range_are_clamped() {
        let mut block = [0; 64];
        block[0] = 8 * 500;
        assert!(inverse(&block, 4).iter().all(|&pixel| pixel == 255));
        assert_eq!(flat(block[0]), 255);
        assert_eq!(flat(-block[0]), 0);
        assert_eq!(flat(8), 129);
    }
}
