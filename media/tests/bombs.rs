//! Files that are built to cost time or memory: each is refused in less than a second, with less than 64 MiB.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allocation;
mod picture;

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use darkroom_media::{Failure, FailureCode, Format, Inspector, Limits, process};
use picture::{
    Picture,
    heif::{Heif, boxed},
};

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;

/// One bomb at a time, or they would be measured together.
static ALONE: Mutex<()> = Mutex::new(());

const MOST_TIME: Duration = Duration::from_secs(1);
const MOST_MEMORY: usize = 64 << 20;

/// Time that this thread spent on a processor, where the system tells: others may be at work on the same machine.
fn thread_time() -> Option<Duration> {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(times.split(' ').next()?.parse().ok()?))
}

/// Runs code and checks what it costs.
fn within_bounds<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let (started, cpu) = (Instant::now(), thread_time());
    let (result, memory) = allocation::most(run);
    let time = thread_time().zip(cpu).map_or(started.elapsed(), |(now, before)| now - before);
    assert!(time < MOST_TIME, "{what} took {time:?}");
    assert!(memory < MOST_MEMORY, "{what} took {} MiB", memory >> 20);
    result
}

fn inspect(bytes: &[u8]) -> Result<(), Failure> {
    let mut inspector = Inspector::new(Limits::default());
    bytes.chunks(64 << 10).try_for_each(|chunk| inspector.feed(chunk))?;
    inspector.finish().map(|_| ())
}

/// Fails unless a file is refused cheaply: while it streams by, and by the pipeline, with the same code.
fn defused(what: &str, bytes: impl FnOnce() -> Vec<u8>, code: FailureCode) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    let inspected = within_bounds(what, || inspect(&bytes)).expect_err(what);
    assert_eq!(inspected.code, code, "{what}: {inspected}");
    let processed = within_bounds(what, || process(&bytes, &Limits::default())).unwrap_err();
    assert_eq!(processed, inspected, "{what}");
}

/// Fails unless the pipeline refuses a file cheaply that only decoding can tell from a sound one.
fn defused_by_decoding(what: &str, bytes: impl FnOnce() -> Vec<u8>, code: FailureCode) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    within_bounds(what, || inspect(&bytes)).unwrap();
    let processed = within_bounds(what, || process(&bytes, &Limits::default())).unwrap_err();
    assert_eq!(processed.code, code, "{what}: {processed}");
}

/// Fails unless a sound picture is shown cheaply without the metadata that is built to exhaust a reader.
fn shown_without(what: &str, bytes: impl FnOnce() -> Vec<u8>) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = bytes();
    let photo = within_bounds(what, || process(&bytes, &Limits::default())).unwrap();
    assert_eq!(photo.facts, Default::default(), "{what}");
}

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

/// A little-endian directory of these entries: tag, type, count, value.
fn directory(entries: impl IntoIterator<Item = (u16, u16, u32, u32)>, next: u32) -> Vec<u8> {
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(tag, kind, count, value)| {
            let words = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
            [words, count.to_le_bytes().to_vec(), value.to_le_bytes().to_vec()].concat()
        })
        .collect();
    [&(entries.len() as u16).to_le_bytes(), entries.concat().as_slice(), &next.to_le_bytes()].concat()
}

/// EXIF blocks that lead back to themselves, or unfold.
fn exif_bombs() -> Vec<(&'static str, Vec<u8>)> {
    const HEAD: &[u8] = b"II*\0\x08\0\0\0";
    let block = |directory: Vec<u8>| [HEAD, &directory].concat();
    vec![
        ("a ring of one", block(directory([(0x8769, 4, 1, 8)], 8))),
        ("a ring of two", block([directory([], 14), directory([], 8)].concat())),
        ("directories in directories", block(directory((0..5_000).map(|at| (0x8769, 4, 1, at + 10)), 0))),
        (
            "pointers of all kinds",
            block(directory((0..5_000).map(|at| ([0x8769, 0x8825, 0xa005][at as usize % 3], 4, 1, at)), 10)),
        ),
        (
            "a text of nothing but ends",
            [block(directory([(271, 2, 60_000, 26), (272, 2, 60_000, 26)], 0)), vec![0; 60_000]].concat(),
        ),
    ]
}

#[test]
fn exif_that_unfolds() {
    let scene = Picture::scene(64, 64);
    for (what, block) in exif_bombs() {
        shown_without(what, || scene.png_with(&[(*b"eXIf", block.clone())]));
        shown_without(what, || scene.webp_with(|encoder| encoder.set_exif_metadata(block.clone())));
        shown_without(what, || scene.jpeg_with(|encoder| encoder.add_exif_metadata(&block).unwrap()));
    }
    // As large as a block may be.
    let block =
        [b"II*\0\x08\0\0\0".as_slice(), &directory((0..65_000).map(|at| (0x8769, 4, 1, at * 12 + 11)), 0)].concat();
    shown_without("a large block", || scene.png_with(&[(*b"eXIf", [block.clone(), vec![0; 3 << 20]].concat())]));
    let text = directory((0..1_000).map(|_| (271, 2, 3 << 20, 0)), 0);
    let block = [b"II*\0\x08\0\0\0".as_slice(), &text, &vec![0; 3 << 20]].concat();
    shown_without("a large text", || scene.png_with(&[(*b"eXIf", block.clone())]));
}

