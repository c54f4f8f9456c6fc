//! The primary picture of a HEIF, and what must hold before libheif sees a byte of it (ISO 23008-12).

use super::{
    boxes::{Fields, malformed},
    contents::Contents,
};
use crate::{Failure, Format, Limits};

/// How many times over the tiles of a picture may cover it. They overhang on two sides; more is a way to cost time.
const MAX_COVER: u64 = 4;

/// The primary picture's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors<'a> {
    /// An ICC profile.
    Profile(&'a [u8]),
    /// Primaries and transfer characteristics, as ITU-T H.273 numbers them.
    Numbers {
        /// 1: BT.709 and sRGB, 9: BT.2020, 12: Display P3.
        primaries: u16,
        /// 13: sRGB, 16: PQ, 18: HLG.
        transfer: u16,
    },
}

/// Checks a table of contents, and gives the primary picture's size in pixels as it will be decoded: cropped and turned.
///
/// Every declared size is held to the limits, whatever it is of. The picture must be one coded picture, or a grid of
/// them: what can be nested (overlays, derivations of derivations) is refused as rare.
pub(crate) fn check(contents: &Contents<'_>, format: Format, limits: &Limits) -> Result<(u32, u32), Failure> {
    for property in contents.properties.iter().filter(|property| &property.kind == b"ispe") {
        let (width, height) = extents(property.fields)?;
        limits.check_size(format, u64::from(width), u64::from(height))?;
    }
    if contents.items.iter().any(|item| item.protected && item.id == contents.primary) {
        return Err(Failure::rare_kind(format, "encrypted"));
    }
    let primary = contents.item(contents.primary);
    let primary = primary.ok_or_else(|| Failure::corrupt(format, "it does not say which picture is to be shown"))?;
    if &primary.kind == b"grid" {
        grid(contents, format, limits)?;
    } else if primary.kind != *coded(format) {
        return Err(Failure::rare_kind(format, "put together in an unusual way"));
    }
    transformed(contents, format)
}

/// The item type of a coded picture.
fn coded(format: Format) -> &'static [u8; 4] {
    if format == Format::Avif { b"av01" } else { b"hvc1" }
}

fn grid(contents: &Contents<'_>, format: Format, limits: &Limits) -> Result<(), Failure> {
    let tiles = contents.references_of(contents.primary, b"dimg");
    let (width, height) = size_of(contents, contents.primary, format)?;
    let mut area = 0;
    for &tile in tiles {
        if contents.item(tile).is_none_or(|item| item.kind != *coded(format) || item.protected) {
            return Err(Failure::rare_kind(format, "put together in an unusual way"));
        }
        let (width, height) = size_of(contents, tile, format)?;
        area += u64::from(width) * u64::from(height);
    }
    // Small pictures may overhang their tiles by far.
    if tiles.len() > limits.max_segments as usize || area > u64::from(width) * u64::from(height) * MAX_COVER + (1 << 22)
    {
        return Err(Failure::too_complex(format, "its tiles cover it many times over"));
    }
    if contents.is_inside(contents.primary) {
        check_grid(contents, &[], format)?;
    }
    Ok(())
}

/// Checks that a grid's own description agrees with the table: decoders allocate by it. One that lies outside the table
/// can only be checked on the whole file. A picture that is no grid passes.
pub(crate) fn check_grid(contents: &Contents<'_>, file: &[u8], format: Format) -> Result<(), Failure> {
    if contents.item(contents.primary).is_none_or(|item| &item.kind != b"grid") {
        return Ok(());
    }
    let contradiction = || Failure::corrupt(format, "its parts contradict each other about its size");
    let description = contents.bytes_of(contents.primary, file, 64).ok_or_else(contradiction)?;
    let mut fields = Fields::new(&description, format);
    let [version, flags, rows, columns] = fields.bytes()?;
    let (width, height) = (fields.either(flags & 1 == 1)?, fields.either(flags & 1 == 1)?);
    let tiles = (usize::from(rows) + 1) * (usize::from(columns) + 1);
    let agrees = (width, height) == size_of(contents, contents.primary, format)?
        && tiles == contents.references_of(contents.primary, b"dimg").len()
        && version == 0;
    if agrees { Ok(()) } else { Err(contradiction()) }
}

