//! Finds what a container carries besides pixels: the EXIF block, the colour profile, and two things that are recognised
//! but not used.
//!
//! - A **gain map** (Ultra HDR's and Apple's in JPEG and HEIC, ISO 21496-1) tells a brighter screen how to show the same
//!   picture brighter. The base picture, made for ordinary screens, is what renditions are made of.
//! - **Content credentials** (C2PA) are a signed statement of a picture's origin. A signature over the original says
//!   nothing of a rendition, so none carries it; the original keeps it.
//!
//! Both are facts of the photo ([`Facts::gain_map`], [`Facts::content_credentials`]), and both are whole in the original,
//! which is never changed.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use moxcms::ColorProfile;

use crate::{
    Facts, Format, Limits, exif,
    heif::{self, Colors},
    ifd::{self, tag},
    orient::Orientation,
};

/// What the container carries besides pixels, as far as it is used.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// The EXIF block, from its TIFF header on.
    pub(crate) exif: Option<Vec<u8>>,
    /// The ICC profile.
    pub(crate) icc: Option<Vec<u8>>,
    gain_map: bool,
    content_credentials: bool,
    /// Whether decoding turns the picture upright, whatever EXIF says.
    upright: bool,
}

impl Metadata {
    /// How the decoded picture must be turned, and what the owner may read of it.
    pub(crate) fn describe(&self) -> (Orientation, Facts) {
        let (orientation, facts) = self.exif.clone().map(exif::read).unwrap_or_default();
        let orientation = if self.upright { Orientation::default() } else { orientation };
        let Metadata { gain_map, content_credentials, .. } = *self;
        (orientation, Facts { gain_map, content_credentials, ..facts })
    }
}

const EXIF_PREFIX: &[u8] = b"Exif\0";
const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";

/// Collects the metadata of a file; whatever is broken or larger than the limits is left out.
pub(crate) fn read(format: Format, bytes: &[u8], limits: &Limits) -> Metadata {
    let cap = usize::try_from(limits.max_metadata_bytes).unwrap_or(usize::MAX);
    let mut metadata = match format {
        Format::Jpeg => of_jpeg(bytes),
        Format::Png => of_png(bytes, cap),
        Format::WebP => of_webp(bytes),
        Format::Gif => of_gif(bytes),
        Format::Bmp => of_bmp(bytes),
        Format::Tiff => of_tiff(bytes),
        Format::Heic | Format::Avif => of_heif(format, bytes, limits, cap),
    };
    // A TIFF is its own EXIF block.
    metadata.exif.take_if(|exif| exif.len() > cap && format != Format::Tiff);
    metadata.icc.take_if(|icc| icc.len() > cap);
    metadata
}

/// The segments of a JPEG up to and with the header of its first scan, each as its marker's code and its data.
pub(crate) fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            match *bytes.get(at..)?.first_chunk()? {
                [0xff, 0xd9] => return None,
                [0xff, code @ (0x02..=0xcf | 0xda..=0xfe)] => {
                    let length = usize::from(u16::from_be_bytes(*bytes.get(at + 2..)?.first_chunk()?));
                    let segment = bytes.get(at + 4..at + 2 + length)?;
                    // Behind the header of a scan lies its compressed data.
                    at = if code == 0xda { bytes.len() } else { at + 2 + length };
                    return Some((code, segment));
                }
                _ => at += 1,
            }
        }
    })
}

/// The first EXIF segment and the profile's numbered parts.
fn of_jpeg(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut parts = Vec::new();
    for (code, segment) in jpeg_segments(bytes) {
        metadata.gain_map |= matches!(code, 0xe1 | 0xe2) && announces_gain_map(segment);
        match code {
            0xe1 if metadata.exif.is_none() => metadata.exif = exif_of(segment),
            0xeb => metadata.content_credentials |= holds_content_credentials(segment),
            0xe2 => parts.extend(segment.strip_prefix(ICC_PREFIX).and_then(|part| part.split_at_checked(2))),
            _ => {}
        }
    }
    Metadata { icc: join_profile(parts), ..metadata }
}

/// Whether a segment says that a gain map follows the picture: by XMP in the name spaces of Ultra HDR or Apple, or by
/// the segment of ISO 21496-1.
fn announces_gain_map(segment: &[u8]) -> bool {
    const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    const ISO: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
    segment.starts_with(ISO)
        || segment.strip_prefix(XMP).is_some_and(|xmp| {
            holds(xmp, b"http://ns.adobe.com/hdr-gain-map/1.0/") || holds(xmp, b"http://ns.apple.com/HDRGainMap/1.0/")
        })
}

