//! Pictures drawn for the tests, in every format, and a look into the JPEGs that come out.
#![allow(dead_code, unreachable_pub, reason = "shared by test programs, each of which uses its own part")]

pub mod heif;

use darkroom_media::{Format, Photo, Rendition, Size};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// The formats that can be drawn without anybody's help.
pub const DRAWN: [Format; 6] = [Format::Jpeg, Format::Png, Format::WebP, Format::Gif, Format::Bmp, Format::Tiff];

/// RGB pixels.
#[derive(Clone)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Draws a picture pixel by pixel.
    pub fn draw(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Picture {
        let rgb = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Picture { width, height, rgb }
    }

    /// A smooth scene that looks different from each side and in a mirror.
    pub fn scene(width: u32, height: u32) -> Picture {
        Picture::draw(width, height, |x, y| {
            let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
            let sun = if (x - 0.8).powi(2) + (y - 0.2).powi(2) < 0.02 { 90.0 } else { 0.0 };
            [(40.0 + 120.0 * x + sun) as u8, (30.0 + 130.0 * y + sun) as u8, (200.0 - 150.0 * x * y) as u8]
        })
    }

    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let start = ((y * self.width + x) * 3) as usize;
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    /// The picture as a camera held in the given EXIF orientation stores it.
    pub fn stored(&self, orientation: u16) -> Picture {
        let (w, h) = (self.width, self.height);
        let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
        Picture::draw(width, height, |sx, sy| {
            let (x, y) = match orientation {
                1 => (sx, sy),
                2 => (w - 1 - sx, sy),
                3 => (w - 1 - sx, h - 1 - sy),
                4 => (sx, h - 1 - sy),
                5 => (sy, sx),
                6 => (w - 1 - sy, sx),
                7 => (w - 1 - sy, h - 1 - sx),
                8 => (sy, h - 1 - sx),
                other => panic!("no orientation {other}"),
            };
            self.at(x, y)
        })
    }

    /// Mean absolute difference of channels, which stays below about 3 between encodings of the same picture.
    pub fn difference(&self, other: &Picture) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let sum: u64 = self.rgb.iter().zip(&other.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.rgb.len() as f64
    }

    pub fn jpeg(&self) -> Vec<u8> {
        self.jpeg_with(|_| {})
    }

    pub fn jpeg_with(&self, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
        set(&mut encoder);
        encoder.encode(&self.rgb, self.width as u16, self.height as u16, ColorType::Rgb).unwrap();
        bytes
    }

    pub fn png(&self) -> Vec<u8> {
        self.png_with(&[])
    }

    /// A PNG with further chunks in front of the pixels.
    pub fn png_with(&self, chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
        let size = (self.width, self.height);
        png(size, png::ColorType::Rgb, png::BitDepth::Eight, &self.rgb, chunks)
    }

    pub fn webp(&self) -> Vec<u8> {
        self.webp_with(|_| {})
    }

    pub fn webp_with(&self, set: impl FnOnce(&mut image_webp::WebPEncoder<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = image_webp::WebPEncoder::new(&mut bytes);
        set(&mut encoder);
        encoder.encode(&self.rgb, self.width, self.height, image_webp::ColorType::Rgb8).unwrap();
        bytes
    }

    /// A GIF of one frame, its colours rounded to a cube of 6 × 6 × 6.
    pub fn gif(&self) -> Vec<u8> {
        let palette: Vec<u8> = (0..216u8).flat_map(|n| [n / 36 * 51, n / 6 % 6 * 51, n % 6 * 51]).collect();
        let level = |value: u8| (value as u16 + 25) as u8 / 51;
        let indexes: Vec<u8> =
            self.rgb.chunks_exact(3).map(|p| level(p[0]) * 36 + level(p[1]) * 6 + level(p[2])).collect();
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, self.width as u16, self.height as u16, &palette).unwrap();
        let frame = gif::Frame {
            width: self.width as u16,
            height: self.height as u16,
            buffer: indexes.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
        drop(encoder);
        bytes
    }

    pub fn encode(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Jpeg => self.jpeg(),
            Format::Png => self.png(),
            Format::WebP => self.webp(),
            Format::Gif => self.gif(),
            Format::Bmp => self.bmp(),
            Format::Tiff => self.tiff(),
            Format::Heic | Format::Avif => panic!("HEIF takes an encoder that is not in Rust"),
        }
    }

    /// A BMP of 24 bits, rows from the bottom up.
    pub fn bmp(&self) -> Vec<u8> {
        let row = self.width as usize * 3;
        let pad = row.next_multiple_of(4) - row;
        let mut pixels = Vec::new();
        for row in self.rgb.chunks_exact(row).rev() {
            pixels.extend(row.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]));
            pixels.extend(vec![0; pad]);
        }
        bmp((self.width as i32, self.height as i32), 24, 0, &[], &pixels)
    }

    /// A TIFF in one uncompressed strip, its directory at the end.
    pub fn tiff(&self) -> Vec<u8> {
        self.tiff_with(&[])
    }

    /// A TIFF with further entries: tag, type (2: text, 3: 16 bits, 7: bytes), data.
    pub fn tiff_with(&self, entries: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = b"II*\0\0\0\0\0".to_vec();
        bytes.extend(&self.rgb);
        let mut own = vec![
            (256, 4, self.width.to_le_bytes().to_vec()),
            (257, 4, self.height.to_le_bytes().to_vec()),
            (258, 3, [8, 0, 8, 0, 8, 0].to_vec()),
            (259, 3, [1, 0].to_vec()),
            (262, 3, [2, 0].to_vec()),
            (273, 4, 8u32.to_le_bytes().to_vec()),
            (277, 3, [3, 0].to_vec()),
            (279, 4, (self.rgb.len() as u32).to_le_bytes().to_vec()),
        ];
        own.extend_from_slice(entries);
        own.sort_by_key(|(tag, ..)| *tag);
        let mut directory = (own.len() as u16).to_le_bytes().to_vec();
        for (tag, kind, data) in own {
            let count = data.len()
                / match kind {
                    3 => 2,
                    4 => 4,
                    _ => 1,
                };
            directory.extend(tag.to_le_bytes());
            directory.extend(kind.to_le_bytes());
            directory.extend((count as u32).to_le_bytes());
            if data.len() <= 4 {
                directory.extend([data, vec![0; 4]].concat()[..4].iter());
            } else {
                directory.extend((bytes.len() as u32).to_le_bytes());
                bytes.extend(data);
            }
        }
        directory.extend([0; 4]);
        let at = bytes.len() as u32;
        bytes[4..8].copy_from_slice(&at.to_le_bytes());
        [bytes, directory].concat()
    }

    /// A file that says by EXIF how it must be turned; GIF and BMP have no such field.
    pub fn encode_oriented(&self, format: Format, orientation: u16) -> Vec<u8> {
        let exif = exif(orientation);
        match format {
            Format::Jpeg => self.jpeg_with(|encoder| encoder.add_exif_metadata(&exif).unwrap()),
            Format::Png => self.png_with(&[(*b"eXIf", exif)]),
            Format::WebP => self.webp_with(|encoder| encoder.set_exif_metadata(exif)),
            Format::Tiff => {
                let maker = [SECRET.as_bytes(), &[0]].concat();
                self.tiff_with(&[(271, 2, maker), (274, 3, orientation.to_le_bytes().to_vec())])
            }
            other => panic!("{other:?} carries no EXIF of ours"),
        }
    }
}

