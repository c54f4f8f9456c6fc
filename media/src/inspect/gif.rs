//! GIF: blocks up to the trailer (GIF89a specification).

use super::{Header, take};
use crate::{Failure, Format, Limits};

/// Walks a GIF. Only the first frame must be complete, since only it is shown; every frame must keep within the limits.
#[derive(Debug, Default)]
pub(super) struct GifWalker {
    state: State,
    header: Header,
    screen: (u64, u64),
    first: Option<(u64, u64)>,
    frames: u32,
    complete: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Signature and logical screen descriptor.
    #[default]
    Screen,
    /// A colour table, before a block or, of a frame, before its code size.
    Palette { left: u64, frame: bool },
    /// A block's introducer.
    Block,
    /// An extension's label.
    Extension,
    /// An image descriptor.
    Descriptor,
    /// A frame's code size.
    CodeSize,
    /// A sub-block's length.
    Length { frame: bool },
    /// A sub-block's data.
    Data { left: u64, frame: bool },
    /// After the trailer, or after what is no block any more.
    Done,
}

impl GifWalker {
    pub(super) fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        let rest = &mut &*chunk;
        while !rest.is_empty() {
            self.state = match self.state {
                State::Screen => match self.header.take(rest, 13) {
                    Some(bytes) => self.screen(&bytes, limits)?,
                    None => State::Screen,
                },
                State::Palette { mut left, frame } => {
                    take(rest, &mut left);
                    State::after_palette(left, frame)
                }
                State::Descriptor => match self.header.take(rest, 9) {
                    Some(bytes) => self.descriptor(&bytes, limits)?,
                    None => State::Descriptor,
                },
                State::Data { mut left, frame } => {
                    take(rest, &mut left);
                    if left == 0 { State::Length { frame } } else { State::Data { left, frame } }
                }
                State::Done => return Ok(()),
                state => {
                    let byte = rest[0];
                    *rest = &rest[1..];
                    self.byte(state, byte)?
                }
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(u32, u32), Failure> {
        match (self.complete, self.first) {
            (true, Some((width, height))) => Ok((width as u32, height as u32)),
            _ => Err(Failure::truncated(Format::Gif)),
        }
    }

    /// The states that take one byte.
    fn byte(&mut self, state: State, byte: u8) -> Result<State, Failure> {
        Ok(match (state, byte) {
            (State::Block, 0x2c) => State::Descriptor,
            (State::Block, 0x21) => State::Extension,
            (State::Block, _) if self.complete => State::Done,
            (State::Block, 0x3b) => return Err(Failure::corrupt(Format::Gif, "it holds no picture")),
            (State::Block, _) => return Err(Failure::corrupt(Format::Gif, "a block is of no known kind")),
            (State::CodeSize, _) => State::Length { frame: true },
            (State::Extension, _) => State::Length { frame: false },
            (State::Length { frame }, 0) => {
                self.complete |= frame;
                State::Block
            }
            (State::Length { frame }, length) => State::Data { left: u64::from(length), frame },
            (state, _) => state,
        })
    }

    fn screen(&mut self, bytes: &[u8], limits: &Limits) -> Result<State, Failure> {
        self.screen = (word(bytes, 6), word(bytes, 8));
        if self.screen.0 > 0 && self.screen.1 > 0 {
            limits.check_size(Format::Gif, self.screen.0, self.screen.1)?;
        }
        Ok(State::palette(bytes[10], false))
    }

    fn descriptor(&mut self, bytes: &[u8], limits: &Limits) -> Result<State, Failure> {
        let (left, top, width, height) = (word(bytes, 0), word(bytes, 2), word(bytes, 4), word(bytes, 6));
        self.frames += 1;
        if self.frames > limits.max_frames {
            return Err(Failure::too_complex(Format::Gif, "it has too many frames"));
        }
        if self.first.is_none() {
            if width == 0 || height == 0 {
                return Err(Failure::corrupt(Format::Gif, "it declares a picture without pixels"));
            }
            self.first = Some(canvas(self.screen, (left + width, top + height)));
        }
        if width > 0 && height > 0 {
            limits.check_size(Format::Gif, left + width, top + height)?;
        }
        Ok(State::palette(bytes[8], true))
    }
}

/// The size of the picture: the logical screen, or what the first frame needs if the screen is not declared.
fn canvas(screen: (u64, u64), frame: (u64, u64)) -> (u64, u64) {
    if screen.0 == 0 || screen.1 == 0 { frame } else { screen }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

impl State {
    /// The state after a descriptor whose `flags` may announce a colour table.
    fn palette(flags: u8, frame: bool) -> State {
        let left = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
        State::after_palette(left, frame)
    }

    fn after_palette(left: u64, frame: bool) -> State {
        match (left, frame) {
            (0, true) => State::CodeSize,
            (0, false) => State::Block,
            (left, frame) => State::Palette { left, frame },
        }
    }
}
