//! Pixels: probe, guard, decode, resize, encode, EXIF, placeholder. Bytes in, bytes and facts out; no async, no I/O.
//!
//! Three doors. [`Inspector`] watches an upload stream by, in constant memory, and refuses it as early as its bytes
//! allow. [`process`] makes everything that is shown of a photo as soon as it is there, and [`encode_webp`] later the same
//! sizes once more, in fewer bytes:
//!
//! ```text
//!  bytes ──► inspect ──► metadata ──► decode ─────► scale ──► colour ──► turn ────► LARGE ──► encode
//!            format      EXIF block   JPEG: small   to 1080   to sRGB    upright      │
//!            limits      ICC profile  YCbCr planes; (once)    (ICC)      (EXIF)       ├─► 640 ──► MEDIUM ──► encode
//!            complete?       │        others: RGB                                     │    └───► ThumbHash, hash …
//!                            └──► facts, orientation                                  └─► 150² ─► THUMBNAIL ─► encode
//! ```
//!
//! The original is decoded once, a JPEG no larger than it has to be, and everything costly happens at 1080 pixels, in the
//! planes of luma and chroma that renditions are stored as. The order matters: the limits are checked
//! on the container's own declarations before a decoder, which allocates by them, sees a byte; and renditions are made
//! from pixels alone, so nothing of the original's metadata can reach them. A small JPEG in which nothing needs to be changed is
//! shown with its own pixels, in a file that is made anew around its coefficients (`jpeg/transcode.rs`).
//!
//! Formats are told by content: [`Format`] lists them, [`Format::accepted`] those that can be decoded here. Of an
//! animation or of several pages the first picture is shown, of a picture with a gain map the base picture, and
//! transparency becomes white. HEIC and AVIF need the system's libheif ([`heif_support`]); whoever decodes strangers'
//! files with it does so in a process that may crash.
//!
//! A file is refused with a [`Failure`]: a [`FailureCode`] for programs, a sentence for the person. Decoders run behind
//! `catch_unwind`; a panic in one is the file's fault ([`FailureCode::Corrupt`]) and never the caller's.

mod color;
mod decode;
mod encode;
mod exif;
mod failure;
mod format;
mod hash;
mod heif;
mod ifd;
mod inspect;
mod jpeg;
mod limits;
mod metadata;
mod orient;
mod placeholder;
mod plane;
mod process;
mod resize;
mod webp;

pub use self::{
    exif::Facts,
    failure::{Failure, FailureCode, UnknownFailureCode},
    format::Format,
    heif::{HeifSupport, heif_support},
    inspect::{Inspection, Inspector},
    limits::Limits,
    process::{Photo, Rendition, encode_webp, process},
    resize::Size,
};
