//! What a file may cost, decided before any decoder allocates.

use crate::{Failure, Format};

/// Limits that hold before any decoder allocates. The defaults bound a decode to a few hundred megabytes and seconds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Most pixels (width × height) of the picture, its canvas and every frame.
    pub max_pixels: u64,
    /// Longest side in pixels.
    pub max_side: u32,
    /// Most scans of one JPEG. Cameras and encoders write 1 to about 15.
    pub max_scans: u32,
    /// Most pixels visited over all scans of one JPEG (pixels × scans): each scan walks the whole picture, however few
    /// bytes it takes in the file.
    pub max_scan_pixels: u64,
    /// Most frames of an animated GIF, PNG or WebP and pages of a TIFF, though only the first is shown.
    pub max_frames: u32,
    /// Most metadata segments of one JPEG, chunks of one PNG or WebP besides those that hold pixels, entries of a TIFF's
    /// directory, boxes, items and properties of a HEIF.
    pub max_segments: u32,
    /// Most bytes that a PNG's compressed metadata may inflate to, in all. Also the largest colour profile and EXIF
    /// block that is looked at; larger ones are ignored.
    pub max_metadata_bytes: u64,
    /// Whether HEIC and AVIF are taken where [`heif_support`](crate::heif_support) finds their decoders. Without it they
    /// are refused as if libheif were missing.
    pub heif: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 30 << 20,
            max_pixels: 64_000_000,
            max_side: 16_384,
            max_scans: 100,
            max_scan_pixels: 1 << 30,
            max_frames: 2_000,
            max_segments: 4_096,
            max_metadata_bytes: 4 << 20,
            heif: true,
        }
    }
}

impl Limits {
    /// Whether pictures of a format are taken and can be decoded here.
    pub fn accepts(&self, format: Format) -> bool {
        (self.heif || !matches!(format, Format::Heic | Format::Avif)) && format.is_decodable()
    }

    /// Checks a declared size, in pixels.
    pub(crate) fn check_size(&self, format: Format, width: u64, height: u64) -> Result<(), Failure> {
        if width == 0 || height == 0 {
            return Err(Failure::corrupt(format, "it declares a picture without pixels"));
        }
        let side = u64::from(self.max_side);
        if width > side || height > side || width.saturating_mul(height) > self.max_pixels {
            return Err(Failure::too_many_pixels(width, height, self.max_pixels, self.max_side));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::FailureCode;

    #[test]
    fn sizes_are_checked_on_each_side_and_in_area() {
        let limits = Limits { max_pixels: 1_000, max_side: 100, ..Limits::default() };
        assert!(limits.check_size(Format::Png, 100, 10).is_ok());
        for (width, height) in [(101, 1), (1, 101), (100, 11), (u64::from(u32::MAX), u64::from(u32::MAX))] {
            assert_eq!(limits.check_size(Format::Png, width, height).unwrap_err().code, FailureCode::TooManyPixels);
        }
        assert_eq!(limits.check_size(Format::Png, 0, 5).unwrap_err().code, FailureCode::Corrupt);
    }
}
