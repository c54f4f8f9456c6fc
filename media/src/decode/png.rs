//! PNG, row by row: next to the raster there is never more than one row in the file's own depth.

use std::io::Cursor;

use super::{Raster, on_white, undecodable};
use crate::{Failure, Format};

/// Bytes of compressed pixels that may be left over after the last row: what the decoder had not read yet of the
/// checksum and of an encoder's last, empty blocks.
const MAX_LEFT_OVER: u64 = 64 << 10;

/// The seven passes of interlacing (Adam7): where each begins and how far its pixels lie apart, in columns and rows.
const PASSES: [[usize; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

/// Decodes a PNG; of an APNG the default picture.
pub(super) fn decode(bytes: &[u8]) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Png);
    let mut cursor = Cursor::new(bytes);
    let mut decoder = png::Decoder::new(&mut cursor);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true); // read by `metadata`, under its cap
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(failure)?;
    let (color, _) = reader.output_color_type();
    let info = reader.info();
    let (width, height, interlaced) = (info.width, info.height, info.interlaced);

    let (columns, rows) = (width as usize, height as usize);
    let mut rgb = vec![0; columns * rows * 3];
    let whole = [[0, 1, 0, 1]];
    for &[left, right, top, down] in if interlaced { PASSES.as_slice() } else { &whole } {
        if left >= columns {
            continue; // a pass without pixels has no rows either
        }
        for y in (top..rows).step_by(down) {
            let row = reader.next_row().map_err(failure)?.ok_or_else(|| undecodable(Format::Png))?;
            let target = rgb[y * columns * 3..][..columns * 3].as_chunks_mut::<3>().0;
            put(color, row.data(), target[left..].iter_mut().step_by(right))?;
        }
    }
    drop(reader);
    if end_of_pixels(bytes).saturating_sub(cursor.position()) > MAX_LEFT_OVER {
        return Err(Failure::corrupt(Format::Png, "it holds far more pixels than it declares"));
    }
    let gray = matches!(color, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
    Ok(Raster { width, height, rgb, gray })
}

/// Writes a decoded row's pixels, flattened.
fn put<'a>(color: png::ColorType, row: &[u8], target: impl Iterator<Item = &'a mut [u8; 3]>) -> Result<(), Failure> {
    match color {
        png::ColorType::Grayscale => target.zip(row).for_each(|(to, &luma)| *to = [luma; 3]),
        png::ColorType::GrayscaleAlpha => {
            target.zip(row.as_chunks::<2>().0).for_each(|(to, &[luma, alpha])| *to = [on_white(luma, alpha); 3]);
        }
        png::ColorType::Rgb => target.zip(row.as_chunks::<3>().0).for_each(|(to, from)| *to = *from),
        png::ColorType::Rgba => target.zip(row.as_chunks::<4>().0).for_each(|(to, &[red, green, blue, alpha])| {
            *to = [red, green, blue].map(|value| on_white(value, alpha));
        }),
        png::ColorType::Indexed => return Err(undecodable(Format::Png)), // the transformations expand palettes
    }
    Ok(())
}

/// Where the last chunk of pixels ends.
fn end_of_pixels(bytes: &[u8]) -> u64 {
    let (mut at, mut end) = (8, 0);
    while let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let [l0, l1, l2, l3, name @ ..] = *header;
        at = at.saturating_add(12).saturating_add(u32::from_be_bytes([l0, l1, l2, l3]) as usize);
        match &name {
            b"IDAT" => end = at as u64,
            b"IEND" => break,
            _ => {}
        }
    }
    end
}
