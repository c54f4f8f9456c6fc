//! The forward cosine transform of 8 × 8 samples, and quantisation (ISO/IEC 10918-1, A.3.3 and A.3.4).

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use super::{
    idct::{ROUND, add_product},
    marker::NATURAL,
};

/// A quantised block: its coefficients in the order of a scan, and which of them are not zero, the first lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantised {
    pub(super) values: [i16; 64],
    pub(super) nonzero: u64,
}

/// Transform and steps of one component.
pub(super) struct Forward {
    /// `wave[k][x]`: frequency k at sample x. Coefficients = W·S·Wᵀ.
    pub(super) wave: [[f32; 8]; 8],
    /// The same, turned.
    pub(super) turned: [[f32; 8]; 8],
    /// One over each step, in rows of 8.
    pub(super) inverse_steps: [[f32; 8]; 8],
    /// What is taken off a coefficient's size, in steps, before it is rounded.
    pub(super) bias: [[f32; 8]; 8],
}

/// How far beyond the middle between two steps a coefficient must be to take the farther one. Large values are rarer than
/// small ones, so that the original is likelier to have been the smaller one, and that takes fewer bits: at the same SSIM a
/// rendition becomes one or two per cent smaller.
const DEAD_ZONE: f32 = 0.1;

impl Quantised {
    /// From coefficients in rows of 8.
    #[inline(always)]
    pub(super) fn new(rows: &[i16; 64]) -> Quantised {
        let mut block = Quantised { values: [0; 64], nonzero: 0 };
        for k in 0..64 {
            let value = rows[NATURAL[k] as usize];
            block.values[k] = value;
            block.nonzero |= u64::from(value != 0) << k;
        }
        block
    }
}

impl Forward {
    /// For these steps, in rows of 8.
    pub(super) fn new(steps: &[u16; 64]) -> Forward {
        let wave: [[f32; 8]; 8] = std::array::from_fn(|k| {
            std::array::from_fn(|x| {
                let scale = if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
                0.5 * scale * ((2 * x + 1) as f32 * k as f32 * PI / 16.0).cos()
            })
        });
        let turned = std::array::from_fn(|x| std::array::from_fn(|k| wave[k][x]));
        let inverse_steps = std::array::from_fn(|v| std::array::from_fn(|u| 1.0 / f32::from(steps[v * 8 + u])));
        let bias = std::array::from_fn(|v| std::array::from_fn(|u| if (v, u) == (0, 0) { 0.0 } else { DEAD_ZONE }));
        Forward { wave, turned, inverse_steps, bias }
    }

    /// Transforms and quantises 8 rows of samples.
    pub(super) fn run(&self, samples: &[[u8; 8]; 8]) -> Quantised {
        let across = samples.map(|row| {
            let mut sums = [0.0; 8];
            for (turned, sample) in self.turned.iter().zip(row) {
                add_product(&mut sums, turned, f32::from(sample) - 128.0);
            }
            sums
        });
        let mut rounded = [0; 64];
        for (v, rounded) in rounded.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let mut sums = [0.0; 8];
            for (row, wave) in across.iter().zip(self.wave[v]) {
                add_product(&mut sums, row, wave);
            }
            for (u, rounded) in rounded.iter_mut().enumerate() {
                let steps = sums[u] * self.inverse_steps[v][u];
                *rounded = ((steps - self.bias[v][u].copysign(steps) + ROUND).to_bits() as i32 - ROUND.to_bits() as i32)
                    as i16;
            }
        }
        Quantised::new(&rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantised(steps: u16, samples: &[[u8; 8]; 8]) -> Quantised {
        let forward = Forward::new(&[steps; 64]);
        let block = forward.run(samples);
        #[cfg(target_arch = "x86_64")]
        if crate::jpeg::wide::is_supported() {
            #[expect(unsafe_code, reason = "functions for certain processors can't be called otherwise")]
            // SAFETY: the processor has what the function is compiled for.
            let wide = unsafe { forward.run_wide(samples) };
            assert!(wide.values.iter().zip(block.values).all(|(wide, plain)| wide.abs_diff(plain) <= 1));
        }
        block
    }

    #[test]
    fn a_wave_is_one_coefficient() {
        let wave = |x: usize| ((2 * x + 1) as f32 * 3.0 * PI / 16.0).cos();
        let samples = std::array::from_fn(|_| std::array::from_fn(|x| (128.0 + 100.0 * wave(x)).round() as u8));
        let block = quantised(16, &samples);
        // Horizontal frequency 3 is place 3 of the first row.
        let place = NATURAL.iter().position(|&place| place == 3).unwrap_or_default();
        assert_eq!(block.nonzero, 1 << place);
        // ¼ · √½ for the vertical mean of eight rows, ½ of eight samples: 100 · 8 · √½ · 4 / 4, in steps of 16.
        assert_eq!(block.values[place], (100.0 * 8.0 / 2f32.sqrt() / 16.0).round() as i16);
    }

    #[test]
    fn every_sample_counts() {
        for place in 0..64 {
            let mut samples = [[128; 8]; 8];
            samples[place / 8][place % 8] = 255;
            let block = quantised(1, &samples);
            assert_eq!(block.values[0], 16, "127 / 8, rounded");
            assert!(block.nonzero.count_ones() > 40);
        }
    }

    #[test]
    fn the_mean_is_the_first_coefficient() {
        let block = quantised(2, &[[138; 8]; 8]);
        assert_eq!((block.values[0], block.nonzero), (40, 1));
        assert_eq!(quantised(2, &[[128; 8]; 8]).nonzero, 0);
    }
}
