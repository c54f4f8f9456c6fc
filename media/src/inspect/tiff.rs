//! TIFF: the header and the first directory (TIFF 6.0), wherever in the file it lies.

use super::{Header, take};
use crate::{
    Failure, Format, Limits,
    ifd::{ENTRY, Entry, Order},
};

/// Walks a TIFF: forward to the first directory, whose entries hold the size, and on to the end, behind which nothing
/// may lie that the directory names. Further pages are the decoder's business, which refuses chains that form a ring.
#[derive(Debug)]
pub(super) struct TiffWalker {
    state: State,
    header: Header,
    order: Order,
    position: u64,
    directory: u64,
    width: Option<u32>,
    height: Option<u32>,
    strip: [Option<u32>; 2],
    /// Where the last byte lies that the directory names.
    end: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Byte order, number, where the directory is.
    Start,
    /// What lies in front of the directory.
    Skip { left: u64 },
    /// The number of entries.
    Count,
    /// As many entries.
    Entries { left: u32 },
    /// Where the next directory is.
    Next,
    /// After the directory.
    Done,
}

impl Default for TiffWalker {
    fn default() -> Self {
        TiffWalker {
            state: State::Start,
            header: Header::default(),
            order: Order::Little,
            position: 0,
            directory: 0,
            width: None,
            height: None,
            strip: [None; 2],
            end: 0,
        }
    }
}

impl TiffWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        self.position += chunk.len() as u64;
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            self.state = match self.state {
                State::Start => match self.header.take(rest, 8) {
                    Some(bytes) => self.start(&bytes)?,
                    None => State::Start,
                },
                State::Skip { mut left } => {
                    take(rest, &mut left);
                    if left == 0 { State::Count } else { State::Skip { left } }
                }
                State::Count => match self.header.take(rest, 2) {
                    Some(bytes) => self.count(&bytes, limits)?,
                    None => State::Count,
                },
                State::Entries { left } => match self.header.take(rest, ENTRY) {
                    Some(bytes) => {
                        self.entry(Entry::parse(self.order, &bytes))?;
                        if left > 1 { State::Entries { left: left - 1 } } else { State::Next }
                    }
                    None => State::Entries { left },
                },
                State::Next => match self.header.take(rest, 4) {
                    Some(bytes) => self.next(&bytes, limits)?,
                    None => State::Next,
                },
                State::Done => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        match (self.state, self.width.zip(self.height)) {
            (State::Done, Some(size)) if self.end <= self.position => Ok(size),
            _ => Err(Failure::truncated(Format::Tiff)),
        }
    }

    fn start(&mut self, bytes: &[u8]) -> Result<State, Failure> {
        self.order = Order::of(bytes).unwrap_or(Order::Little);
        self.directory = u64::from(self.order.u32(bytes, 4));
        match self.directory {
            0..8 => Err(Failure::corrupt(Format::Tiff, "its directory lies inside its header")),
            8 => Ok(State::Count),
            at => Ok(State::Skip { left: at - 8 }),
        }
    }

    fn count(&self, bytes: &[u8], limits: &Limits) -> Result<State, Failure> {
        match u32::from(self.order.u16(bytes, 0)) {
            0 => Err(Failure::corrupt(Format::Tiff, "its directory is empty")),
            count if count > limits.max_segments => {
                Err(Failure::too_complex(Format::Tiff, "its directory has too many entries"))
            }
            left => Ok(State::Entries { left }),
        }
    }

    /// Keeps what matters of an entry, and refuses kinds of pictures that are not photographs for people. The decoder
    /// refuses what is refused here once more, in words of its own.
    fn entry(&mut self, entry: Entry) -> Result<(), Failure> {
        const SUBFILE_TYPE: u16 = 254;
        const DNG_VERSION: u16 = 50_706;
        let rare = |kind| Err(Failure::rare_kind(Format::Tiff, kind));
        if let Some((at, size)) = entry.outside() {
            self.end = self.end.max(at + size);
        }
        let number = entry.number();
        match (entry.tag, number) {
            (SUBFILE_TYPE, Some(kind)) if kind & 1 == 1 => return rare("a camera's raw file"),
            (DNG_VERSION, _) => return rare("a camera's raw file"),
            (256, Some(width)) => self.width = Some(width),
            (257, Some(height)) => self.height = Some(height),
            (256 | 257, None) => return Err(Failure::corrupt(Format::Tiff, "its size is not a number")),
            (258, Some(bits)) if !matches!(bits, 8 | 16) => return rare("not of 8 or 16 bits a sample"),
            // None, LZW, Deflate by both its numbers, PackBits. JPEG inside a TIFF declares sizes of its own.
            (259, Some(compression)) if !matches!(compression, 1 | 5 | 8 | 32_773 | 32_946) => {
                return rare("compressed in an unusual way");
            }
            (262, Some(5)) => return rare("in printing colours (CMYK)"),
            (262, Some(32_803 | 34_892)) => return rare("a camera's raw file"),
            (262, Some(colors)) if colors > 2 => return rare("in unusual colours"),
            (273, Some(at)) if entry.count == 1 => self.strip[0] = Some(at),
            (279, Some(size)) if entry.count == 1 => self.strip[1] = Some(size),
            (277, Some(samples)) if samples > 4 => return rare("of more than four channels"),
            (284, Some(2)) => return rare("stored colour by colour"),
            (339, Some(format)) if format != 1 => return rare("not of whole numbers"),
            _ => {}
        }
        Ok(())
    }

    fn next(&mut self, bytes: &[u8], limits: &Limits) -> Result<State, Failure> {
        let Some((width, height)) = self.width.zip(self.height) else {
            return Err(Failure::corrupt(Format::Tiff, "it does not declare its size"));
        };
        limits.check_size(Format::Tiff, u64::from(width), u64::from(height))?;
        if u64::from(self.order.u32(bytes, 0)) == self.directory {
            return Err(Failure::corrupt(Format::Tiff, "its directories form a ring"));
        }
        if let [Some(at), Some(size)] = self.strip {
            self.end = self.end.max(u64::from(at) + u64::from(size));
        }
        Ok(State::Done)
    }
}
