//! Pictures that a test makes for itself.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture of four coloured quarters (red, green; blue, white), so that its orientation can be told.
pub fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([220, 30, 30]),
        (false, true) => Rgb([30, 180, 30]),
        (true, false) => Rgb([30, 30, 220]),
        (false, false) => Rgb([240, 240, 240]),
    })
}

/// Those quarters as a file.
pub fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(quarters(width, height)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A small JPEG of quarters.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(width, height, ImageFormat::Jpeg)
}