/// Whether an APP11 segment (JPEG XT's boxes: "JP", a number, a count, then a box) begins a JUMBF of C2PA.
fn holds_content_credentials(segment: &[u8]) -> bool {
    segment.starts_with(b"JP")
        && segment.get(12..16) == Some(b"jumb")
        && holds(&segment[..segment.len().min(96)], b"c2pa")
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Strips the identifier in front of the TIFF header: "Exif", NUL and a padding byte.
fn exif_of(segment: &[u8]) -> Option<Vec<u8>> {
    Some(segment.strip_prefix(EXIF_PREFIX)?.get(1..)?.to_vec())
}

/// Joins a profile's parts, each headed by its number and the count of all; `None` if any is missing or doubled.
fn join_profile(mut parts: Vec<(&[u8], &[u8])>) -> Option<Vec<u8>> {
    parts.sort_by_key(|(heading, _)| heading[0]);
    let complete = parts
        .iter()
        .enumerate()
        .all(|(index, (heading, _))| usize::from(heading[0]) == index + 1 && usize::from(heading[1]) == parts.len());
    (complete && !parts.is_empty()).then(|| parts.iter().flat_map(|(_, part)| *part).copied().collect())
}

fn of_png(bytes: &[u8], cap: usize) -> Metadata {
    let mut metadata = Metadata::default();
    let mut numbers: Option<&[u8; 2]> = None;
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        let [l0, l1, l2, l3, name @ ..] = *header;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let Some((data, after)) = after.split_at_checked(length) else { break };
        match &name {
            b"eXIf" if metadata.exif.is_none() => {
                metadata.exif = exif_of(data).or_else(|| Some(data.to_vec()));
            }
            b"iCCP" if metadata.icc.is_none() => {
                let compressed = data.iter().position(|&byte| byte == 0).and_then(|name| data.get(name + 2..));
                metadata.icc = compressed.and_then(|zlib| decompress_to_vec_zlib_with_limit(zlib, cap).ok());
            }
            b"cICP" => numbers = data.first_chunk(),
            b"caBX" => metadata.content_credentials = true,
            b"IEND" => break,
            _ => {}
        }
        rest = after.get(4..).unwrap_or_default();
    }
    // Numbers go before a profile, which then is for programs that don't know them.
    if let Some(profile) = numbers.and_then(|&[primaries, transfer]| profile_of(primaries.into(), transfer.into())) {
        metadata.icc = Some(profile);
    }
    metadata
}

fn of_webp(bytes: &[u8]) -> Metadata {
    let mut metadata = Metadata::default();
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        let [name @ .., l0, l1, l2, l3] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let Some((data, after)) = after.split_at_checked(length) else { break };
        match &name {
            b"EXIF" if metadata.exif.is_none() => {
                metadata.exif = exif_of(data).or_else(|| Some(data.to_vec()));
            }
            b"ICCP" if metadata.icc.is_none() => metadata.icc = Some(data.to_vec()),
            b"C2PA" => metadata.content_credentials = true,
            _ => {}
        }
        rest = after.get(length & 1..).unwrap_or_default();
    }
    metadata
}

/// GIF has no EXIF and no profile that anybody writes; C2PA has an application extension.
fn of_gif(bytes: &[u8]) -> Metadata {
    Metadata { content_credentials: holds(bytes, b"!\xff\x0bC2PA_GIF"), ..Metadata::default() }
}

/// The profile that the header's fifth version may point to.
fn of_bmp(bytes: &[u8]) -> Metadata {
    const HEADER: usize = 14;
    let field = |at| bytes.get(HEADER + at..).and_then(<[u8]>::first_chunk).map(|word| u32::from_le_bytes(*word));
    let profile = || {
        let embedded = field(0) == Some(124) && field(56) == Some(u32::from_be_bytes(*b"MBED"));
        let at = HEADER + usize::try_from(field(112).filter(|_| embedded)?).ok()?;
        Some(bytes.get(at..at.checked_add(usize::try_from(field(116)?).ok()?)?)?.to_vec())
    };
    Metadata { icc: profile(), ..Metadata::default() }
}

/// A TIFF is laid out as an EXIF block is, so the whole file is given for one; only its tags are read.
fn of_tiff(bytes: &[u8]) -> Metadata {
    let entries = ifd::first(bytes);
    let entry = |tag| entries.iter().find(|entry| entry.tag == tag);
    Metadata {
        exif: Some(bytes.to_vec()),
        icc: entry(tag::ICC_PROFILE).and_then(|entry| entry.bytes(bytes)).map(<[u8]>::to_vec),
        content_credentials: entry(tag::CONTENT_CREDENTIALS).is_some(),
        ..Metadata::default()
    }
}

fn of_heif(format: Format, bytes: &[u8], limits: &Limits, cap: usize) -> Metadata {
    let Ok(contents) = heif::contents(bytes, format, limits) else { return Metadata::default() };
    let icc = match heif::colors(&contents) {
        Some(Colors::Profile(profile)) => Some(profile.to_vec()),
        Some(Colors::Numbers { primaries, transfer }) => profile_of(primaries, transfer),
        None => None,
    };
    Metadata {
        exif: heif::exif(&contents, bytes, cap),
        icc,
        gain_map: heif::has_gain_map(&contents),
        content_credentials: heif::has_content_credentials(bytes, format),
        upright: true,
    }
}

/// The profile of a wider gamut than sRGB's that is given by numbers (ITU-T H.273). None for what is sRGB or near it, nor
/// for HDR's curves, for which a profile alone would make pictures far too dark.
fn profile_of(primaries: u16, transfer: u16) -> Option<Vec<u8>> {
    let profile = match (primaries, transfer) {
        (12, 1 | 2 | 6 | 13..=15) => ColorProfile::new_display_p3(),
        (9, 1 | 2 | 6 | 13..=15) => ColorProfile::new_bt2020(),
        _ => return None,
    };
    profile.encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_in_parts_is_joined_in_their_order() {
        let parts: Vec<(&[u8], &[u8])> = vec![(&[2, 2], b"cd"), (&[1, 2], b"ab")];
        assert_eq!(join_profile(parts).as_deref(), Some(b"abcd".as_slice()));
    }

    #[test]
    fn a_profile_with_a_part_missing_or_doubled_is_ignored() {
        assert_eq!(join_profile(vec![]), None);
        assert_eq!(join_profile(vec![(&[1, 2], b"ab")]), None);
        assert_eq!(join_profile(vec![(&[1, 2], b"ab"), (&[1, 2], b"ab")]), None);
        assert_eq!(join_profile(vec![(&[0, 1], b"ab")]), None);
    }
}