/// Any BMP with a header of 40 bytes. A negative height is that of rows from the top down.
pub fn bmp(size: (i32, i32), bits: u16, compression: u32, palette: &[[u8; 4]], pixels: &[u8]) -> Vec<u8> {
    let start = 54 + palette.len() as u32 * 4;
    let mut bytes = b"BM".to_vec();
    bytes.extend((start + pixels.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(start.to_le_bytes());
    bytes.extend(40u32.to_le_bytes());
    bytes.extend(size.0.to_le_bytes());
    bytes.extend(size.1.to_le_bytes());
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(compression.to_le_bytes());
    bytes.extend((pixels.len() as u32).to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend((palette.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(palette.concat());
    bytes.extend(pixels);
    bytes
}

/// Any PNG.
pub fn png(
    size: (u32, u32),
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
    chunks: &[([u8; 4], Vec<u8>)],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    for (name, chunk) in chunks {
        writer.write_chunk(png::chunk::ChunkType(*name), chunk).unwrap();
    }
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Text that must not be found in anything public.
pub const SECRET: &str = "SECRETMAKER";

/// A little-endian EXIF block: maker and orientation.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    block.extend([0x0f, 0x01, 2, 0]); // Make, ASCII
    block.extend((SECRET.len() as u32 + 1).to_le_bytes());
    block.extend(38u32.to_le_bytes()); // after both entries and the end of the directory
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0]); // Orientation, SHORT, one
    block.extend(u32::from(orientation).to_le_bytes());
    block.extend([0; 4]);
    block.extend(SECRET.bytes());
    block.push(0);
    block
}

/// One of a photo's renditions.
pub fn rendition(photo: &Photo, size: Size) -> &Rendition {
    photo.renditions.iter().find(|rendition| rendition.size == size).unwrap()
}

/// Decodes a rendition, checking that it is of the size it says.
pub fn decode(rendition: &Rendition) -> Picture {
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(&rendition.bytes));
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    assert_eq!((width as u32, height as u32), (rendition.width, rendition.height));
    Picture { width: rendition.width, height: rendition.height, rgb }
}

/// Fails if a JPEG holds anything but the picture: SOI, JFIF's APP0, tables, frame, scans, EOI.
pub fn assert_bare(jpeg: &[u8]) {
    assert!(jpeg.starts_with(&[0xff, 0xd8, 0xff, 0xe0]) && jpeg[6..11] == *b"JFIF\0");
    let mut at = 2;
    let mut applications = 0;
    loop {
        assert_eq!(jpeg[at], 0xff, "a marker at {at}");
        let length =
            jpeg.get(at + 2..at + 4).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
        match jpeg[at + 1] {
            0xd9 => break,
            0xe0 => {
                applications += 1;
                assert_eq!(length, 16, "no thumbnail in JFIF's segment");
            }
            0xc0 | 0xc4 | 0xdb => {}
            0xda => {
                at += 2 + length;
                while jpeg[at] != 0xff || matches!(jpeg[at + 1], 0 | 0xd0..=0xd7) {
                    at += 1;
                }
                continue;
            }
            other => panic!("segment {other:02x} in a rendition"),
        }
        at += 2 + length;
    }
    assert_eq!((applications, at + 2), (1, jpeg.len()), "one APP0, and nothing after EOI");
}
