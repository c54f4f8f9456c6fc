//! The pipeline from an original's bytes to everything that is shown of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    Facts, Failure, Format, Inspection, Limits, Size, color,
    decode::{self, Raster},
    encode, hash, inspect, jpeg, metadata,
    orient::Orientation,
    placeholder,
    plane::Planes,
    resize::{self, Scaler},
    webp,
};

/// One size of a photo, in sRGB, without any metadata.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rendition {
    /// Which size.
    pub size: Size,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file: a JPEG by [`process`], a WebP by [`encode_webp`].
    pub bytes: Vec<u8>,
}

/// Everything that is made of a photo's original.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
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
    let Original { format, size, orientation, facts, source, mut engine } = Original::open(bytes, limits)?;
    let same = engine.same(&source, bytes, size);
    let pictures = engine.pictures(source, size)?;
    let (width, height) = orientation.size(size.0, size.1);

    let medium = &pictures[1].1;
    let (small_width, small_height) = resize::fit(medium.size().0, medium.size().1, placeholder::EDGE);
    let small = engine.scaler.planes(medium, small_width, small_height)?;
    let perceptual_hash = hash::difference_hash(&small, &mut engine.scaler)?;
    let small = engine.scaler.full_chroma(&small)?.to_rgb();
    let placeholder = placeholder::thumbhash(&small);
    let dominant_color = placeholder::dominant_color(&small);

    let renditions = encode_all(pictures, same.as_ref(), |planes, size| Ok(encode::encode(planes, size)))?;
    Ok(Photo { format, width, height, renditions, placeholder, dominant_color, perceptual_hash, facts })
}

/// Makes the renditions of an original in WebP: THUMBNAIL, MEDIUM and LARGE, in this order, of the very pixels that those
/// of [`process`] have. Some may be larger than the JPEG of their size.
///
/// Takes what [`process`] takes, and a little more than twice the CPU time.
///
/// # Errors
///
/// As [`process`].
pub fn encode_webp(bytes: &[u8], limits: &Limits) -> Result<Vec<Rendition>, Failure> {
    let Original { size, source, mut engine, .. } = Original::open(bytes, limits)?;
    let pictures = engine.pictures(source, size)?;
    encode_all(pictures, None, |planes, size| webp::encode(planes, size).ok_or_else(Failure::internal))
}

/// An original, inspected and decoded.
struct Original {
    format: Format,
    /// Width and height as stored.
    size: (u32, u32),
    orientation: Orientation,
    facts: Facts,
    source: Source,
    engine: Engine,
}

impl Original {
    fn open(bytes: &[u8], limits: &Limits) -> Result<Original, Failure> {
        let inspection = inspect::inspect(bytes, limits)?;
        let format = inspection.format;
        let metadata = metadata::read(format, bytes, limits);
        let (orientation, facts) = guard(|| metadata.describe()).unwrap_or_default();
        let engine = Engine { scaler: Scaler::new()?, profile: metadata.icc, orientation };
        let source = guard(|| Source::decode(&inspection, bytes, limits))
            .unwrap_or_else(|| Err(Failure::corrupt(format, "its pixels can't be decoded")))?;
        let size = (inspection.width, inspection.height);
        Ok(Original { format, size, orientation, facts, source, engine })
    }
}

/// A decoded original.
enum Source {
    /// By the JPEG decoder of this crate, perhaps smaller than stored.
    Planes(Planes),
    /// By any other.
    Raster(Raster),
}

impl Source {
    fn decode(inspection: &Inspection, bytes: &[u8], limits: &Limits) -> Result<Source, Failure> {
        if inspection.format == Format::Jpeg {
            let size = (inspection.width, inspection.height);
            if let Some(planes) = jpeg::decode(bytes, size, wanted(size.0, size.1)) {
                return Ok(Source::Planes(planes));
            }
        }
        decode::decode(inspection, bytes, limits).map(Source::Raster)
    }
}

/// The least size of a picture from which every rendition can be made.
fn wanted(width: u32, height: u32) -> (u32, u32) {
    let (large_width, large_height) = Size::Large.of(width, height);
    let (thumbnail, _) = Size::Thumbnail.of(width, height);
    let (short, large_short) = (width.min(height), large_width.min(large_height));
    if large_short >= thumbnail {
        return (large_width, large_height);
    }
    // A panorama's LARGE is lower than the thumbnail.
    let scaled = |side: u32| (u64::from(side) * u64::from(thumbnail)).div_ceil(u64::from(short)) as u32;
    (scaled(width), scaled(height))
}

/// An original that is shown with its own pixels, written anew as a JPEG.
struct Same {
    /// Width and height.
    size: (u32, u32),
    bytes: Vec<u8>,
}

impl Same {
    /// Whether it serves as the rendition of this size: nothing is to be scaled, and it takes no more bytes than it may.
    fn serves(&self, size: Size) -> bool {
        size.of(self.size.0, self.size.1) == self.size && self.bytes.len() <= encode::budget(size)
    }
}

