//! BMP: the file's header and the bitmap's (BITMAPCOREHEADER, BITMAPINFOHEADER and its later versions).

use super::Header;
use crate::{Failure, Format, Limits};

/// Walks a BMP: its size stands in its first bytes, and tells where uncompressed pixels end.
#[derive(Debug, Default)]
pub(super) struct BmpWalker {
    state: State,
    header: Header,
    position: u64,
    /// Where the pixels begin.
    pixels: u64,
    size: Option<(u32, u32)>,
    /// Where they end.
    end: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// The file's header and the length of the bitmap's.
    #[default]
    File,
    /// The bitmap's header, as it was in the first version.
    Core,
    /// The bitmap's header, as far as it matters, in all later versions.
    Info,
    /// After the headers.
    Pixels,
}

/// The length of the first version's header; those after it begin alike.
const CORE: u32 = 12;

impl BmpWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        self.position += chunk.len() as u64;
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            self.state = match self.state {
                State::File => match self.header.take(rest, 18) {
                    Some(bytes) => self.file(&bytes)?,
                    None => State::File,
                },
                State::Core => match self.header.take(rest, 8) {
                    Some(bytes) => {
                        let word = |at: usize| i64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
                        self.bitmap(word(0), word(2), word(6), 0, 0, limits)?
                    }
                    None => State::Core,
                },
                State::Info => match self.header.take(rest, 20) {
                    Some(bytes) => {
                        let signed = |at: usize| i64::from(dword(&bytes, at).cast_signed());
                        let bits = i64::from(u16::from_le_bytes([bytes[10], bytes[11]]));
                        self.bitmap(signed(0), signed(4), bits, dword(&bytes, 12), dword(&bytes, 16), limits)?
                    }
                    None => State::Info,
                },
                State::Pixels => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        match (self.state, self.size) {
            (State::Pixels, Some(size)) if self.end <= self.position => Ok(size),
            _ => Err(Failure::truncated(Format::Bmp)),
        }
    }

    fn file(&mut self, bytes: &[u8]) -> Result<State, Failure> {
        self.pixels = u64::from(dword(bytes, 10));
        match dword(bytes, 14) {
            CORE => Ok(State::Core),
            40 | 52 | 56 | 108 | 124 => Ok(State::Info),
            _ => Err(Failure::rare_kind(Format::Bmp, "of a version from OS/2")),
        }
    }

    fn bitmap(
        &mut self,
        width: i64,
        height: i64,
        bits: i64,
        compression: u32,
        bytes: u32,
        limits: &Limits,
    ) -> Result<State, Failure> {
        // Rows that are stored from the top down make the height negative.
        let (Ok(width), height) = (u32::try_from(width), height.unsigned_abs()) else {
            return Err(Failure::corrupt(Format::Bmp, "its width is negative"));
        };
        limits.check_size(Format::Bmp, u64::from(width), height)?;
        let size = match (compression, bits) {
            (0, 1 | 2 | 4 | 8 | 16 | 24 | 32) | (3, 16 | 32) => {
                (u64::from(width) * bits.unsigned_abs()).div_ceil(32) * 4 * height
            }
            // Run lengths: the size may be left out, then only the decoder finds the end.
            (1, 8) | (2, 4) => u64::from(bytes),
            _ => return Err(Failure::rare_kind(Format::Bmp, "stored in an unusual way")),
        };
        self.end = self.pixels + size;
        self.size = Some((width, height as u32));
        Ok(State::Pixels)
    }
}

fn dword(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
