//! Boxes of the ISO base media file format (ISO 14496-12) and the numbers in them.

use crate::{Failure, Format};

/// Reads numbers and boxes off the front of a box's content; whatever is missing makes the file corrupt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    format: Format,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(rest: &'a [u8], format: Format) -> Self {
        Fields { rest, format }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| malformed(self.format))?;
        self.rest = rest;
        Ok(*bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Failure> {
        Ok(u8::from_be_bytes(self.bytes()?))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Failure> {
        Ok(u16::from_be_bytes(self.bytes()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Failure> {
        Ok(u32::from_be_bytes(self.bytes()?))
    }

    /// A number of two bytes, or of four if `long`.
    pub(crate) fn either(&mut self, long: bool) -> Result<u32, Failure> {
        if long { self.u32() } else { Ok(u32::from(self.u16()?)) }
    }

    /// A number of 0, 4 or 8 bytes, as item locations have them.
    pub(crate) fn sized(&mut self, bytes: u8) -> Result<u64, Failure> {
        match bytes {
            0 => Ok(0),
            4 => Ok(u64::from(self.u32()?)),
            8 => Ok(u64::from_be_bytes(self.bytes()?)),
            _ => Err(malformed(self.format)),
        }
    }

    /// A full box's version and flags.
    pub(crate) fn version(&mut self) -> Result<(u8, u32), Failure> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    /// The next box: its type and what it holds.
    pub(crate) fn next_box(&mut self) -> Result<Option<([u8; 4], Fields<'a>)>, Failure> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let whole = self.rest;
        let size = self.u32()?;
        let name = self.bytes()?;
        let size = match size {
            0 => whole.len() as u64,
            1 => u64::from_be_bytes(self.bytes()?),
            size => u64::from(size),
        };
        let header = whole.len() - self.rest.len();
        let content = usize::try_from(size).ok().and_then(|size| whole.get(header..size));
        let content = content.ok_or_else(|| malformed(self.format))?;
        self.rest = &whole[header + content.len()..];
        Ok(Some((name, Fields { rest: content, format: self.format })))
    }
}

/// What a file is that breaks these rules.
pub(crate) fn malformed(format: Format) -> Failure {
    Failure::corrupt(format, "its table of contents can't be read")
}
