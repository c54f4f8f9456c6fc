//! WebP: RIFF chunks up to the size that the header declares (RFC 9649).

use super::{Header, take};
use crate::{Failure, Format, Limits};

/// Walks a WebP. Frames of an animation are walked into, since decoders allocate by the size in each frame's bitstream.
#[derive(Debug, Default)]
pub(super) struct WebpWalker {
    state: State,
    header: Header,
    position: u64,
    end: u64,
    frame_end: Option<u64>,
    size: Option<(u32, u32)>,
    has_pixels: bool,
    chunks: u32,
    frames: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// "RIFF", the size, "WEBP".
    #[default]
    Riff,
    /// A chunk's name and length.
    Chunk,
    /// The bytes of a chunk that matter; `left` counts the rest with its padding.
    Facts { name: [u8; 4], left: u64, pad: u64 },
    /// The rest of a chunk; of the last one, `pad` may be missing.
    Skip { left: u64, pad: u64 },
    /// After the declared end.
    Done,
}

impl WebpWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            let before = rest.len();
            self.state = match self.state {
                State::Riff => match self.header.take(rest, 12) {
                    Some(bytes) => {
                        self.end = 8 + u64::from(u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]));
                        State::Chunk
                    }
                    None => State::Riff,
                },
                State::Chunk => match self.header.take(rest, 8) {
                    Some(bytes) => {
                        let length = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                        let start = self.position + (before - rest.len()) as u64;
                        self.chunk([bytes[0], bytes[1], bytes[2], bytes[3]], u64::from(length), start, limits)?
                    }
                    None => State::Chunk,
                },
                State::Facts { name, left, pad } => match self.header.take(rest, facts_of(&name)) {
                    Some(bytes) => {
                        self.facts(&name, &bytes, limits)?;
                        State::Skip { left, pad }
                    }
                    None => State::Facts { name, left, pad },
                },
                State::Skip { mut left, pad } => {
                    take(rest, &mut left);
                    State::Skip { left, pad }
                }
                State::Done => return Ok(()),
            };
            self.position += (before - rest.len()) as u64;
            if let State::Skip { left: 0, .. } = self.state {
                self.state = if self.position >= self.end { State::Done } else { State::Chunk };
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        // Some encoders leave out the padding byte of an odd last chunk.
        let complete = match self.state {
            State::Done => true,
            State::Skip { left, pad } => left <= pad && self.position + left >= self.end,
            // Fewer bytes than a chunk's header are left within the declared size: nothing can be missing there.
            State::Chunk => self.position >= self.end,
            _ => false,
        };
        match self.size {
            Some(size) if complete && self.has_pixels => Ok(size),
            _ if complete => Err(Failure::corrupt(Format::WebP, "it holds no picture")),
            _ => Err(Failure::truncated(Format::WebP)),
        }
    }

    fn chunk(&mut self, name: [u8; 4], length: u64, start: u64, limits: &Limits) -> Result<State, Failure> {
        let corrupt = |what| Err(Failure::corrupt(Format::WebP, what));
        // `start` is where the chunk's data begins, after the eight bytes of its header.
        if self.frame_end.is_some_and(|end| start >= end + 8) {
            self.frame_end = None;
        }
        if start + length > self.frame_end.unwrap_or(self.end) {
            return corrupt("a chunk is larger than what holds it");
        }
        match &name {
            b"VP8 " | b"VP8L" => {}
            b"ANMF" => self.frames += 1,
            _ => self.chunks += 1,
        }
        if self.chunks > limits.max_segments {
            return Err(Failure::too_complex(Format::WebP, "it has too many chunks"));
        }
        if self.frames > limits.max_frames {
            return Err(Failure::too_complex(Format::WebP, "it has too many frames"));
        }
        let padded = length + (length & 1);
        let facts = facts_of(&name) as u64;
        match (&name, self.size) {
            (b"VP8 " | b"VP8L" | b"VP8X", _) | (b"ANMF", Some(_)) if length < facts => corrupt("a chunk is too short"),
            (b"VP8 " | b"VP8L" | b"VP8X", _) => Ok(State::Facts { name, left: padded - facts, pad: length & 1 }),
            (_, None) => corrupt("it does not begin with a picture or its header"),
            (b"ANMF", _) if self.frame_end.is_some() => corrupt("a frame lies inside another"),
            (b"ANMF", _) => {
                self.frame_end = Some(start + padded);
                Ok(State::Facts { name, left: 0, pad: 0 })
            }
            _ => Ok(State::Skip { left: padded, pad: length & 1 }),
        }
    }

    fn facts(&mut self, name: &[u8; 4], bytes: &[u8], limits: &Limits) -> Result<(), Failure> {
        let corrupt = |what| Err(Failure::corrupt(Format::WebP, what));
        let (width, height) = match name {
            b"VP8X" => (triple(bytes, 4) + 1, triple(bytes, 7) + 1),
            b"ANMF" => (triple(bytes, 6) + 1, triple(bytes, 9) + 1),
            b"VP8 " if bytes[3..6] != [0x9d, 0x01, 0x2a] => return corrupt("its picture does not begin as it must"),
            b"VP8 " => {
                let word = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]) & 0x3fff);
                (word(6), word(8))
            }
            _ if bytes[0] != 0x2f => return corrupt("its picture does not begin as it must"),
            _ => {
                let packed = u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
                ((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1)
            }
        };
        limits.check_size(Format::WebP, u64::from(width), u64::from(height))?;
        self.has_pixels |= matches!(name, b"VP8 " | b"VP8L");
        self.size.get_or_insert((width, height));
        Ok(())
    }
}

/// How many bytes at the start of a chunk matter.
fn facts_of(name: &[u8; 4]) -> usize {
    match name {
        b"VP8 " | b"VP8X" => 10,
        b"VP8L" => 5,
        b"ANMF" => 16,
        _ => 0,
    }
}

fn triple(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], 0])
}
