//! How large compressed PNG metadata would become, found by inflating it into a buffer that is thrown away.

use std::fmt;

use miniz_oxide::{
    DataFormat, MZFlush, MZStatus,
    inflate::stream::{InflateState, inflate},
};

/// Measures one iCCP, zTXt or iTXt chunk as it streams by.
pub(super) struct Gauge {
    preamble: Preamble,
    inflater: Option<Box<InflateState>>,
}

/// What stands before the compressed bytes.
#[derive(Clone, Copy)]
enum Preamble {
    /// iCCP, zTXt: a name, NUL, one byte for the method.
    Name,
    /// iTXt: a keyword, NUL, a flag, a method, a language, NUL, a translated keyword, NUL.
    Keyword,
    Flag,
    Method,
    Texts {
        left: u8,
    },
    /// The compressed bytes.
    Stream,
    /// Not compressed, broken, or over.
    Ignored,
}

impl Gauge {
    /// A gauge for the chunks that can be compressed.
    pub(super) fn of_chunk(name: &[u8; 4]) -> Option<Gauge> {
        let preamble = match name {
            b"iCCP" | b"zTXt" => Preamble::Name,
            b"iTXt" => Preamble::Keyword,
            _ => return None,
        };
        Some(Gauge { preamble, inflater: None })
    }

    /// Takes the next bytes of the chunk; gives how many bytes they inflate to, `None` if these are more than `budget`.
    pub(super) fn feed(&mut self, mut data: &[u8], budget: u64) -> Option<u64> {
        while let Some((&byte, rest)) = data.split_first() {
            self.preamble = match self.preamble {
                Preamble::Stream => return self.inflate(data, budget),
                Preamble::Ignored => return Some(0),
                Preamble::Name if byte == 0 => Preamble::Texts { left: 0 },
                Preamble::Keyword if byte == 0 => Preamble::Flag,
                Preamble::Flag if byte == 1 => Preamble::Method,
                Preamble::Flag => Preamble::Ignored,
                Preamble::Method => Preamble::Texts { left: 2 },
                Preamble::Texts { left: 0 } => Preamble::Stream,
                Preamble::Texts { left: 1 } if byte == 0 => Preamble::Stream,
                Preamble::Texts { left } if byte == 0 => Preamble::Texts { left: left - 1 },
                same => same,
            };
            data = rest;
        }
        Some(0)
    }

    fn inflate(&mut self, mut data: &[u8], budget: u64) -> Option<u64> {
        let inflater = self.inflater.get_or_insert_with(|| InflateState::new_boxed(DataFormat::Zlib));
        let mut scratch = [0; 8 * 1024];
        let mut inflated = 0;
        loop {
            let step = inflate(inflater, data, &mut scratch, MZFlush::None);
            data = &data[step.bytes_consumed..];
            inflated += step.bytes_written as u64;
            if inflated > budget {
                return None;
            }
            // A full scratch buffer means that more may be waiting inside even when all input is consumed.
            let stuck = step.bytes_consumed == 0 && step.bytes_written == 0;
            let drained = data.is_empty() && step.bytes_written < scratch.len();
            if step.status != Ok(MZStatus::Ok) || stuck || drained {
                if !matches!(step.status, Ok(MZStatus::Ok) | Err(miniz_oxide::MZError::Buf)) {
                    self.preamble = Preamble::Ignored;
                }
                return Some(inflated);
            }
        }
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge").field("inflating", &self.inflater.is_some()).finish()
    }
}
