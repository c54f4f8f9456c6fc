//! PNG: chunks from IHDR to IEND (ISO 15948).

use super::{Header, inflate::Gauge, take};
use crate::{Failure, Format, Limits};

/// Walks a PNG's chunks, and measures what its compressed metadata inflates to without keeping it.
#[derive(Debug, Default)]
pub(super) struct PngWalker {
    state: State,
    header: Header,
    size: Option<(u32, u32)>,
    has_pixels: bool,
    chunks: u32,
    inflated: u64,
    gauge: Option<Gauge>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// The eight bytes of the signature.
    #[default]
    Signature,
    /// A chunk's length and type.
    Chunk,
    /// The 13 bytes of IHDR.
    Ihdr,
    /// The rest of a chunk: its data, then the four bytes of its checksum, which the decoder verifies.
    Data { left: u64 },
    /// The checksum.
    Checksum { last: bool },
    /// After IEND.
    Done,
}

const MAX_CHUNK: u64 = (1 << 31) - 1;

impl PngWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            self.state = match self.state {
                State::Signature => match self.header.take(rest, 8) {
                    Some(_) => State::Chunk,
                    None => State::Signature,
                },
                State::Chunk => match self.header.take(rest, 8) {
                    Some(bytes) => {
                        let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                        self.chunk(u64::from(length), [bytes[4], bytes[5], bytes[6], bytes[7]], limits)?
                    }
                    None => State::Chunk,
                },
                State::Ihdr => match self.header.take(rest, 13) {
                    Some(bytes) => {
                        self.ihdr(&bytes, limits)?;
                        State::Checksum { last: false }
                    }
                    None => State::Ihdr,
                },
                State::Data { mut left } => {
                    let data = take(rest, &mut left);
                    self.measure(data, limits)?;
                    if left == 0 { State::Checksum { last: false } } else { State::Data { left } }
                }
                State::Checksum { last } => match (self.header.take(rest, 4), last) {
                    (None, _) => State::Checksum { last },
                    (Some(_), true) => State::Done,
                    (Some(_), false) => State::Chunk,
                },
                State::Done => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        match (self.state, self.size) {
            (State::Done, Some(size)) => Ok(size),
            _ => Err(Failure::truncated(Format::Png)),
        }
    }

    fn chunk(&mut self, length: u64, name: [u8; 4], limits: &Limits) -> Result<State, Failure> {
        let corrupt = |what| Err(Failure::corrupt(Format::Png, what));
        if length > MAX_CHUNK || !name.iter().all(u8::is_ascii_alphabetic) {
            return corrupt("a chunk has an impossible header");
        }
        self.gauge = None;
        match (&name, self.size) {
            (b"IHDR", None) if length == 13 => return Ok(State::Ihdr),
            (b"IHDR", _) => return corrupt("its header chunk is wrong"),
            (_, None) => return corrupt("it does not begin with its header chunk"),
            (b"IEND", _) if !self.has_pixels => return corrupt("it holds no picture"),
            (b"IEND", _) if length != 0 => return corrupt("its last chunk is wrong"),
            (b"IEND", _) => return Ok(State::Checksum { last: true }),
            (b"IDAT", _) => self.has_pixels = true,
            (b"fdAT" | b"fcTL", _) => {}
            _ => {
                self.chunks += 1;
                if self.chunks > limits.max_segments {
                    return Err(Failure::too_complex(Format::Png, "it has too many chunks"));
                }
                self.gauge = Gauge::of_chunk(&name);
            }
        }
        Ok(if length == 0 { State::Checksum { last: false } } else { State::Data { left: length } })
    }

    fn ihdr(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), Failure> {
        let width = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let height = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        limits.check_size(Format::Png, u64::from(width), u64::from(height))?;
        self.size = Some((width, height));
        Ok(())
    }

    fn measure(&mut self, data: &[u8], limits: &Limits) -> Result<(), Failure> {
        let Some(gauge) = &mut self.gauge else { return Ok(()) };
        let budget = limits.max_metadata_bytes.saturating_sub(self.inflated);
        match gauge.feed(data, budget) {
            Some(inflated) => {
                self.inflated += inflated;
                Ok(())
            }
            None => Err(Failure::too_complex(Format::Png, "its compressed metadata expands out of all proportion")),
        }
    }
}
