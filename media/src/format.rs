//! The formats that are accepted, and how they and the ones that are not are recognised by their first bytes.

use serde::{Deserialize, Serialize};

/// A format that is accepted, always told from the content and never from a name or a declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    /// JPEG (ISO 10918), baseline or progressive, 8 bits a sample.
    Jpeg,
    /// PNG; of an APNG the default picture.
    Png,
    /// WebP, lossy or lossless; of an animation the first frame.
    WebP,
    /// GIF; of an animation the first frame.
    Gif,
}

/// What must be known before a format is recognised or ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognition {
    /// One of the accepted formats.
    Format(Format),
    /// Still a prefix of an accepted format's signature.
    Undecided,
    /// None of the accepted formats.
    Other,
}

/// Bytes after which a file that is none of the accepted formats can be named as well as it ever will be.
pub(crate) const HEAD: usize = 256;

impl Format {
    /// Every accepted format.
    pub const fn all() -> [Format; 4] {
        [Format::Jpeg, Format::Png, Format::WebP, Format::Gif]
    }

    /// The media type, as in `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
            Format::Gif => "image/gif",
        }
    }

    /// The usual file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Gif => "gif",
        }
    }

    /// The name that people use.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Gif => "GIF",
        }
    }

    /// Recognises a file by its first bytes (12 are always enough); `None` if it is none of the accepted formats.
    pub fn recognise(head: &[u8]) -> Option<Format> {
        match recognise(head) {
            Recognition::Format(format) => Some(format),
            Recognition::Undecided | Recognition::Other => None,
        }
    }
}

/// Compares `head` with each signature; `None` in a signature is any byte.
pub(crate) fn recognise(head: &[u8]) -> Recognition {
    const ANY: Option<u8> = None;
    const fn byte(value: u8) -> Option<u8> {
        Some(value)
    }
    const JPEG: &[Option<u8>] = &[byte(0xff), byte(0xd8), byte(0xff)];
    const PNG: &[Option<u8>] =
        &[byte(0x89), byte(b'P'), byte(b'N'), byte(b'G'), byte(b'\r'), byte(b'\n'), byte(0x1a), byte(b'\n')];
    const GIF87: &[Option<u8>] = &[byte(b'G'), byte(b'I'), byte(b'F'), byte(b'8'), byte(b'7'), byte(b'a')];
    const GIF89: &[Option<u8>] = &[byte(b'G'), byte(b'I'), byte(b'F'), byte(b'8'), byte(b'9'), byte(b'a')];
    const WEBP: &[Option<u8>] = &[
        byte(b'R'),
        byte(b'I'),
        byte(b'F'),
        byte(b'F'),
        ANY,
        ANY,
        ANY,
        ANY,
        byte(b'W'),
        byte(b'E'),
        byte(b'B'),
        byte(b'P'),
    ];

    let mut undecided = false;
    for (format, signature) in
        [(Format::Jpeg, JPEG), (Format::Png, PNG), (Format::Gif, GIF87), (Format::Gif, GIF89), (Format::WebP, WEBP)]
    {
        let agrees = signature.iter().zip(head).all(|(wanted, found)| wanted.is_none_or(|wanted| wanted == *found));
        if agrees && head.len() >= signature.len() {
            return Recognition::Format(format);
        }
        undecided |= agrees;
    }
    if undecided { Recognition::Undecided } else { Recognition::Other }
}

/// Names a file that is none of the accepted formats, if its signature is well known, as a noun phrase.
pub(crate) fn name_other(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) == Some(b"ftyp") {
        return Some(match head.get(8..12) {
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => "a HEIC picture",
            Some(b"avif" | b"avis") => "an AVIF picture",
            _ => "a video (MP4 or QuickTime)",
        });
    }
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"II*\0", "a TIFF picture or a camera's raw file"),
        (b"MM\0*", "a TIFF picture or a camera's raw file"),
        (b"BM", "a BMP picture"),
        (b"%PDF", "a PDF document"),
        (b"\0\0\x01\0", "an icon (ICO)"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
        (b"8BPS", "a Photoshop document"),
        (b"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"),
        (b"PK\x03\x04", "a ZIP archive"),
    ];
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Some(name);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let holds = |needle: &[u8]| text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    match text.first() {
        Some(b'<') if holds(b"<svg") => Some("an SVG drawing"),
        Some(b'<') if holds(b"<html") || holds(b"<!doctype html") => Some("a web page"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_from_content() {
        assert_eq!(Format::recognise(b"\xff\xd8\xff\xe0"), Some(Format::Jpeg));
        assert_eq!(Format::recognise(b"\x89PNG\r\n\x1a\n"), Some(Format::Png));
        assert_eq!(Format::recognise(b"GIF87a"), Some(Format::Gif));
        assert_eq!(Format::recognise(b"GIF89a.."), Some(Format::Gif));
        assert_eq!(Format::recognise(b"RIFF\x10\0\0\0WEBPVP8 "), Some(Format::WebP));
        assert_eq!(Format::recognise(b"RIFF\x10\0\0\0WAVEfmt "), None);
        assert_eq!(Format::recognise(b""), None);
    }

    #[test]
    fn a_prefix_stays_undecided_until_it_cannot_match() {
        assert_eq!(recognise(b""), Recognition::Undecided);
        assert_eq!(recognise(b"RIFF1234WEB"), Recognition::Undecided);
        assert_eq!(recognise(b"RIFF1234WEX"), Recognition::Other);
        assert_eq!(recognise(b"GIF88"), Recognition::Other);
    }

    #[test]
    fn well_known_others_are_named() {
        assert_eq!(name_other(b"\0\0\0\x18ftypheic\0\0\0\0"), Some("a HEIC picture"));
        assert_eq!(name_other(b"\0\0\0\x1cftypavif"), Some("an AVIF picture"));
        assert_eq!(name_other(b"\0\0\0\x20ftypisom"), Some("a video (MP4 or QuickTime)"));
        assert_eq!(name_other(b"%PDF-1.7"), Some("a PDF document"));
        assert_eq!(name_other(b"<?xml version='1.0'?>\n<svg xmlns='x'>"), Some("an SVG drawing"));
        assert_eq!(name_other(b"hello"), None);
    }
}
