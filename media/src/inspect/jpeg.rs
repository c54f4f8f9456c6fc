//! JPEG: markers and segments, the entropy-coded data of each scan, up to EOI (ISO 10918-1, annex B).

use super::{Header, take};
use crate::{Failure, Format, Limits};

/// Walks a JPEG. Thumbnails lie inside segments, which are skipped by length, so the EOI that is found is the
/// picture's.
#[derive(Debug, Default)]
pub(super) struct JpegWalker {
    state: State,
    header: Header,
    size: Option<(u32, u32)>,
    scans: u32,
    segments: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// The two bytes of SOI.
    #[default]
    Start,
    /// Looking for 0xFF: in the compressed data of a scan, and between segments, where every decoder tolerates others.
    Marker,
    /// After 0xFF, before the marker's code.
    Code,
    /// The two bytes of a segment's length.
    Length(u8),
    /// The bytes of a frame header that matter; the rest is `left`.
    Frame { left: u64 },
    /// The rest of a segment.
    Skip { left: u64 },
    /// After EOI.
    Done,
}

const FRAME_HEADER: usize = 6;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

impl JpegWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            self.state = match self.state {
                State::Start => match self.header.take(rest, 2) {
                    Some(_) => State::Marker,
                    None => State::Start,
                },
                State::Marker => match memchr::memchr(0xff, rest) {
                    Some(at) => {
                        *rest = &rest[at + 1..];
                        State::Code
                    }
                    None => return Ok(()),
                },
                State::Code => {
                    let code = rest[0];
                    *rest = &rest[1..];
                    self.marker(code)?
                }
                State::Length(code) => match self.header.take(rest, 2) {
                    Some(bytes) => self.segment(code, u16::from_be_bytes([bytes[0], bytes[1]]), limits)?,
                    None => State::Length(code),
                },
                State::Frame { left } => match self.header.take(rest, FRAME_HEADER) {
                    Some(bytes) => {
                        self.frame(&bytes, limits)?;
                        State::after_skip(left)
                    }
                    None => State::Frame { left },
                },
                State::Skip { mut left } => {
                    take(rest, &mut left);
                    State::after_skip(left)
                }
                State::Done => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        match (self.state, self.size) {
            (State::Done, Some(size)) => Ok(size),
            _ => Err(Failure::truncated(Format::Jpeg)),
        }
    }

    /// A marker's code, in the header as in a scan: stuffed zeros, fill bytes and restart markers stand alone.
    fn marker(&self, code: u8) -> Result<State, Failure> {
        Ok(match code {
            0xff => State::Code,
            0x00 | 0x01 | 0xd0..=0xd7 => State::Marker,
            SOI => return Err(Failure::corrupt(Format::Jpeg, "a second picture begins inside the first")),
            EOI if self.scans == 0 => return Err(Failure::corrupt(Format::Jpeg, "it holds no picture")),
            EOI => State::Done,
            code => State::Length(code),
        })
    }

    fn segment(&mut self, code: u8, length: u16, limits: &Limits) -> Result<State, Failure> {
        let Some(left) = u64::from(length).checked_sub(2) else {
            return Err(Failure::corrupt(Format::Jpeg, "a segment has an impossible length"));
        };
        match code {
            0xc0..=0xc2 => {
                if self.size.is_some() {
                    return Err(Failure::corrupt(Format::Jpeg, "it declares its size twice"));
                }
                return match left.checked_sub(FRAME_HEADER as u64) {
                    Some(left) => Ok(State::Frame { left }),
                    None => Err(Failure::corrupt(Format::Jpeg, "its frame header is too short")),
                };
            }
            0xc3 | 0xc5..=0xc7 => return Err(Failure::rare_kind(Format::Jpeg, "lossless or hierarchical")),
            0xc9..=0xcb | 0xcd..=0xcf => return Err(Failure::rare_kind(Format::Jpeg, "arithmetic-coded")),
            SOS => self.scan(limits)?,
            _ => {
                self.segments += 1;
                if self.segments > limits.max_segments {
                    return Err(Failure::too_complex(Format::Jpeg, "it has too many segments"));
                }
            }
        }
        Ok(State::after_skip(left))
    }

    fn frame(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), Failure> {
        let height = u16::from_be_bytes([bytes[1], bytes[2]]);
        let width = u16::from_be_bytes([bytes[3], bytes[4]]);
        if bytes[0] != 8 {
            return Err(Failure::rare_kind(Format::Jpeg, "not of 8 bits a sample"));
        }
        if !matches!(bytes[5], 1 | 3 | 4) {
            return Err(Failure::corrupt(Format::Jpeg, "it declares an impossible number of colour components"));
        }
        limits.check_size(Format::Jpeg, u64::from(width), u64::from(height))?;
        self.size = Some((u32::from(width), u32::from(height)));
        Ok(())
    }

    fn scan(&mut self, limits: &Limits) -> Result<(), Failure> {
        let Some((width, height)) = self.size else {
            return Err(Failure::corrupt(Format::Jpeg, "the picture begins before its size is declared"));
        };
        self.scans += 1;
        let visited = u64::from(width) * u64::from(height) * u64::from(self.scans);
        if self.scans > limits.max_scans || (self.scans > 1 && visited > limits.max_scan_pixels) {
            return Err(Failure::too_complex(Format::Jpeg, "it has too many scans"));
        }
        Ok(())
    }
}

impl State {
    fn after_skip(left: u64) -> State {
        if left == 0 { State::Marker } else { State::Skip { left } }
    }
}
