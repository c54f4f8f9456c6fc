//! Renditions as WebP: lossy (VP8), from the planes that the JPEGs are made of.
//!
//! VP8 has 4:2:0 as they have, with chroma centred alike, but "studio" values (ITU-R BT.601: luma from 16 to 235, chroma
//! from 16 to 240). So each value is mapped and nothing else: no picture becomes RGB and comes back.
//!
//! Encoding alone is libwebp's. Bytes of strangers never come to it: WebP files are decoded in Rust.

mod library;

use self::library::Picture;
use crate::{
    Size,
    plane::{Plane, Planes},
};

/// Quality on libwebp's scale from 0 to 100. With these renditions are, on average, as near to the original as their JPEGs
/// (`darkroom-bench-photo --webp`, decision 0011).
const fn quality(size: Size) -> f32 {
    match size {
        Size::Thumbnail => 81.0,
        Size::Medium => 86.0,
        Size::Large => 88.0,
    }
}

/// Encodes a rendition: a file of one chunk, which holds the picture and nothing else. `None` if libwebp can't, which is
/// when there is no memory left.
pub(crate) fn encode(planes: &Planes, size: Size) -> Option<Vec<u8>> {
    let (width, height) = planes.size();
    let grey = || vec![128; width.div_ceil(2) as usize * height.div_ceil(2) as usize];
    let [blue, red] = match &planes.chroma {
        Some(chroma) => chroma.each_ref().map(|plane| mapped(plane, &CHROMA)),
        None => [grey(), grey()],
    };
    let picture = Picture { width, height, luma: mapped(&planes.luma, &LUMA), blue, red };
    library::encode(picture, quality(size))
}

/// Studio values of luma 0 to 255.
const LUMA: [u8; 256] = studio(16, 219);

/// Those of chroma.
const CHROMA: [u8; 256] = studio(16, 224);

/// `span` steps from `least` on for 255 steps from 0 on, rounded.
const fn studio(least: usize, span: usize) -> [u8; 256] {
    let mut values = [0; 256];
    let mut value = 0;
    while value < 256 {
        values[value] = (least + (value * span + 127) / 255) as u8;
        value += 1;
    }
    values
}

fn mapped(plane: &Plane, values: &[u8; 256]) -> Vec<u8> {
    plane.pixels.iter().map(|&value| values[usize::from(value)]).collect()
}
