//! A JPEG that can be shown as it is, written anew: the same quantised coefficients, so the same pixels to the last bit, in
//! a file that is made here from its first byte to its last.
//!
//! Nothing of the original is copied but numbers that a pixel depends on: coefficients, and the quantisation steps by which
//! they are multiplied. What else can be hidden in a JPEG stays behind: segments, comments, tables that are not used, bits
//! of padding, bytes between markers and after the end; and, less plain, blocks that only fill up the last MCUs (up to 15
//! columns and rows beyond the edge, where a cropped picture's rest may be) and steps of coefficients that are zero
//! everywhere. Beyond the edge within a block that is seen, samples are inseparable from those that are.

use super::{
    bits::{Bits, Data},
    fdct::Quantised,
    lookup::{AcTable, DcTable, END_OF_BLOCK},
    marker::{self, Component, Picture},
    scan::{Channel, write},
};

/// DC coefficients of 8-bit samples: with these, no difference of two takes more than the 11 bits that baseline has.
const DC: std::ops::RangeInclusive<i32> = -1024..=1023;

/// What stands for the step of a coefficient that is zero in every block.
const NO_STEP: u16 = 1;

/// Writes a picture anew, whose inspected size in pixels is `size`: with the same coefficients and the shortest codes.
///
/// `None` for what [`decode`](super::decode()) does not read, and for what can't be shown as it is: another sampling than
/// 4:2:0 or grey, steps of more than 8 bits, steps of their own for each of Cb and Cr, coefficients that no 8-bit samples
/// have.
pub(crate) fn transcode(bytes: &[u8], size: (u32, u32)) -> Option<Vec<u8>> {
    let picture = marker::read(bytes).filter(|picture| (picture.width, picture.height) == size)?;
    let sampling: Vec<_> = picture.components.iter().map(|component| component.sampling).collect();
    let factor = match sampling[..] {
        [(1, 1)] => 1,
        [(2, 2), (1, 1), (1, 1)] if picture.components[1].steps == picture.components[2].steps => 2,
        _ => return None,
    };
    let units = (size.0.div_ceil(8 * factor), size.1.div_ceil(8 * factor));
    let mut transfers = Vec::with_capacity(sampling.len());
    for component in &picture.components {
        transfers.push(Transfer::new(component, size, factor, units)?);
    }
    read(&picture, units, &mut transfers)?;
    let mut channels: Vec<Channel> = transfers.into_iter().map(|transfer| transfer.channel).collect();
    forget_unused_steps(&mut channels);
    Some(write(size.0, size.1, units, &channels))
}

/// One component on its way from one file to the other.
struct Transfer {
    dc: DcTable,
    ac: AcTable,
    last_dc: i32,
    /// Blocks across and down of which something is seen.
    seen: (u32, u32),
    /// The DC coefficient of the last block of which something is seen.
    last_seen: i16,
    channel: Channel,
}

impl Transfer {
    fn new(component: &Component, size: (u32, u32), most: u32, units: (u32, u32)) -> Option<Transfer> {
        let factor = component.sampling.0;
        let blocks_across = units.0 * factor;
        let steps = component.steps;
        if !steps.iter().all(|step| (1..=255).contains(step)) {
            return None;
        }
        let seen = |side: u32| (side * factor).div_ceil(most).div_ceil(8);
        let blocks = vec![flat(0); (blocks_across * units.1 * factor) as usize];
        Some(Transfer {
            dc: DcTable::new(&component.dc)?,
            ac: AcTable::new(&component.ac)?,
            last_dc: 0,
            seen: (seen(size.0), seen(size.1)),
            last_seen: 0,
            channel: Channel { factor, steps, blocks, blocks_across },
        })
    }

    /// Decodes the next block, which stands at these blocks across and down.
    fn block(&mut self, data: &mut Data<'_>, bits: &mut Bits, (x, y): (u32, u32)) -> Option<Quantised> {
        data.ready(bits)?;
        bits.refill(data);
        let entry = self.dc.look(bits.peek())?;
        self.last_dc = self.last_dc.wrapping_add(entry.value(bits.peek()));
        bits.skip(entry.length());
        let dc = i16::try_from(self.last_dc).ok().filter(|_| DC.contains(&self.last_dc))?;
        let mut block = flat(dc);
        let mut k = 1;
        while k < 64 {
            bits.refill(data);
            let symbol = self.ac.single(bits.peek())?;
            let value = symbol.value(bits.peek());
            bits.skip(symbol.length());
            if symbol.run == END_OF_BLOCK {
                break;
            }
            k += symbol.run;
            *block.values.get_mut(k)? = value as i16;
            block.nonzero |= u64::from(value != 0) << k;
            k += 1;
        }
        if x < self.seen.0 && y < self.seen.1 {
            self.last_seen = dc;
            return Some(block);
        }
        // The block before it once more, without its waves: that takes the fewest bits and says nothing.
        Some(flat(self.last_seen))
    }
}

fn flat(dc: i16) -> Quantised {
    let mut block = Quantised { values: [0; 64], nonzero: u64::from(dc != 0) };
    block.values[0] = dc;
    block
}