/// Makes renditions' pictures: scales, turns, converts colours.
struct Engine {
    scaler: Scaler,
    profile: Option<Vec<u8>>,
    orientation: Orientation,
}

impl Engine {
    /// THUMBNAIL, MEDIUM and LARGE, upright and in sRGB, of a picture stored as `width` × `height`.
    fn pictures(&mut self, source: Source, (width, height): (u32, u32)) -> Result<[(Size, Planes); 3], Failure> {
        let (large_width, large_height) = Size::Large.of(width, height);
        let (side, _) = Size::Thumbnail.of(width, height);
        // From a LARGE that is lower than the thumbnail, this would be upscaled.
        let low = large_width.min(large_height) < side;
        let square = if low { Some(self.square(&source, side)?) } else { None };
        let large = self.scaled(source, large_width, large_height)?;
        // Of the original, as everybody reckons it: LARGE's sides are rounded already.
        let (upright_width, upright_height) = self.orientation.size(width, height);
        let (medium_width, medium_height) = Size::Medium.of(upright_width, upright_height);
        let medium = self.scaler.planes(&large, medium_width, medium_height)?;
        let thumbnail = match square {
            Some(square) => square,
            None => self.scaler.planes_square(&large, side)?,
        };
        Ok([(Size::Thumbnail, thumbnail), (Size::Medium, medium), (Size::Large, large)])
    }

    /// The original itself, if it is a JPEG of a camera's kind in which nothing needs to be changed: a picture that is coded
    /// a second time loses a little more, for nothing.
    fn same(&self, source: &Source, bytes: &[u8], size: (u32, u32)) -> Option<Same> {
        let Source::Planes(planes) = source else { return None };
        let fits = Size::Large.of(size.0, size.1) == size && self.orientation == Orientation::Upright;
        if !fits || self.conversion(planes.chroma.is_none()).is_some() {
            return None;
        }
        let bytes = guard(|| jpeg::transcode(bytes, size)).flatten()?;
        Some(Same { size, bytes })
    }

    /// How colours become sRGB, if they are not.
    fn conversion(&self, gray: bool) -> Option<color::Conversion> {
        let profile = self.profile.as_ref()?;
        guard(|| color::Conversion::new(profile, gray)).flatten()
    }

    fn scaled(&mut self, source: Source, width: u32, height: u32) -> Result<Planes, Failure> {
        match source {
            Source::Planes(planes) => {
                let scaled = self.scaler.planes(&planes, width, height)?;
                self.planes_to_srgb(scaled)
            }
            Source::Raster(raster) => {
                let scaled = self.scaler.raster(&raster, width, height)?;
                Ok(self.raster_to_srgb(scaled))
            }
        }
        .map(|planes| planes.turn(self.orientation))
    }

    fn square(&mut self, source: &Source, side: u32) -> Result<Planes, Failure> {
        match source {
            Source::Planes(planes) => {
                let scaled = self.scaler.planes_square(planes, side)?;
                self.planes_to_srgb(scaled)
            }
            Source::Raster(raster) => {
                let scaled = self.scaler.raster_square(raster, side)?;
                Ok(self.raster_to_srgb(scaled))
            }
        }
        .map(|planes| planes.turn(self.orientation))
    }

    fn planes_to_srgb(&mut self, planes: Planes) -> Result<Planes, Failure> {
        let Some(conversion) = self.conversion(planes.chroma.is_none()) else { return Ok(planes) };
        let mut raster = self.scaler.full_chroma(&planes)?.to_rgb();
        guard(|| conversion.run(&mut raster));
        Ok(Planes::from_rgb(&raster))
    }

    fn raster_to_srgb(&self, mut raster: Raster) -> Planes {
        if let Some(conversion) = self.conversion(raster.gray) {
            guard(|| conversion.run(&mut raster));
        }
        Planes::from_rgb(&raster)
    }
}

/// Encodes the renditions, those excepted for which the original serves; of a small one two or three are the same picture,
/// which is encoded once.
fn encode_all(
    pictures: [(Size, Planes); 3],
    same: Option<&Same>,
    encode: impl Fn(&Planes, Size) -> Result<Vec<u8>, Failure>,
) -> Result<Vec<Rendition>, Failure> {
    let mut renditions: Vec<Rendition> = Vec::with_capacity(pictures.len());
    let mut previous: Option<Planes> = None;
    for (size, planes) in pictures {
        let bytes = match (same.filter(|same| same.serves(size)), &previous, renditions.last()) {
            (Some(same), ..) => same.bytes.clone(),
            (None, Some(previous), Some(rendition)) if *previous == planes => rendition.bytes.clone(),
            _ => encode(&planes, size)?,
        };
        let (width, height) = planes.size();
        renditions.push(Rendition { size, width, height, bytes });
        previous = Some(planes);
    }
    Ok(renditions)
}

/// Runs code that other people's files can make panic; `None` if they did.
fn guard<T>(run: impl FnOnce() -> T) -> Option<T> {
    // Whatever a panic leaves half-done is dropped, except a raster whose pixels are replaced in one piece.
    catch_unwind(AssertUnwindSafe(run)).ok()
}
