//! Finds the EXIF block and the colour profile in a container that the inspection found sound.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::{Format, Limits};

/// What the container carries besides pixels, as far as it is used.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// The EXIF block, from its TIFF header on.
    pub(crate) exif: Option<Vec<u8>>,
    /// The ICC profile.
    pub(crate) icc: Option<Vec<u8>>,
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
        Format::Gif => Metadata::default(),
    };
    metadata.exif.take_if(|exif| exif.len() > cap);
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
    let mut exif = None;
    let mut parts = Vec::new();
    for (code, segment) in jpeg_segments(bytes) {
        match code {
            0xe1 if exif.is_none() => exif = exif_of(segment),
            0xe2 => parts.extend(segment.strip_prefix(ICC_PREFIX).and_then(|part| part.split_at_checked(2))),
            _ => {}
        }
    }
    Metadata { exif, icc: join_profile(parts) }
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
            b"IEND" => break,
            _ => {}
        }
        rest = after.get(4..).unwrap_or_default();
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
            _ => {}
        }
        rest = after.get(length & 1..).unwrap_or_default();
    }
    metadata
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