/// Reads the whole scan; `None` if there is an error anywhere.
fn read(picture: &Picture<'_>, units: (u32, u32), transfers: &mut [Transfer]) -> Option<()> {
    let (mut data, mut bits) = Data::new(picture.data);
    let mut left = picture.restart_interval;
    let mut restarts = 0u8;
    for row in 0..units.1 {
        for column in 0..units.0 {
            if picture.restart_interval > 0 {
                if left == 0 {
                    if !data.restart(&mut bits, restarts) {
                        return None;
                    }
                    restarts = (restarts + 1) & 7;
                    left = picture.restart_interval;
                    transfers.iter_mut().for_each(|transfer| transfer.last_dc = 0);
                }
                left -= 1;
            }
            for transfer in transfers.iter_mut() {
                let factor = transfer.channel.factor;
                for y in row * factor..(row + 1) * factor {
                    for x in column * factor..(column + 1) * factor {
                        let block = transfer.block(&mut data, &mut bits, (x, y))?;
                        transfer.channel.blocks[(y * transfer.channel.blocks_across + x) as usize] = block;
                    }
                }
            }
        }
    }
    data.is_at_end(&mut bits).then_some(())
}

/// A step that multiplies nothing but zeros could be anything, and so could say anything.
fn forget_unused_steps(channels: &mut [Channel]) {
    let used = |channel: &Channel| channel.blocks.iter().fold(0, |used, block| used | block.nonzero);
    let used: Vec<u64> = channels.iter().map(used).collect();
    for (index, channel) in channels.iter_mut().enumerate() {
        // Cb and Cr share a table.
        let used = if index == 0 { used[0] } else { used[1..].iter().fold(0, |all, one| all | one) };
        for (k, step) in channel.steps.iter_mut().enumerate() {
            if used >> k & 1 == 0 {
                *step = NO_STEP;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::jpeg::decode;

    /// 17 × 9 pixels: of the four luma blocks a MCU across and down, some are seen in part and some not at all.
    const SIZE: (u32, u32) = (17, 9);
    const UNITS: (u32, u32) = (2, 1);

    /// A block with a wave in it.
    fn wave(dc: i16, place: usize) -> Quantised {
        let mut block = flat(dc);
        block.values[place] = 3;
        block.nonzero |= 1 << place;
        block
    }

    /// A file with that in its first three luma blocks of each row and in its chroma, and these where nobody looks.
    fn file(unseen: impl Fn(usize) -> Quantised, steps: [u16; 64]) -> Vec<u8> {
        let seen = |index: usize| wave(20 + index as i16, 1 + index % 5);
        let luma = (0..8).map(|index| if index % 4 == 3 { unseen(index) } else { seen(index) }).collect();
        let chroma = |blocks| Channel { factor: 1, steps, blocks, blocks_across: 2 };
        let luma = Channel { factor: 2, steps, blocks: luma, blocks_across: 4 };
        let others = (0..2).map(|plane| chroma(vec![wave(plane, 2), wave(-plane, 5)]));
        write(SIZE.0, SIZE.1, UNITS, &std::iter::once(luma).chain(others).collect::<Vec<_>>())
    }

    fn holds(bytes: &[u8], needle: &[u8]) -> bool {
        bytes.windows(needle.len()).any(|window| window == needle)
    }

    /// What is seen of a file.
    fn seen(bytes: &[u8]) -> Vec<Vec<u8>> {
        let planes = decode(bytes, SIZE, SIZE).unwrap();
        let all = std::iter::once(&planes.luma).chain(planes.chroma.iter().flatten());
        all.map(|plane| {
            let (across, down) = (plane.extent.0.ceil() as usize, plane.extent.1.ceil() as usize);
            plane.pixels.chunks(plane.width as usize).take(down).flat_map(|row| row[..across].to_vec()).collect()
        })
        .collect()
    }

    #[test]
    fn blocks_beyond_the_edge_say_nothing_and_the_others_stay() {
        let plain = file(|_| flat(0), [7; 64]);
        let hidden = file(|index| wave(500 - index as i16, 40 + index), [7; 64]);
        let written = transcode(&hidden, SIZE).unwrap();
        assert_eq!(written, transcode(&plain, SIZE).unwrap(), "whatever was there");
        assert_eq!(seen(&written), seen(&hidden));
        assert_eq!(transcode(&written, SIZE).unwrap(), written, "there is nothing left to leave out");
    }

    #[test]
    fn steps_that_no_pixel_depends_on_say_nothing() {
        let mut steps = [7; 64];
        let secret = b"WRITTEN INTO STEPS";
        steps[40..40 + secret.len()].copy_from_slice(&secret.map(u16::from));
        let bytes = file(|_| flat(0), steps);
        assert!(holds(&bytes, secret));
        let written = transcode(&bytes, SIZE).unwrap();
        assert!(!holds(&written, secret) && !holds(&written, &secret[..4]));
        assert_eq!(seen(&written), seen(&bytes));
    }

    #[test]
    fn what_can_not_be_shown_as_it_is_is_refused() {
        let good = file(|_| flat(0), [7; 64]);
        assert!(transcode(&good, SIZE).is_some());
        assert!(transcode(&good, (SIZE.0 + 1, SIZE.1)).is_none(), "another size than the inspected one");
        for length in 0..good.len() - 2 {
            assert!(transcode(&good[..length], SIZE).is_none(), "cut after {length} bytes");
        }
        assert!(transcode(&file(|_| flat(0), [256; 64]), SIZE).is_none(), "steps of 16 bits");
        assert!(transcode(&file(|_| flat(0), [0; 64]), SIZE).is_none(), "steps of nothing");
        // Each difference has 11 bits; what they add up to has more, and so might the difference of two blocks later on.
        let rising = file(|index| flat(if index == 3 { 2000 } else { 0 }), [7; 64]);
        assert!(transcode(&rising, SIZE).is_none(), "no sample is as bright");
    }
}
