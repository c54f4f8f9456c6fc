//! GIF: one frame, decoded as palette indexes.

use super::{Raster, undecodable};
use crate::{Failure, Format, Inspection};

/// The first frame on its canvas; what it does not cover is transparent, hence white.
pub(super) fn decode(bytes: &[u8], inspection: &Inspection) -> Result<Raster, Failure> {
    let failure = |_| undecodable(Format::Gif);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    options.allow_unknown_blocks(true);
    options.set_memory_limit(gif::MemoryLimit::Unlimited); // the inspection has bounded every frame
    let mut decoder = options.read_info(bytes).map_err(failure)?;
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().map_err(failure)?.ok_or_else(|| undecodable(Format::Gif))?;
    let palette = frame.palette.as_deref().or(global.as_deref()).ok_or_else(|| undecodable(Format::Gif))?;
    let (colors, _) = palette.as_chunks::<3>();

    let (width, height) = (inspection.width as usize, inspection.height as usize);
    let mut rgb = vec![255; width * height * 3];
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let visible = usize::from(frame.width).min(width.saturating_sub(left));
    for (y, indexes) in frame.buffer.chunks_exact(usize::from(frame.width).max(1)).enumerate() {
        if top + y >= height || visible == 0 {
            break;
        }
        let start = ((top + y) * width + left) * 3;
        let row = &mut rgb[start..start + visible * 3];
        for (pixel, &index) in row.as_chunks_mut::<3>().0.iter_mut().zip(indexes) {
            if frame.transparent != Some(index) {
                // An index past the palette's end is shown as black, as browsers do.
                *pixel = colors.get(usize::from(index)).copied().unwrap_or_default();
            }
        }
    }
    Ok(Raster { width: inspection.width, height: inspection.height, rgb, gray: false })
}
