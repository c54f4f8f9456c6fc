//! Pixels, scans, frames and chunks out of all proportion.

use darkroom_media::{FailureCode, Format, Inspector, Limits, process};

use crate::{
    ALONE, allocation, defused, defused_by_decoding,
    picture::{self, Picture, heif::Heif},
    within_bounds,
};

fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

/// A chunk of a PNG, without a checksum that is right: it is refused before anybody looks.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes(), name.as_slice(), data, &[0; 4]].concat()
}

/// A PNG of `width` × `height` RGB pixels, of these chunks.
fn png(width: u32, height: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [&width.to_be_bytes(), height.to_be_bytes().as_slice(), &[8, 2, 0, 0, 0]].concat();
    // The decoder checks the header's checksum.
    let real = Picture::scene(64, 64).png();
    let header = if (width, height) == (64, 64) { real[8..33].to_vec() } else { chunk(b"IHDR", &header) };
    [b"\x89PNG\r\n\x1a\n".as_slice(), &header, &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

#[test]
fn headers_of_four_gigapixels() {
    for side in [65_500u32, 64_250] {
        let short = side.to_be_bytes()[2..].to_vec();
        let little = side.to_le_bytes();
        defused(
            "JPEG",
            || {
                let mut jpeg = Picture::scene(64, 64).jpeg();
                let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
                jpeg[frame + 5..frame + 9].copy_from_slice(&[short.clone(), short.clone()].concat());
                jpeg
            },
            FailureCode::TooManyPixels,
        );
        let pixels = || chunk(b"IDAT", &deflated(&[0; 10_000]));
        defused("PNG", || png(side, side, &[pixels()]), FailureCode::TooManyPixels);
        defused(
            "WebP",
            || {
                let mut webp = Picture::scene(8, 8).encode_oriented(Format::WebP, 1);
                webp[24..27].copy_from_slice(&little[..3]);
                webp[27..30].copy_from_slice(&little[..3]);
                webp
            },
            FailureCode::TooManyPixels,
        );
        defused(
            "GIF",
            || {
                let mut gif = Picture::scene(8, 8).gif();
                gif[6..10].copy_from_slice(&[&little[..2], &little[..2]].concat());
                gif
            },
            FailureCode::TooManyPixels,
        );
        defused(
            "BMP",
            || picture::bmp((side as i32, -(side as i32)), 24, 0, &[], &[0; 1_000]),
            FailureCode::TooManyPixels,
        );
        defused(
            "TIFF",
            || Picture { width: side, height: side, rgb: vec![0; 1_000] }.tiff(),
            FailureCode::TooManyPixels,
        );
        for format in [Format::Heic, Format::Avif].into_iter().filter(|format| format.is_decodable()) {
            let heif = || Heif { tile: (side, side), ..Heif::new(format) };
            defused("HEIF", || heif().bytes(), FailureCode::TooManyPixels);
            let grid = || Heif { grid: Some((1, 1, side, side)), ..Heif::new(format) };
            defused("a grid", || grid().bytes(), FailureCode::TooManyPixels);
        }
    }
    // The largest that a bitstream of WebP can declare.
    defused(
        "lossless WebP",
        || {
            let mut webp = Picture::scene(8, 8).webp();
            webp[21..25].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
            webp
        },
        FailureCode::TooManyPixels,
    );
}

#[test]
fn a_thousand_scans() {
    let scans = |side: u16| {
        let mut bytes = Picture::scene(64, 64).jpeg_with(|encoder| encoder.set_progressive(true));
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
        let last = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
        let scan = bytes[last..bytes.len() - 2].repeat(1_000);
        [&bytes[..bytes.len() - 2], &scan, &[0xff, 0xd9]].concat()
    };
    defused("small", || scans(64), FailureCode::TooComplex);
    defused("64 megapixels", || scans(8_000), FailureCode::TooComplex);
    defused("256 megapixels", || scans(16_000), FailureCode::TooManyPixels);
}

#[test]
fn frames_without_end() {
    defused(
        "GIF",
        || {
            let frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
            let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
            [head.as_slice(), &frame.repeat(40_000), b";"].concat()
        },
        FailureCode::TooComplex,
    );
    let riff = |name: &[u8; 4], data: &[u8]| [name.as_slice(), &(data.len() as u32).to_le_bytes(), data].concat();
    defused(
        "WebP",
        || {
            let still = Picture::scene(8, 8).webp();
            let mut frame = riff(b"ANMF", &[[0; 6].as_slice(), &[7, 0, 0, 7, 0, 0, 9, 0, 0, 0], &still[12..]].concat());
            frame.resize(frame.len().next_multiple_of(2), 0);
            let head = riff(b"VP8X", &[2, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
            riff(b"RIFF", &[b"WEBP".as_slice(), &head, &frame.repeat(5_000)].concat())
        },
        FailureCode::TooComplex,
    );
    defused(
        "APNG",
        || {
            let pixels = chunk(b"IDAT", &deflated(&[0; 64 * 193]));
            let frame = [chunk(b"fcTL", &[0; 26]), chunk(b"fdAT", &[0; 100])].concat();
            png(64, 64, &[pixels, frame.repeat(10_000)])
        },
        FailureCode::TooComplex,
    );
}

#[test]
fn metadata_that_expands_without_end() {
    let pixels = || chunk(b"IDAT", &deflated(&[0; 64 * 193]));
    defused(
        "200 MB in some kilobytes",
        || png(64, 64, &[chunk(b"iCCP", &[b"p\0\0".as_slice(), &deflated(&vec![0; 200_000_000])].concat()), pixels()]),
        FailureCode::TooComplex,
    );
    defused(
        "a flood of texts",
        || {
            let text = chunk(b"zTXt", &[b"t\0\0".as_slice(), &deflated(&vec![0; 1 << 20])].concat());
            png(64, 64, &[text.repeat(4_000), pixels()])
        },
        FailureCode::TooComplex,
    );
    defused(
        "a flood of chunks",
        || png(64, 64, &[chunk(b"tEXt", b"a\0b").repeat(1_000_000), pixels()]),
        FailureCode::TooComplex,
    );
}

#[test]
fn a_profile_of_200_megabytes_streams_by_in_little_memory() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Stored, not compressed: the file itself is that large, and no upload limit stops it.
    let head = [&png(64, 64, &[])[..33], &200_000_000u32.to_be_bytes(), b"iCCPp\0\0\x78\x01"].concat();
    let block = [b"\0\xff\xff\0\0".as_slice(), &[0; 65_535]].concat();
    let limits = Limits { max_bytes: u64::MAX, ..Limits::default() };
    let mut inspector = Inspector::new(limits);
    let failure = within_bounds("a stored profile", || {
        inspector.feed(&head).unwrap();
        (0..3_051).find_map(|_| inspector.feed(&block).err())
    });
    assert_eq!(failure.unwrap().code, FailureCode::TooComplex);
}

#[test]
fn pixels_that_expand_to_more_or_less_than_declared() {
    let real = |data: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, data).unwrap();
        writer.finish().unwrap();
        bytes
    };
    defused_by_decoding("200 MB for 12 kB", || real(&deflated(&vec![0; 200_000_000])), FailureCode::Corrupt);
    defused_by_decoding("half of the rows", || real(&deflated(&[0; 32 * 193])), FailureCode::Corrupt);
    defused("20 MB for 12 kB", || png(64, 64, &[chunk(b"IDAT", &vec![0; 20_000_000])]), FailureCode::Corrupt);
    defused(
        "some bytes for 192 MB",
        || png(8_000, 8_000, &[chunk(b"IDAT", &deflated(&[0; 10_000]))]),
        FailureCode::Corrupt,
    );
    defused(
        "a flood of empty chunks",
        || png(64, 64, &[chunk(b"IDAT", &[]).repeat(1_000_000)]),
        FailureCode::TooComplex,
    );
}

#[test]
fn a_png_takes_its_raster_and_little_more() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // 12 megapixels of 8 bytes each.
    let (width, height) = (4_000, 3_000);
    let bytes = {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Sixteen);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![0x55; width as usize * height as usize * 8]).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let (photo, memory) = allocation::most(|| process(&bytes, &Limits::default()));
    assert_eq!(photo.unwrap().width, width);
    let raster = width as usize * height as usize * 3;
    // Scaling adds a picture of the final width and the original's height.
    assert!(memory < raster + (32 << 20), "{} MiB", memory >> 20);
}
