//! From bits to the coefficients of blocks.

use super::{
    bits::{Bits, Data},
    idct::{LANES, ROOM},
    lookup::{AcTable, DcTable, END_OF_BLOCK},
};

/// What is known about the blocks of a component.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) dc: &'a DcTable,
    pub(super) ac: &'a AcTable,
    /// Coefficients up to the last one that is needed, in the order of a scan.
    pub(super) needed: usize,
}

impl Reader<'_> {
    /// Decodes the next block.
    #[inline(always)]
    pub(super) fn block(
        &self,
        data: &Data<'_>,
        bits: &mut Bits,
        block: &mut [i16; ROOM],
        last_dc: &mut i32,
    ) -> Option<()> {
        bits.refill(data);
        let dc = self.dc.look(bits.peek())?;
        *last_dc = last_dc.wrapping_add(dc.value(bits.peek()));
        bits.skip(dc.length());
        block[0] = *last_dc as i16;
        // What a refill gives is enough for DC and a look, or for two looks.
        let mut k = self.coefficients(1, bits, block)?;
        while k < self.needed {
            bits.refill(data);
            k = self.coefficients(k, bits, block)?;
            if k < self.needed {
                k = self.coefficients(k, bits, block)?;
            }
        }
        // The rest has no effect on so small a picture.
        while k < 64 {
            bits.refill(data);
            k = self.step_over(k, bits, block)?;
            if k < 64 {
                k = self.step_over(k, bits, block)?;
            }
        }
        Some(())
    }

    /// Decodes one or two coefficients from `k` on, and gives the number of the next: with [`END_OF_BLOCK`] added, or 64,
    /// if there is none.
    #[inline(always)]
    fn coefficients(&self, k: usize, bits: &mut Bits, block: &mut [i16; ROOM]) -> Option<usize> {
        let pair = self.ac.pair(bits.peek());
        let [first, second] = pair.distances().map(|distance| k + distance);
        let values = pair.values();
        block[at(second)] = values[1];
        block[at(first)] = values[0];
        let next = second + 1;
        if next & 64 != 0 {
            if let Some(symbol) = pair.large()
                && first < 64
            {
                block[at(first)] = symbol.value(bits.peek()) as i16;
                bits.skip(symbol.length());
                return Some(first + 1);
            }
            return self.coefficient(k, bits, block);
        }
        bits.skip(pair.length());
        Some(next)
    }

    /// Steps over as many coefficients as can be told apart at once, from `k` on; the result is the same.
    #[inline(always)]
    fn step_over(&self, k: usize, bits: &mut Bits, block: &mut [i16; ROOM]) -> Option<usize> {
        let skip = self.ac.skip(bits.peek());
        let next = k + skip.advance();
        if next & 64 != 0 {
            return self.coefficient(k, bits, block);
        }
        bits.skip(skip.length());
        Some(next)
    }

    /// Decodes a single coefficient: one with a long code, or one at the very end of a block, where a look may have gone
    /// on into the next.
    #[inline(always)]
    fn coefficient(&self, k: usize, bits: &mut Bits, block: &mut [i16; ROOM]) -> Option<usize> {
        // By value: a reference that leaves this function would keep the reader in memory.
        let (next, after) = self.coefficient_slowly(k, *bits, block)?;
        *bits = after;
        Some(next)
    }

    #[cold]
    #[inline(never)]
    fn coefficient_slowly(&self, k: usize, mut bits: Bits, block: &mut [i16; ROOM]) -> Option<(usize, Bits)> {
        let symbol = self.ac.single(bits.peek())?;
        let next = if symbol.run == END_OF_BLOCK {
            k | END_OF_BLOCK
        } else {
            let k = k + symbol.run;
            if k >= 64 {
                return None;
            }
            block[at(k)] = symbol.value(bits.peek()) as i16;
            k + 1
        };
        bits.skip(symbol.length());
        Some((next, bits))
    }
}