/// The size that an item declares.
fn size_of(contents: &Contents<'_>, item: u32, format: Format) -> Result<(u32, u32), Failure> {
    let property = contents.properties_of(item).find(|property| &property.kind == b"ispe");
    extents(property.ok_or_else(|| malformed(format))?.fields)
}

fn extents(mut fields: Fields<'_>) -> Result<(u32, u32), Failure> {
    fields.version()?;
    Ok((fields.u32()?, fields.u32()?))
}

/// The primary picture's size after cropping and turning, which decoding does in the order of the properties.
fn transformed(contents: &Contents<'_>, format: Format) -> Result<(u32, u32), Failure> {
    let (mut width, mut height) = size_of(contents, contents.primary, format)?;
    for property in contents.properties_of(contents.primary) {
        let mut fields = property.fields;
        match &property.kind {
            b"irot" if fields.u8()? & 1 == 1 => (width, height) = (height, width),
            b"clap" => {
                let [across, across_of, down, down_of] = [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
                if across_of == 0 || down_of == 0 {
                    return Err(malformed(format));
                }
                let rounded = |value: u32, of: u32| ((u64::from(value) + u64::from(of) / 2) / u64::from(of)) as u32;
                width = width.min(rounded(across, across_of));
                height = height.min(rounded(down, down_of));
            }
            _ => {}
        }
    }
    if width == 0 || height == 0 {
        return Err(Failure::corrupt(format, "it declares a picture without pixels"));
    }
    Ok((width, height))
}

/// The primary picture's colours, if it tells them: its own, else those of its first tile. A profile goes before numbers.
pub(crate) fn colors<'a>(contents: &Contents<'a>) -> Option<Colors<'a>> {
    let first_tile = contents.references_of(contents.primary, b"dimg").first().copied();
    [Some(contents.primary), first_tile].into_iter().flatten().find_map(|item| {
        let declared = contents.properties_of(item).filter(|property| &property.kind == b"colr");
        let colors = declared.filter_map(|property| {
            let mut fields = property.fields;
            match &fields.bytes().ok()? {
                b"prof" | b"rICC" => Some(Colors::Profile(fields.rest())),
                b"nclx" => Some(Colors::Numbers { primaries: fields.u16().ok()?, transfer: fields.u16().ok()? }),
                _ => None,
            }
        });
        colors.min_by_key(|colors| matches!(colors, Colors::Numbers { .. }))
    })
}

/// The EXIF block that describes the primary picture, from its TIFF header on.
pub(crate) fn exif(contents: &Contents<'_>, file: &[u8], most: usize) -> Option<Vec<u8>> {
    let blocks = || contents.items.iter().filter(|item| &item.kind == b"Exif").map(|item| item.id);
    let describes = |id: &u32| contents.references_of(*id, b"cdsc").contains(&contents.primary);
    let block = contents.bytes_of(blocks().find(describes).or_else(|| blocks().next())?, file, most)?;
    // In front stands how far behind these four bytes the TIFF header begins.
    let (skip, rest) = block.split_first_chunk()?;
    let exif = rest.get(usize::try_from(u32::from_be_bytes(*skip)).ok()?..)?;
    Some(exif.to_vec())
}

/// Whether a map of how bright the picture is on brighter screens comes with it: ISO 21496-1, or Apple's own.
pub(crate) fn has_gain_map(contents: &Contents<'_>) -> bool {
    let needle = b"hdrgainmap";
    let named = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    contents.items.iter().any(|item| &item.kind == b"tmap")
        || contents.properties.iter().any(|property| &property.kind == b"auxC" && named(property.fields.rest()))
}
