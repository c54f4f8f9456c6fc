//! The transforms for processors with AVX2 and FMA: eight numbers at a time, in the order of the plain ones.

#![expect(clippy::needless_range_loop, reason = "products of matrices read best by their indexes")]

use std::arch::x86_64::{
    __m128, __m256, __m256i, _mm_cvtsi64_si128, _mm256_add_ps, _mm256_and_ps, _mm256_broadcastsi128_si256,
    _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32, _mm256_cvtps_epi32, _mm256_fmadd_ps, _mm256_mul_ps, _mm256_or_ps,
    _mm256_packs_epi32, _mm256_packus_epi16, _mm256_permute_ps, _mm256_permute4x64_epi64, _mm256_set_m128,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_sub_ps,
};

use bytemuck::{cast, cast_ref};

use super::{
    fdct::{Forward, Quantised},
    idct::{Block, Inverse},
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
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn run_wide(&self, block: &Block, pixels: &mut [u8], stride: usize) {
        match self.side() {
            1 => self.to_narrow::<1>(block, pixels, stride),
            2 => self.to_narrow::<2>(block, pixels, stride),
            3 => self.to_narrow::<3>(block, pixels, stride),
            4 => self.to_narrow::<4>(block, pixels, stride),
            5 => self.to_side::<5>(block, pixels, stride),
            6 => self.to_side::<6>(block, pixels, stride),
            7 => self.to_side::<7>(block, pixels, stride),
            _ => self.to_side::<8>(block, pixels, stride),
        }
    }

    /// Up to 4 pixels a side: half a vector is a row, so each step makes two.
    #[target_feature(enable = "avx2,fma")]
    fn to_narrow<const N: usize>(&self, block: &Block, pixels: &mut [u8], stride: usize) {
        let block: &[[i32; 4]; 16] = cast_ref(block);
        let mut rows = [_mm256_setzero_ps(); N];
        let mut across = [_mm256_setzero_ps(); N];
        for k in 0..N {
            rows[k] = _mm256_cvtepi32_ps(_mm256_broadcastsi128_si256(cast(block[2 * k])));
            let [shares, _]: [__m128; 2] = cast(self.across[k]);
            across[k] = _mm256_set_m128(shares, shares);
        }
        for y in (0..N).step_by(2) {
            let mut column = _mm256_setzero_ps();
            for v in 0..N {
                column = _mm256_fmadd_ps(rows[v], cast(self.pairs[y / 2][v]), column);
            }
            let mut line =
                _mm256_fmadd_ps(across[0], _mm256_permute_ps::<0b00_00_00_00>(column), _mm256_set1_ps(128.0));
            if N > 1 {
                line = _mm256_fmadd_ps(across[1 % N], _mm256_permute_ps::<0b01_01_01_01>(column), line);
            }
            if N > 2 {
                line = _mm256_fmadd_ps(across[2 % N], _mm256_permute_ps::<0b10_10_10_10>(column), line);
            }
            if N > 3 {
                line = _mm256_fmadd_ps(across[3 % N], _mm256_permute_ps::<0b11_11_11_11>(column), line);
            }
            let bytes = bytes(line);
            pixels[y * stride..][..N].copy_from_slice(&bytes[..N]);
            if y + 1 < N {
                pixels[(y + 1) * stride..][..N].copy_from_slice(&bytes[16..16 + N]);
            }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn to_side<const N: usize>(&self, block: &Block, pixels: &mut [u8], stride: usize) {
        let block: &[[i32; 8]; 8] = cast_ref(block);
        let mut rows = [_mm256_setzero_ps(); N];
        for v in 0..N {
            rows[v] = _mm256_cvtepi32_ps(cast(block[v]));
        }
        for y in 0..N {
            let mut column = _mm256_setzero_ps();
            for v in 0..N {
                column = _mm256_fmadd_ps(rows[v], _mm256_set1_ps(self.down[y][v]), column);
            }
            let column: [f32; 8] = cast(column);
            let mut line = _mm256_set1_ps(128.0);
            for u in 0..N {
                line = _mm256_fmadd_ps(cast(self.across[u]), _mm256_set1_ps(column[u]), line);
            }
            let bytes = bytes(line);
            pixels[y * stride..][..4].copy_from_slice(&bytes[..4]);
            pixels[y * stride + 4..][..N - 4].copy_from_slice(&bytes[16..12 + N]);
        }
    }
}

/// Rounds to bytes, four at the start of each half. Out of range it saturates, twice: to 16 bits with a sign, to 8 without.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn bytes(line: __m256) -> [u8; 32] {
    let line = _mm256_cvtps_epi32(line);
    let line = _mm256_packs_epi32(line, line);
    cast(_mm256_packus_epi16(line, line))
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