/// Where coefficient `k` is in a strip.
#[inline(always)]
fn at(k: usize) -> usize {
    usize::from(k as u8) * LANES
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::jpeg::{
        huffman::{self, Spec},
        lookup,
    };

    /// Blocks of random symbols, and the coefficients that they mean.
    struct Written {
        bytes: Vec<u8>,
        blocks: Vec<[i16; 64]>,
    }

    /// Writes blocks that end in one of two ways, by a symbol or with their last coefficient; `overrun` makes the last run
    /// of one too long.
    fn write(seed: u64, overrun: Option<usize>) -> Written {
        let encoder = huffman::Encoder::new(&lookup::tests::spec());
        let mut state = seed;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut bits, mut blocks) = (Vec::new(), Vec::new());
        let mut put = |value: u32, length: u32| bits.extend((0..length).rev().map(|bit| value >> bit & 1 == 1));
        for index in 0..300 {
            let mut block = [0; 64];
            let mut symbol = |run: usize, value: i32| {
                let size = 32 - value.unsigned_abs().leading_zeros();
                let (code, length) = encoder.codes[run << 4 | size as usize];
                put(code.into(), length.into());
                put((value + (value >> 31)) as u32 & ((1 << size) - 1), size);
            };
            // The DC difference, in the same code: no run.
            symbol(0, 1);
            block[0] = index as i16 + 1;
            let mut k = 1;
            let density = 1 + random(12);
            while k < 64 && random(40) > 0 {
                let run = random(density).min(63 - k) as usize;
                let value = (random(1023) >> random(10)) as i32 * if random(2) == 0 { 1 } else { -1 };
                if overrun == Some(index) && k > 48 {
                    symbol(15, 1);
                }
                if value != 0 {
                    symbol(run, value);
                    k += run as u64;
                    block[k as usize] = value as i16;
                    k += 1;
                } else if k < 48 {
                    symbol(15, 0);
                    k += 16;
                }
            }
            if k < 64 {
                symbol(0, 0);
            }
            blocks.push(block);
        }
        let mut bytes = Vec::new();
        for eight in bits.chunks(8) {
            let byte = (0..8).fold(0, |byte, bit| byte << 1 | u8::from(eight.get(bit).copied().unwrap_or(true)));
            bytes.push(byte);
            bytes.extend((byte == 0xff).then_some(0));
        }
        bytes.extend([0xff, 0xd9]);
        Written { bytes, blocks }
    }

    /// Reads them again, if they can be read.
    fn read(bytes: &[u8], count: usize, needed: usize) -> Option<Vec<[i16; 64]>> {
        let spec = lookup::tests::spec();
        let sizes = Spec { symbols: spec.symbols.iter().map(|&symbol| symbol % 12).collect(), ..spec.clone() };
        let (dc, ac) = (DcTable::new(&sizes)?, AcTable::new(&spec)?);
        let reader = Reader { dc: &dc, ac: &ac, needed };
        let (mut data, mut bits) = Data::new(bytes);
        let (mut blocks, mut last_dc) = (Vec::new(), 0);
        for _ in 0..count {
            let mut block = [0; ROOM];
            data.ready(&mut bits)?;
            reader.block(&data, &mut bits, &mut block, &mut last_dc)?;
            blocks.push(std::array::from_fn(|k| block[at(k)]));
        }
        data.is_at_end(&mut bits).then_some(blocks)
    }

    #[test]
    fn needed_coefficients_are_the_same_whatever_is_stepped_over() {
        for seed in 0..20 {
            let written = write(seed, None);
            for needed in [1, 2, 5, 13, 25, 41, 60, 64] {
                let blocks = read(&written.bytes, written.blocks.len(), needed).unwrap();
                for (read, written) in blocks.iter().zip(&written.blocks) {
                    assert_eq!(read[..needed], written[..needed], "{needed} needed");
                }
            }
        }
    }

    #[test]
    fn a_run_beyond_the_blocks_end_is_an_error_whatever_is_stepped_over() {
        let mut refused = 0;
        for index in 0..100 {
            let (good, bad) = (write(3, None), write(3, Some(index)));
            if good.bytes == bad.bytes {
                continue;
            }
            refused += 1;
            for needed in [1, 5, 25, 64] {
                assert!(read(&bad.bytes, bad.blocks.len(), needed).is_none());
            }
        }
        assert!(refused > 20, "{refused}");
    }
}
