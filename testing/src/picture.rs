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

/// A PNG of noise, which hardly compresses: about three bytes a pixel.
pub fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut dice = crate::sequence::Dice::new(u64::from(width) << 32 | u64::from(height));
    let pixels = (0..width * height * 3).map(|_| dice.below(256) as u8).collect();
    let noise = RgbImage::from_raw(width, height, pixels).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(noise).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A PNG whose container is sound and whose pixels are damaged: only decoding it tells.
pub fn damaged() -> Vec<u8> {
    let mut bytes = noise(200, 150);
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].fill(0x55);
    bytes
}
