//! Incremental inspection: what a file is, how large its picture, whether it is complete, while its bytes stream by.
//!
//! Each format has a walker, a small state machine over the container. It keeps a few dozen bytes, never a chunk (a PNG
//! with compressed metadata also keeps an inflater's 32 KiB window, a HEIF its table of contents, 1 MiB at most), and
//! stops caring after the picture's end: phones append a video or further pictures there.

mod bmp;
mod gif;
mod heif;
mod inflate;
mod jpeg;
mod png;
mod tiff;
mod webp;

use self::{
    bmp::BmpWalker, gif::GifWalker, heif::HeifWalker, jpeg::JpegWalker, png::PngWalker, tiff::TiffWalker,
    webp::WebpWalker,
};
use crate::{
    Failure, Format, Limits,
    format::{self, Recognition},
};

/// Inspects an upload while it streams by: recognises the format by content, walks the container, finds the dimensions
/// wherever they are, and refuses as early as the bytes allow. Memory does not depend on the size of the file.
///
/// The verdict does not depend on how the bytes are cut into chunks.
#[derive(Debug)]
pub struct Inspector {
    limits: Limits,
    bytes: u64,
    head: Vec<u8>,
    walker: Option<Walker>,
    failure: Option<Failure>,
}

/// What an accepted file is. Dimensions are as stored, before EXIF orientation is applied; of a HEIC or AVIF as turned
/// and cropped by the file itself, which decoding includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The format, from content.
    pub format: Format,
    /// Stored width in pixels, at least 1.
    pub width: u32,
    /// Stored height in pixels, at least 1.
    pub height: u32,
    /// Bytes of the whole file, with whatever follows the picture.
    pub bytes: u64,
}

#[derive(Debug)]
enum Walker {
    Jpeg(JpegWalker),
    Png(PngWalker),
    WebP(WebpWalker),
    Gif(GifWalker),
    Bmp(BmpWalker),
    Tiff(TiffWalker),
    Heif(Format, HeifWalker),
}

impl Inspector {
    /// Starts an inspection.
    pub fn new(limits: Limits) -> Self {
        Inspector { limits, bytes: 0, head: Vec::new(), walker: None, failure: None }
    }

    /// Takes the next bytes. After the first failure every further call returns the same one.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        // What is still allowed is walked first, so that the verdict on a file both damaged and too large does not
        // depend on how it was cut.
        let allowed = usize::try_from(self.limits.max_bytes - self.bytes).unwrap_or(usize::MAX).min(chunk.len());
        self.bytes += allowed as u64;
        let mut result = self.walk(&chunk[..allowed]);
        if result.is_ok() && allowed < chunk.len() {
            result = Err(Failure::too_large(self.limits.max_bytes));
        }
        result.inspect_err(|failure| self.failure = Some(failure.clone()))
    }

    /// The format, as soon as it is known (mostly after 12 bytes, at most after 256).
    pub fn format(&self) -> Option<Format> {
        Some(match self.walker.as_ref()? {
            Walker::Jpeg(_) => Format::Jpeg,
            Walker::Png(_) => Format::Png,
            Walker::WebP(_) => Format::WebP,
            Walker::Gif(_) => Format::Gif,
            Walker::Bmp(_) => Format::Bmp,
            Walker::Tiff(_) => Format::Tiff,
            Walker::Heif(format, _) => *format,
        })
    }

    /// Ends the inspection after the last byte: the file's facts, or why it can't be used.
    pub fn finish(self) -> Result<Inspection, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.bytes == 0 {
            return Err(Failure::empty());
        }
        let Some(walker) = self.walker else {
            return Err(cut_signature(&self.head));
        };
        let (format, (width, height)) = match walker {
            Walker::Jpeg(walker) => (Format::Jpeg, walker.finish()?),
            Walker::Png(walker) => (Format::Png, walker.finish()?),
            Walker::WebP(walker) => (Format::WebP, walker.finish()?),
            Walker::Gif(walker) => (Format::Gif, walker.finish()?),
            Walker::Bmp(walker) => (Format::Bmp, walker.finish()?),
            Walker::Tiff(walker) => (Format::Tiff, walker.finish()?),
            Walker::Heif(format, walker) => (format, walker.finish(format)?),
        };
        Ok(Inspection { format, width, height, bytes: self.bytes })
    }

    fn walk(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        if let Some(walker) = &mut self.walker {
            return walker.feed(chunk, &self.limits);
        }
        let taken = chunk.len().min(format::HEAD - self.head.len());
        self.head.extend_from_slice(&chunk[..taken]);
        match format::recognise(&self.head) {
            Recognition::Format(format) if !self.limits.accepts(format) => Err(Failure::no_heif_decoder(format)),
            Recognition::Format(format) => {
                let mut walker = Walker::new(format);
                let head = std::mem::take(&mut self.head);
                let result = walker.feed(&head, &self.limits);
                let walker = self.walker.insert(walker);
                result?;
                walker.feed(&chunk[taken..], &self.limits)
            }
            Recognition::Other if self.head.len() == format::HEAD => Err(Failure::not_accepted(&self.head)),
            Recognition::Other | Recognition::Undecided(_) => Ok(()),
        }
    }
}

/// Inspects bytes that are all there.
pub(crate) fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, Failure> {
    let mut inspector = Inspector::new(limits.clone());
    inspector.feed(bytes)?;
    inspector.finish()
}

/// A file that ended before its format was recognised.
fn cut_signature(head: &[u8]) -> Failure {
    match format::recognise(head) {
        Recognition::Undecided(Some(format)) if head.len() >= 2 => Failure::truncated(format),
        _ => Failure::not_accepted(head),
    }
}

impl Walker {
    fn new(format: Format) -> Self {
        match format {
            Format::Jpeg => Walker::Jpeg(JpegWalker::default()),
            Format::Png => Walker::Png(PngWalker::default()),
            Format::WebP => Walker::WebP(WebpWalker::default()),
            Format::Gif => Walker::Gif(GifWalker::default()),
            Format::Bmp => Walker::Bmp(BmpWalker::default()),
            Format::Tiff => Walker::Tiff(TiffWalker::default()),
            Format::Heic | Format::Avif => Walker::Heif(format, HeifWalker::default()),
        }
    }

    fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), Failure> {
        match self {
            Walker::Jpeg(walker) => walker.feed(chunk, limits),
            Walker::Png(walker) => walker.feed(chunk, limits),
            Walker::WebP(walker) => walker.feed(chunk, limits),
            Walker::Gif(walker) => walker.feed(chunk, limits),
            Walker::Bmp(walker) => walker.feed(chunk, limits),
            Walker::Tiff(walker) => walker.feed(chunk, limits),
            Walker::Heif(format, walker) => walker.feed(*format, chunk, limits),
        }
    }
}

/// Collects the few bytes of a header over any number of chunks.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    bytes: [u8; 24],
    filled: usize,
}

impl Header {
    /// Takes bytes off `rest` until `size` are there, and then gives them and starts afresh.
    fn take(&mut self, rest: &mut &[u8], size: usize) -> Option<[u8; 24]> {
        let taken = rest.len().min(size - self.filled);
        self.bytes[self.filled..self.filled + taken].copy_from_slice(&rest[..taken]);
        self.filled += taken;
        *rest = &rest[taken..];
        if self.filled < size {
            return None;
        }
        self.filled = 0;
        Some(self.bytes)
    }
}

/// Takes up to `left` bytes off `rest` and lowers `left` by as many; gives what was taken.
fn take<'a>(rest: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
    let (head, tail) = rest.split_at(taken);
    *rest = tail;
    *left -= taken as u64;
    head
}
