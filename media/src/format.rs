//! The formats that are accepted, and how they and the ones that are not are recognised by their first bytes.

use serde::{Deserialize, Serialize};

use crate::heif_support;

/// A format that can be accepted, always told from the content and never from a name or a declared type.
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
    /// BMP, uncompressed or of run lengths.
    Bmp,
    /// TIFF, grey or RGB in 8 or 16 bits, uncompressed or by LZW, Deflate or PackBits; of several pages the first.
    Tiff,
    /// HEIC: HEIF with HEVC, what iPhones take. Only where [`heif_support`](crate::heif_support) finds a decoder.
    Heic,
    /// AVIF: HEIF with AV1. Only where [`heif_support`](crate::heif_support) finds a decoder.
    Avif,
}

/// What must be known before a format is recognised or ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognition {
    /// One of the accepted formats.
    Format(Format),
    /// Still a prefix of this format's signature, or of one that leaves the format open.
    Undecided(Option<Format>),
    /// None of the accepted formats.
    Other,
}

/// Bytes after which a file that is none of the accepted formats can be named as well as it ever will be. Also the
/// longest list of brands that a HEIF may begin with.
pub(crate) const HEAD: usize = 256;

impl Format {
    /// Every format.
    pub const fn all() -> [Format; 8] {
        use Format::{Avif, Bmp, Gif, Heic, Jpeg, Png, Tiff, WebP};
        [Jpeg, Png, WebP, Gif, Bmp, Tiff, Heic, Avif]
    }

    /// The formats that can be decoded here: all but HEIC and AVIF, and these where the system's libheif decodes them.
    pub fn accepted() -> Vec<Format> {
        Format::all().into_iter().filter(|format| format.is_decodable()).collect()
    }

    /// Whether this format can be decoded here.
    pub fn is_decodable(self) -> bool {
        match self {
            Format::Heic => heif_support().hevc,
            Format::Avif => heif_support().av1,
            _ => true,
        }
    }

    /// The media type, as in `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
            Format::Gif => "image/gif",
            Format::Bmp => "image/bmp",
            Format::Tiff => "image/tiff",
            Format::Heic => "image/heic",
            Format::Avif => "image/avif",
        }
    }

    /// The usual file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Gif => "gif",
            Format::Bmp => "bmp",
            Format::Tiff => "tif",
            Format::Heic => "heic",
            Format::Avif => "avif",
        }
    }

    /// The name that people use.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Gif => "GIF",
            Format::Bmp => "BMP",
            Format::Tiff => "TIFF",
            Format::Heic => "HEIC",
            Format::Avif => "AVIF",
        }
    }

    /// Recognises a file by its first bytes (18 are enough, but for a HEIF that lists many brands, where it takes up to
    /// 256); `None` if it is none of these formats.
    pub fn recognise(head: &[u8]) -> Option<Format> {
        match recognise(head) {
            Recognition::Format(format) => Some(format),
            Recognition::Undecided(_) | Recognition::Other => None,
        }
    }
}

/// A signature's byte that may be any.
const ANY: u16 = 256;

/// The formats that are told by a fixed beginning.
const SIGNATURES: &[(Format, &[u16])] = &[
    (Format::Jpeg, &[0xff, 0xd8, 0xff]),
    (Format::Png, &[0x89, b'P' as u16, b'N' as u16, b'G' as u16, 0x0d, 0x0a, 0x1a, 0x0a]),
    (Format::Gif, &[b'G' as u16, b'I' as u16, b'F' as u16, b'8' as u16, b'7' as u16, b'a' as u16]),
    (Format::Gif, &[b'G' as u16, b'I' as u16, b'F' as u16, b'8' as u16, b'9' as u16, b'a' as u16]),
    (
        Format::WebP,
        &[
            b'R' as u16,
            b'I' as u16,
            b'F' as u16,
            b'F' as u16,
            ANY,
            ANY,
            ANY,
            ANY,
            b'W' as u16,
            b'E' as u16,
            b'B' as u16,
            b'P' as u16,
        ],
    ),
    (Format::Tiff, &[b'I' as u16, b'I' as u16, b'*' as u16, 0]),
    (Format::Tiff, &[b'M' as u16, b'M' as u16, 0, b'*' as u16]),
];

/// Tells the format by its first bytes.
pub(crate) fn recognise(head: &[u8]) -> Recognition {
    let mut undecided = None;
    let fixed = SIGNATURES.iter().map(|(format, signature)| {
        let agrees = signature.iter().zip(head).all(|(&wanted, &found)| wanted == ANY || wanted == u16::from(found));
        match agrees {
            true if head.len() >= signature.len() => Recognition::Format(*format),
            true => Recognition::Undecided(Some(*format)),
            false => Recognition::Other,
        }
    });
    for recognition in fixed.chain([bmp(head), heif(head)]) {
        match recognition {
            Recognition::Format(_) => return recognition,
            Recognition::Undecided(_) => undecided = undecided.or(Some(recognition)),
            Recognition::Other => {}
        }
    }
    match undecided {
        _ if head.is_empty() => Recognition::Undecided(None),
        Some(recognition) => recognition,
        None => Recognition::Other,
    }
}

/// "BM" is too little to go by: the length of the bitmap's header must be that of a version.
fn bmp(head: &[u8]) -> Recognition {
    if !head.iter().zip(b"BM").all(|(found, wanted)| found == wanted) {
        return Recognition::Other;
    }
    match head.get(14..18) {
        Some([12 | 16..=64 | 108 | 124, 0, 0, 0]) => Recognition::Format(Format::Bmp),
        Some(_) => Recognition::Other,
        None => Recognition::Undecided(Some(Format::Bmp)),
    }
}

