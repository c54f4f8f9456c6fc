//! HEIC and AVIF: pictures of HEVC or AV1 in the container HEIF.
//!
//! Nobody has written a decoder for HEVC in Rust, and its patents are not for us to distribute. So both are decoded by
//! libheif, which is loaded when the first such picture or `doctor` asks for it: Darkroom builds without it, and
//! installing the library (Debian: `libheif1`, with plug-ins for libde265 and for dav1d or aom in newer versions) is
//! all that enables it.
//!
//! What the container says is read by code of ours: the inspection holds sizes, tiles and places of items to the limits
//! before libheif sees a byte, and EXIF and colours are taken from there too. libheif crops and turns by itself
//! (`clap`, `irot`, `imir`), so the EXIF orientation of such a file, which many writers repeat, is ignored.
//!
//! libheif and its codecs are C and C++. Bytes from strangers are for a process that may crash.

mod boxes;
mod contents;
mod library;
mod picture;

use std::sync::LazyLock;

pub(crate) use self::{
    contents::Contents,
    library::{Trouble, decode},
    picture::{Colors, check, check_grid, colors, exif, has_gain_map},
};
use crate::{Failure, Format, Limits};

/// Largest table of contents that is read, in bytes. A phone's picture of 200 tiles has one of 30 KiB.
pub(crate) const MAX_CONTENTS: u64 = 1 << 20;

/// What the system's libheif can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeifSupport {
    /// Whether libheif was found, in a version that can be used (1.15 or newer).
    pub available: bool,
    /// Its version, such as "1.19.8"; empty if it was not found.
    pub version: String,
    /// Whether it has a decoder for HEVC, so that HEIC pictures are taken.
    pub hevc: bool,
    /// Whether it has a decoder for AV1, so that AVIF pictures are taken.
    pub av1: bool,
}

/// Finds out what the system's libheif can do. It is looked for once, and stays loaded.
pub fn heif_support() -> &'static HeifSupport {
    static SUPPORT: LazyLock<HeifSupport> = LazyLock::new(library::support);
    &SUPPORT
}

/// The table of contents of a whole file that the inspection found sound.
pub(crate) fn contents<'a>(bytes: &'a [u8], format: Format, limits: &Limits) -> Result<Contents<'a>, Failure> {
    let mut fields = boxes::Fields::new(bytes, format);
    loop {
        match fields.next_box()? {
            Some((name, fields)) if &name == b"meta" => return Contents::read(fields.rest(), format, limits),
            Some(_) => {}
            None => return Err(boxes::malformed(format)),
        }
    }
}

/// Whether a box of the file holds content credentials (C2PA).
pub(crate) fn has_content_credentials(bytes: &[u8], format: Format) -> bool {
    const C2PA: [u8; 16] =
        [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
    let mut fields = boxes::Fields::new(bytes, format);
    while let Ok(Some((name, fields))) = fields.next_box() {
        if &name == b"uuid" && fields.rest().starts_with(&C2PA) {
            return true;
        }
    }
    false
}
