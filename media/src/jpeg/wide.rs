//! The transforms for processors with AVX2 and FMA: eight numbers at a time, in the order of the plain ones.

#![expect(clippy::needless_range_loop, reason = "products of matrices read best by their indexes")]

use std::arch::x86_64::{
    __m256, __m256i, _mm_cvtsi64_si128, _mm256_add_ps, _mm256_and_ps, _mm256_cvtepi16_epi32, _mm256_cvtepi32_ps,
    _mm256_cvtepu8_epi32, _mm256_cvtps_epi32, _mm256_fmadd_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_or_ps, _mm256_packs_epi32, _mm256_packus_epi16, _mm256_permute4x64_epi64, _mm256_set1_ps, _mm256_setzero_ps,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sub_ps, _mm256_unpackhi_epi32, _mm256_unpacklo_epi32,
};

use bytemuck::{cast, cast_ref};

use super::{
    fdct::{Forward, Quantised},
    idct::{Inverse, LANES, Strip, take},
};

/// Whether this processor has what the hot loops are compiled for a second time: AVX2 and FMA, and BMI for the scan.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

impl Inverse {
    /// [`Inverse::run`].
    #[target_feature(enable = "avx2")]
    pub(super) fn run_wide(&self, strip: &mut Strip, pixels: &mut [u8], stride: usize) {
        match self.side() {
            1 => self.to_side_wide::<1>(strip, pixels, stride),
            2 => self.to_side_wide::<2>(strip, pixels, stride),
            3 => self.to_side_wide::<3>(strip, pixels, stride),
            4 => self.to_side_wide::<4>(strip, pixels, stride),
            5 => self.to_side_wide::<5>(strip, pixels, stride),
            6 => self.to_side_wide::<6>(strip, pixels, stride),
            7 => self.to_side_wide::<7>(strip, pixels, stride),
            _ => self.to_side_wide::<8>(strip, pixels, stride),
        }
    }

    #[target_feature(enable = "avx2")]
    fn to_side_wide<const N: usize>(&self, strip: &mut Strip, pixels: &mut [u8], stride: usize) {
        let mut rows = [[_mm256_setzero_ps(); N]; N];
        for u in 0..N {
            let mut column = [_mm256_setzero_ps(); N];
            for v in 0..N {
                let stored = _mm256_cvtepi16_epi32(cast(take(strip, v, u)));
                column[v] = _mm256_mul_ps(_mm256_cvtepi32_ps(stored), _mm256_set1_ps(self.steps[v][u]));
            }
            let column = self.line_wide(&column);
            for y in 0..N {
                rows[y][u] = column[y];
            }
        }
        for y in 0..N {
            write(&self.line_wide(&rows[y]), &mut pixels[y * stride..][..LANES * N]);
        }
    }

    /// [`Inverse::line`], with the same steps in the same order: multiplying and adding in one would round otherwise.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn line_wide<const N: usize>(&self, frequencies: &[__m256; N]) -> [__m256; N] {
        let mut samples = [_mm256_setzero_ps(); N];
        for x in 0..N.div_ceil(2) {
            let mut sums = [_mm256_setzero_ps(); 2];
            for k in 0..N {
                let product = _mm256_mul_ps(frequencies[k], _mm256_set1_ps(self.shares[x][k]));
                sums[k % 2] = if k < 2 { product } else { _mm256_add_ps(sums[k % 2], product) };
            }
            samples[N - 1 - x] = _mm256_sub_ps(sums[0], sums[1]);
            samples[x] = _mm256_add_ps(sums[0], sums[1]);
        }
        samples
    }
}

