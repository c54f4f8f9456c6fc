//! The pipeline from an original's bytes to everything that is shown of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    Facts, Failure, Format, Limits, Size, color,
    decode::{self, Raster},
    encode, hash, inspect, metadata,
    orient::Orientation,
    placeholder, resize,
};

/// One size of a photo: a JPEG in sRGB without any metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Which size.
    pub size: Size,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The JPEG.
    pub bytes: Vec<u8>,
}

/// Everything that is made of a photo's original.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// The original's format.
    pub format: Format,
    /// The original's width in pixels, upright.
    pub width: u32,
    /// The original's height in pixels, upright.
    pub height: u32,
    /// THUMBNAIL, MEDIUM and LARGE, in this order.
    pub renditions: Vec<Rendition>,
    /// A ThumbHash in base64 (standard alphabet, padded): about 25 bytes that draw a blurred preview in the right
    /// shape.
    pub placeholder: String,
    /// The colour that fills most of the photo: sRGB red, green, blue.
    pub dominant_color: [u8; 3],
    /// A 64-bit difference hash: photos that look alike differ in few bits (about 10 at most).
    pub perceptual_hash: u64,
    /// What the camera wrote. Private to the owner.
    pub facts: Facts,
}

/// Makes renditions, placeholder, hash and facts of an original.
///
/// Inspects the bytes itself, so that a caller can't forget to. Takes CPU time and memory in proportion to the
/// original's pixels (up to 4 bytes a pixel, 9 for a progressive JPEG): run it off the async threads, a few at a time.
///
/// # Errors
///
/// A [`Failure`] if the file can't be used; only [`FailureCode::Internal`](crate::FailureCode::Internal) is worth
/// another try.
pub fn process(bytes: &[u8], limits: &Limits) -> Result<Photo, Failure> {
    let inspection = inspect::inspect(bytes, limits)?;
    let format = inspection.format;

    let metadata = metadata::read(format, bytes, limits);
    let (orientation, facts) = guard(|| metadata.describe()).unwrap_or_default();

    let stored = guard(|| decode::decode(&inspection, bytes, limits))
        .unwrap_or_else(|| Err(Failure::corrupt(format, "its pixels can't be decoded")))?;
    let (width, height) = orientation.size(stored.width, stored.height);

    let [thumbnail, medium, large] = scale(stored, orientation, metadata.icc.as_deref())?;
    let (small_width, small_height) = resize::fit(medium.width, medium.height, placeholder::EDGE);
    let small = resize::scale(&medium, small_width, small_height)?;
    let placeholder = placeholder::thumbhash(&small);
    let dominant_color = placeholder::dominant_color(&small);
    let perceptual_hash = hash::difference_hash(&medium)?;

    let renditions = encode_all([(Size::Thumbnail, thumbnail), (Size::Medium, medium), (Size::Large, large)])?;
    Ok(Photo { format, width, height, renditions, placeholder, dominant_color, perceptual_hash, facts })
}

/// The three sizes, upright and in sRGB, from a stored picture.
fn scale(stored: Raster, orientation: Orientation, profile: Option<&[u8]>) -> Result<[Raster; 3], Failure> {
    let finish = |raster: Raster| {
        let mut upright = orientation.apply(raster);
        if let Some(profile) = profile {
            guard(|| color::to_srgb(&mut upright, profile));
        }
        upright
    };
    let (width, height) = orientation.size(stored.width, stored.height);
    let (thumbnail_side, _) = Size::Thumbnail.of(width, height);
    let (medium_width, medium_height) = Size::Medium.of(width, height);

    let (large_width, large_height) = Size::Large.of(stored.width, stored.height);
    // A panorama's LARGE is lower than the thumbnail: taken from it, the thumbnail would be upscaled.
    let thumbnail = if large_width.min(large_height) < thumbnail_side {
        Some(finish(resize::square(&stored, thumbnail_side)?))
    } else {
        None
    };
    let large = if (large_width, large_height) == (stored.width, stored.height) {
        stored
    } else {
        resize::scale(&stored, large_width, large_height)?
    };
    let large = finish(large);
    let medium = resize::scale(&large, medium_width, medium_height)?;
    let thumbnail = match thumbnail {
        Some(thumbnail) => thumbnail,
        None => resize::square(&large, thumbnail_side)?,
    };
    Ok([thumbnail, medium, large])
}

/// Encodes the renditions; of a small original two or three are the same picture, which is encoded once.
fn encode_all(rasters: [(Size, Raster); 3]) -> Result<Vec<Rendition>, Failure> {
    let mut renditions: Vec<Rendition> = Vec::with_capacity(rasters.len());
    let mut previous: Option<Raster> = None;
    for (size, raster) in rasters {
        let bytes = match (&previous, renditions.last()) {
            (Some(same), Some(rendition)) if *same == raster => rendition.bytes.clone(),
            _ => encode::encode(&raster, size)?,
        };
        renditions.push(Rendition { size, width: raster.width, height: raster.height, bytes });
        previous = Some(raster);
    }
    Ok(renditions)
}

/// Runs code that other people's files can make panic; `None` if they did.
fn guard<T>(run: impl FnOnce() -> T) -> Option<T> {
    // Whatever a panic leaves half-done is dropped, except a raster whose pixels are replaced in one piece.
    catch_unwind(AssertUnwindSafe(run)).ok()
}
