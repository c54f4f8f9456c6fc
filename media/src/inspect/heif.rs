//! HEIC and AVIF: the boxes of the file (ISO 14496-12) up to the last byte that its table of contents names.

use super::{Header, take};
use crate::{
    Failure, Format, Limits,
    heif::{Contents, MAX_CONTENTS, check},
};

/// Walks a HEIF. Its table of contents (`meta`) is kept and read whole; everything else streams by.
#[derive(Debug, Default)]
pub(super) struct HeifWalker {
    state: State,
    header: Header,
    position: u64,
    boxes: u32,
    meta: Vec<u8>,
    size: Option<(u32, u32)>,
    /// Where the last byte lies that the table names.
    end: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// A box's length and type.
    #[default]
    Box,
    /// The length of a box for which four bytes were too little.
    Long([u8; 4]),
    /// The table of contents.
    Meta { left: u64 },
    /// Another box.
    Skip { left: u64 },
    /// After everything that the table names.
    Done,
}

impl HeifWalker {
    pub(super) fn feed(&mut self, format: Format, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            let before = rest.len();
            self.state = match self.state {
                State::Box if self.is_over() => State::Done,
                State::Box => match self.header.take(rest, 8) {
                    Some(bytes) => {
                        let name = [bytes[4], bytes[5], bytes[6], bytes[7]];
                        match u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) {
                            // To the end of the file.
                            0 => self.begin(format, name, u64::MAX, limits)?,
                            1 => State::Long(name),
                            size => self.begin(format, name, self.content(format, u64::from(size), 8)?, limits)?,
                        }
                    }
                    None => State::Box,
                },
                State::Long(name) => match self.header.take(rest, 8) {
                    Some(bytes) => {
                        let mut size = [0; 8];
                        size.copy_from_slice(&bytes[..8]);
                        let content = self.content(format, u64::from_be_bytes(size), 16)?;
                        self.begin(format, name, content, limits)?
                    }
                    None => State::Long(name),
                },
                State::Meta { mut left } => {
                    self.meta.extend_from_slice(take(rest, &mut left));
                    if left == 0 { self.read(format, limits)? } else { State::Meta { left } }
                }
                State::Skip { mut left } => {
                    take(rest, &mut left);
                    if left == 0 { State::Box } else { State::Skip { left } }
                }
                State::Done => return Ok(()),
            };
            self.position += (before - rest.len()) as u64;
        }
        Ok(())
    }

    pub(super) fn finish(self, format: Format) -> Result<(u32, u32), Failure> {
        match self.size {
            Some(size) if self.end <= self.position || matches!(self.state, State::Done) => Ok(size),
            _ => Err(Failure::truncated(format)),
        }
    }

    /// Whether nothing matters any more. Asked between boxes only, so that the verdict does not depend on the chunks.
    fn is_over(&self) -> bool {
        self.header.filled == 0 && self.size.is_some() && self.position >= self.end
    }

    /// How much a box holds behind its header.
    fn content(&self, format: Format, size: u64, header: u64) -> Result<u64, Failure> {
        size.checked_sub(header).ok_or_else(|| Failure::corrupt(format, "a part has an impossible length"))
    }

    fn begin(&mut self, format: Format, name: [u8; 4], left: u64, limits: &Limits) -> Result<State, Failure> {
        self.boxes += 1;
        if self.boxes > limits.max_segments {
            return Err(Failure::too_complex(format, "it consists of too many parts"));
        }
        match &name {
            b"meta" if self.size.is_some() => Err(Failure::corrupt(format, "it has two tables of contents")),
            b"meta" if left > MAX_CONTENTS => Err(Failure::too_complex(format, "its table of contents is too large")),
            b"meta" if left == 0 => self.read(format, limits),
            b"meta" => Ok(State::Meta { left }),
            _ if left == 0 => Ok(State::Box),
            _ => Ok(State::Skip { left }),
        }
    }

    fn read(&mut self, format: Format, limits: &Limits) -> Result<State, Failure> {
        let meta = std::mem::take(&mut self.meta);
        let contents = Contents::read(&meta, format, limits)?;
        self.size = Some(check(&contents, format, limits)?);
        self.end = contents.end();
        Ok(State::Box)
    }
}