/// Writes a row of pixels: N vectors, each with a pixel of every block, become N pixels a block.
#[inline]
#[target_feature(enable = "avx2")]
fn write<const N: usize>(line: &[__m256; N], target: &mut [u8]) {
    let mut values = [_mm256_setzero_si256(); 8];
    for x in 0..N {
        let value = _mm256_add_ps(line[x], _mm256_set1_ps(128.0));
        let value = _mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), _mm256_set1_ps(255.0));
        values[x] = _mm256_cvtps_epi32(value);
    }
    let low = four(values[0], values[1], values[2], values[3]);
    if N <= 4 {
        // Each half has four pixels of each of four blocks; those that are needed move together.
        let halves: [[u8; 16]; 2] = cast(_mm256_shuffle_epi8(low, together::<4, N>()));
        target[..4 * N].copy_from_slice(&halves[0][..4 * N]);
        target[4 * N..].copy_from_slice(&halves[1][..4 * N]);
    } else {
        let high = four(values[4], values[5], values[6], values[7]);
        let first: [[u8; 16]; 2] = cast(_mm256_shuffle_epi8(_mm256_unpacklo_epi32(low, high), together::<8, N>()));
        let second: [[u8; 16]; 2] = cast(_mm256_shuffle_epi8(_mm256_unpackhi_epi32(low, high), together::<8, N>()));
        for (target, pixels) in target.chunks_exact_mut(2 * N).zip([first[0], second[0], first[1], second[1]]) {
            target.copy_from_slice(&pixels[..2 * N]);
        }
    }
}

/// Four pixels of each block, from vectors of one of each.
#[inline]
#[target_feature(enable = "avx2")]
fn four(a: __m256i, b: __m256i, c: __m256i, d: __m256i) -> __m256i {
    let bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    let turned: [u8; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
    _mm256_shuffle_epi8(bytes, cast([turned; 2]))
}

/// For a shuffle: of every `HAVE` bytes the first `WANT`, without gaps.
#[inline]
#[target_feature(enable = "avx2")]
fn together<const HAVE: usize, const WANT: usize>() -> __m256i {
    let mut order = [0x80; 16];
    for (at, byte) in order.iter_mut().enumerate().take(16 / HAVE * WANT) {
        *byte = (at / WANT * HAVE + at % WANT) as u8;
    }
    cast([order; 2])
}

impl Forward {
    /// [`Forward::run`].
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run_wide(&self, samples: &[[u8; 8]; 8]) -> Quantised {
        let mut sums = [_mm256_setzero_ps(); 4];
        let mut differences = [_mm256_setzero_ps(); 4];
        // A cosine is even or odd about the middle: rows that mirror each other share their products.
        for y in 0..4 {
            let (upper, lower) = (row(samples[y]), row(samples[7 - y]));
            sums[y] = _mm256_sub_ps(_mm256_add_ps(upper, lower), _mm256_set1_ps(256.0));
            differences[y] = _mm256_sub_ps(upper, lower);
        }
        let mut rounded: [__m256i; 8] = [cast([0i32; 8]); 8];
        for v in 0..8 {
            let half = if v % 2 == 0 { &sums } else { &differences };
            let mut column = _mm256_setzero_ps();
            for y in 0..4 {
                column = _mm256_fmadd_ps(half[y], _mm256_set1_ps(self.wave[v][y]), column);
            }
            let column: [f32; 8] = cast(column);
            let mut line = _mm256_setzero_ps();
            for x in 0..8 {
                line = _mm256_fmadd_ps(cast(self.turned[x]), _mm256_set1_ps(column[x]), line);
            }
            let steps = _mm256_mul_ps(line, cast(self.inverse_steps[v]));
            let bias = _mm256_or_ps(_mm256_and_ps(steps, _mm256_set1_ps(-0.0)), cast(self.bias[v]));
            rounded[v] = _mm256_cvtps_epi32(_mm256_sub_ps(steps, bias));
        }
        let mut values = [[0i16; 16]; 4];
        for pair in 0..4 {
            let packed = _mm256_packs_epi32(rounded[2 * pair], rounded[2 * pair + 1]);
            values[pair] = cast(_mm256_permute4x64_epi64::<0b11_01_10_00>(packed));
        }
        Quantised::new(cast_ref(&values))
    }
}

/// Eight samples as numbers.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn row(samples: [u8; 8]) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(i64::from_le_bytes(samples))))
}