/// A HEIF's first box lists brands: the main one, a version, and what the file is compatible with. Some main brands say
/// nothing of the codec, which then is in the list.
fn heif(head: &[u8]) -> Recognition {
    let of = |brand: &[u8]| match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Format::Heic),
        b"avif" | b"avis" => Some(Format::Avif),
        _ => None,
    };
    let size = head.iter().take(4).fold(0, |size, &byte| size << 8 | usize::from(byte));
    let begins = head.iter().skip(4).zip(b"ftyp").all(|(found, wanted)| found == wanted);
    // A box of 16 to 256 bytes: of its length only the last two bytes are set.
    if !begins || head.iter().take(2).any(|&byte| byte != 0) || (head.len() >= 4 && !(16..=HEAD).contains(&size)) {
        return Recognition::Other;
    }
    match head.get(8..12) {
        Some(brand) if of(brand).is_some() => of(brand).map_or(Recognition::Other, Recognition::Format),
        Some(_) if head.len() >= size => {
            let listed = head[16..size].as_chunks::<4>().0.iter().find_map(|brand| of(brand));
            listed.map_or(Recognition::Other, Recognition::Format)
        }
        // These are pictures for certain, any other is most often a video.
        Some(b"mif1" | b"msf1" | b"miaf" | b"tmap") => Recognition::Undecided(Some(Format::Heic)),
        Some(_) | None => Recognition::Undecided(None),
    }
}

/// Names a file that is none of the accepted formats, if its signature is well known, as a noun phrase.
pub(crate) fn name_other(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) == Some(b"ftyp") {
        return Some(match head.get(8..12) {
            Some(b"mif1" | b"msf1" | b"miaf" | b"tmap") => "a HEIF picture of an unusual kind",
            Some(b"crx ") => "a camera's raw file",
            _ => "a video (MP4 or QuickTime)",
        });
    }
    const OTHERS: &[(&[u8], &str)] = &[
        (b"II+\0", "a BigTIFF picture"),
        (b"MM\0+", "a BigTIFF picture"),
        (b"IIU\0", "a camera's raw file"),
        (b"FUJIFILMCCD-RAW", "a camera's raw file"),
        (b"%PDF", "a PDF document"),
        (b"\0\0\x01\0", "an icon (ICO)"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
        (b"8BPS", "a Photoshop document"),
        (b"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"),
        (b"PK\x03\x04", "a ZIP archive"),
    ];
    if let Some((_, name)) = OTHERS.iter().find(|(signature, _)| head.starts_with(signature)) {
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
        assert_eq!(Format::recognise(b"II*\0"), Some(Format::Tiff));
        assert_eq!(Format::recognise(b"MM\0*"), Some(Format::Tiff));
        assert_eq!(Format::recognise(b""), None);
    }

    #[test]
    fn a_bitmap_is_told_by_the_length_of_its_header() {
        let head = |length| [b"BM6\0\0\0\0\0\0\0\x36\0\0\0".as_slice(), &u32::to_le_bytes(length)].concat();
        for length in [12, 40, 64, 124] {
            assert_eq!(Format::recognise(&head(length)), Some(Format::Bmp));
        }
        assert_eq!(recognise(&head(40)[..17]), Recognition::Undecided(Some(Format::Bmp)));
        assert_eq!(recognise(b"BMW is not the name of a picture"), Recognition::Other);
    }

    #[test]
    fn heif_is_told_by_its_main_brand_or_by_its_list() {
        assert_eq!(Format::recognise(b"\0\0\0\x18ftypheic"), Some(Format::Heic));
        assert_eq!(Format::recognise(b"\0\0\0\x1cftypavif"), Some(Format::Avif));
        let listed = b"\0\0\0\x1cftypmif1\0\0\0\0mif1miafavif";
        assert_eq!(Format::recognise(listed), Some(Format::Avif));
        for cut in 12..listed.len() {
            assert_eq!(recognise(&listed[..cut]), Recognition::Undecided(Some(Format::Heic)), "{cut}");
        }
        assert_eq!(recognise(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"), Recognition::Other);
        assert_eq!(recognise(b"\0\0\x10\0ftypmif1"), Recognition::Other, "a longer list is not read");
    }

    #[test]
    fn a_prefix_stays_undecided_until_it_cannot_match() {
        assert_eq!(recognise(b""), Recognition::Undecided(None));
        assert_eq!(recognise(b"RIFF1234WEB"), Recognition::Undecided(Some(Format::WebP)));
        assert_eq!(recognise(b"RIFF1234WEX"), Recognition::Other);
        assert_eq!(recognise(b"GIF88"), Recognition::Other);
        assert_eq!(recognise(b"MM"), Recognition::Undecided(Some(Format::Tiff)));
    }

    #[test]
    fn well_known_others_are_named() {
        assert_eq!(name_other(b"\0\0\0\x20ftypisom"), Some("a video (MP4 or QuickTime)"));
        assert_eq!(name_other(b"II+\0\x08\0\0\0"), Some("a BigTIFF picture"));
        assert_eq!(name_other(b"%PDF-1.7"), Some("a PDF document"));
        assert_eq!(name_other(b"<?xml version='1.0'?>\n<svg xmlns='x'>"), Some("an SVG drawing"));
        assert_eq!(name_other(b"hello"), None);
    }
}