#[test]
fn tiffs_that_lead_back_or_never_end() {
    let ring = |next: fn(u32) -> u32| {
        let mut tiff = Picture::scene(64, 64).tiff();
        let (at, end) = (u32::from_le_bytes(tiff[4..8].try_into().unwrap()), tiff.len());
        tiff[end - 4..].copy_from_slice(&next(at).to_le_bytes());
        (tiff, at)
    };
    defused("a ring of one", || ring(|at| at).0, FailureCode::Corrupt);
    defused_by_decoding(
        "a ring of two",
        || {
            let (tiff, at) = ring(|at| at + 102);
            assert_eq!(tiff.len(), at as usize + 102);
            [tiff, directory([], at)].concat()
        },
        FailureCode::Corrupt,
    );
    defused_by_decoding(
        "ten thousand pages",
        || {
            let (tiff, _) = ring(|at| at + 102);
            let start = tiff.len() as u32;
            let pages: Vec<_> = (1..=10_000).flat_map(|page| directory([], start + page * 6)).collect();
            [tiff, pages].concat()
        },
        FailureCode::TooComplex,
    );
    let entries = |count: u32| (0..count).map(|n| (n as u16, 4, 1, 0));
    defused(
        "65,000 entries",
        || [b"II*\0\x08\0\0\0".as_slice(), &directory(entries(65_000), 0)].concat(),
        FailureCode::TooComplex,
    );
    defused_by_decoding(
        "tiles of 16 pixels a side",
        || {
            let (side, strips) = (7_680u32, 480 * 480);
            let tags = [
                (256, 4, 1, side),
                (257, 4, 1, side),
                (258, 3, 1, 8),
                (259, 3, 1, 1),
                (262, 3, 1, 1),
                (322, 4, 1, 16),
                (323, 4, 1, 16),
                (324, 4, strips, 200),
                (325, 4, strips, 200),
            ];
            [b"II*\0\x08\0\0\0".as_slice(), &directory(tags, 0), &vec![0; 4 * strips as usize + 200]].concat()
        },
        FailureCode::TooComplex,
    );
    let raised = |tag: u16, value: u32| {
        let mut tiff = Picture::scene(64, 64).tiff();
        let entry = tiff.windows(4).rposition(|entry| entry == [tag.to_le_bytes(), [4, 0]].concat()).unwrap();
        tiff[entry + 8..entry + 12].copy_from_slice(&value.to_le_bytes());
        tiff
    };
    defused("a strip that is not there", || raised(279, u32::MAX), FailureCode::Truncated);
    defused("a directory beyond the end", || b"II*\0\xff\xff\xff\xff".to_vec(), FailureCode::Truncated);
}

#[test]
fn heif_of_too_many_parts() {
    for format in [Format::Heic, Format::Avif].into_iter().filter(|format| format.is_decodable()) {
        let ftyp = || Heif::new(format).bytes()[..24].to_vec();
        let file = |meta: &[u8]| [ftyp(), boxed(b"meta", &[&[0; 4], meta].concat())].concat();
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0hvc1\0");
        let iinf =
            |times: usize| boxed(b"iinf", &[[1, 0, 0, 0, 0, 15, 0x42, 0x40].as_slice(), &infe.repeat(times)].concat());
        defused("a million items", || file(&iinf(1_000_000)), FailureCode::TooComplex);
        defused("as many as fit", || file(&iinf(45_000)), FailureCode::TooComplex);
        defused(
            "references",
            || file(&boxed(b"iref", &[[0; 4].as_slice(), &boxed(b"dimg", &[0, 1, 0, 0]).repeat(80_000)].concat())),
            FailureCode::TooComplex,
        );
        let properties = || boxed(b"iprp", &boxed(b"ipco", &boxed(b"free", &[]).repeat(120_000)));
        defused("properties", || file(&properties()), FailureCode::TooComplex);
        // Four billion locations of no bytes each.
        let nothing =
            [[1, 0, 0, 0, 0, 0, 0xff, 0xff].as_slice(), &[0, 1, 0, 0, 0, 0, 0xff, 0xff].repeat(65_535)].concat();
        defused("places of no bytes", || file(&boxed(b"iloc", &nothing)), FailureCode::Corrupt);
        defused(
            "boxes in boxes",
            || {
                let depth = 100_000u32;
                let boxes: Vec<u8> =
                    (0..depth).flat_map(|n| [((depth - n) * 8).to_be_bytes(), *b"iprp"].concat()).collect();
                file(&boxes)
            },
            FailureCode::Corrupt,
        );
        defused(
            "a flood of boxes",
            || [ftyp(), boxed(b"free", &[]).repeat(1_000_000)].concat(),
            FailureCode::TooComplex,
        );
        defused("a table of 2 MiB", || file(&boxed(b"free", &vec![0; 2 << 20])), FailureCode::TooComplex);
        let tiles = || Heif { tile: (8_000, 8_000), grid: Some((15, 15, 8_000, 8_000)), ..Heif::new(format) };
        defused("tiles upon tiles", || tiles().bytes(), FailureCode::TooComplex);
    }
}
