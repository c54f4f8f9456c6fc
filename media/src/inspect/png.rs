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
    frames: u32,
    /// Bytes of the default picture's pixels: compressed, as found, and inflated, as the size asks for.
    compressed: u64,
    expected: u64,
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

/// A chunk of pixels shorter than this, in bytes, counts among the metadata's. Encoders write kilobytes at a time, and
/// end with a small one.
const SMALL_CHUNK: u64 = 64;

/// How far Deflate can compress: 258 bytes to two bits.
const DEFLATE_RATIO: u64 = 1_032;

/// What compressed pixels may take or lack beyond all proportion, in bytes: headers, and blocks without content.
const SLACK: u64 = 1 << 20;

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
            (State::Done, Some(_)) if self.expected > self.compressed * DEFLATE_RATIO + SLACK => {
                Err(Failure::corrupt(Format::Png, "it holds far fewer pixels than it declares"))
            }
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
            (b"IDAT", _) => {
                self.has_pixels = true;
                self.compressed += length;
                if self.compressed > self.expected * 2 + SLACK {
                    return corrupt("it holds far more pixels than it declares");
                }
            }
            (b"fcTL", _) => self.frames += 1,
            (b"fdAT", _) => {}
            _ => self.gauge = Gauge::of_chunk(&name),
        }
        if !matches!(&name, b"IDAT" | b"fdAT" | b"fcTL") || (&name != b"fcTL" && length < SMALL_CHUNK) {
            self.chunks += 1;
        }
        if self.chunks > limits.max_segments {
            return Err(Failure::too_complex(Format::Png, "it has too many chunks"));
        }
        if self.frames > limits.max_frames {
            return Err(Failure::too_complex(Format::Png, "it has too many frames"));
        }
        Ok(if length == 0 { State::Checksum { last: false } } else { State::Data { left: length } })
    }

    fn ihdr(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), Failure> {
        let width = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let height = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        limits.check_size(Format::Png, u64::from(width), u64::from(height))?;
        let bits = match (bytes[9], bytes[8]) {
            (0, depth @ (1 | 2 | 4 | 8 | 16)) | (3, depth @ (1 | 2 | 4 | 8)) => depth,
            (2, depth @ (8 | 16)) => depth * 3,
            (4, depth @ (8 | 16)) => depth * 2,
            (6, depth @ (8 | 16)) => depth * 4,
            _ => return Err(Failure::corrupt(Format::Png, "its header names an impossible kind of pixels")),
        };
        self.expected = u64::from(width) * u64::from(height) * u64::from(bits) / 8;
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
