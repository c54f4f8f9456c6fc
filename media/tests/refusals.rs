//! What is refused, with which code, and how early.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use darkroom_media::{Failure, FailureCode, Format, Inspection, Inspector, Limits, process};
use picture::{DRAWN, Picture};

fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, Failure> {
    let mut inspector = Inspector::new(limits.clone());
    inspector.feed(bytes)?;
    inspector.finish()
}

/// The code on which the stream's inspection and the pipeline agree.
fn refusal(bytes: &[u8], limits: &Limits) -> FailureCode {
    let failure = inspect(bytes, limits).expect_err("the inspection accepts it");
    assert_eq!(process(bytes, limits).expect_err("the pipeline accepts it"), failure);
    assert!(failure.message.ends_with('.') && failure.message.len() > 20, "{}", failure.message);
    failure.code
}

fn default_refusal(bytes: &[u8]) -> FailureCode {
    refusal(bytes, &Limits::default())
}

#[test]
fn an_inspection_says_what_the_file_is() {
    let scene = Picture::scene(123, 45);
    for format in DRAWN {
        let bytes = scene.encode(format);
        let inspection = inspect(&bytes, &Limits::default()).unwrap();
        assert_eq!(inspection, Inspection { format, width: 123, height: 45, bytes: bytes.len() as u64 });
    }
}

#[test]
fn nothing_and_no_picture() {
    assert_eq!(default_refusal(b""), FailureCode::EmptyFile);
    for other in [b"x".as_slice(), b"hello, world", &[0; 5_000], b"RIFF\x24\0\0\0WAVEfmt ", b"\x89PNX"] {
        assert_eq!(default_refusal(other), FailureCode::UnsupportedFormat);
    }
    for (head, name) in [
        (b"MM\0+\0\x08\0\0".as_slice(), "BigTIFF"),
        (b"\0\0\0\x20ftypisom", "video"),
        (b"%PDF-1.4", "PDF"),
        (b" <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    ] {
        let failure = process(head, &Limits::default()).unwrap_err();
        assert_eq!(failure.code, FailureCode::UnsupportedFormat);
        assert!(failure.message.contains(name) && failure.message.contains("WebP"), "{}", failure.message);
    }
}

#[test]
fn every_cut_is_told_from_the_whole() {
    let scene = Picture::scene(40, 30);
    let progressive = scene.jpeg_with(|encoder| encoder.set_progressive(true));
    let metadata = scene.encode_oriented(Format::WebP, 1);
    let tiff = scene.encode_oriented(Format::Tiff, 6);
    let files = [scene.jpeg(), progressive, scene.png(), scene.webp(), metadata, scene.gif(), scene.bmp(), tiff];
    for bytes in files {
        let whole = inspect(&bytes, &Limits::default()).unwrap();
        for cut in 0..bytes.len() {
            let result = inspect(&bytes[..cut], &Limits::default());
            match (cut, whole.format) {
                (0, _) => assert_eq!(result.unwrap_err().code, FailureCode::EmptyFile),
                (1, _) => assert_eq!(result.unwrap_err().code, FailureCode::UnsupportedFormat),
                // The first frame is complete; only the trailer is missing.
                (cut, Format::Gif) if cut + 1 == bytes.len() => assert!(result.is_ok()),
                // What is missing is the padding of the last chunk.
                (cut, Format::WebP) if cut + 1 == bytes.len() && result.is_ok() => {
                    assert!(process(&bytes[..cut], &Limits::default()).is_ok());
                }
                (cut, format) => {
                    assert_eq!(result.unwrap_err().code, FailureCode::Truncated, "{format:?} cut at {cut}");
                }
            }
        }
        for cut in [bytes.len() / 4, bytes.len() / 2, bytes.len() - 2] {
            assert_eq!(default_refusal(&bytes[..cut]), FailureCode::Truncated);
        }
    }
}

#[test]
fn a_thumbnails_end_is_not_the_pictures() {
    // An EXIF thumbnail is a whole JPEG with an EOI of its own.
    let thumbnail = Picture::scene(16, 16).jpeg();
    let exif = [picture::exif(1), thumbnail].concat();
    let bytes = Picture::scene(400, 300).jpeg_with(|encoder| encoder.add_exif_metadata(&exif).unwrap());
    assert!(inspect(&bytes, &Limits::default()).is_ok());
    assert_eq!(default_refusal(&bytes[..bytes.len() - 500]), FailureCode::Truncated);
}

#[test]
fn too_many_bytes() {
    let scene = Picture::scene(100, 100);
    for format in DRAWN {
        let bytes = scene.encode(format);
        let limit = |max_bytes| Limits { max_bytes, ..Limits::default() };
        assert!(process(&bytes, &limit(bytes.len() as u64)).is_ok());
        assert_eq!(refusal(&bytes, &limit(bytes.len() as u64 - 1)), FailureCode::TooLarge);
    }
}

#[test]
fn too_many_pixels_or_too_long_a_side() {
    let scene = Picture::scene(100, 60);
    for format in DRAWN {
        let bytes = scene.encode(format);
        let limit = |max_pixels, max_side| Limits { max_pixels, max_side, ..Limits::default() };
        assert!(process(&bytes, &limit(6_000, 100)).is_ok());
        assert_eq!(refusal(&bytes, &limit(5_999, 100)), FailureCode::TooManyPixels);
        assert_eq!(refusal(&bytes, &limit(6_000, 99)), FailureCode::TooManyPixels);
    }
}

#[test]
fn declared_sizes_are_refused_before_the_pixels_arrive() {
    let mut png = Picture::scene(8, 8).png();
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]); // 65,536 × 65,536
    let mut jpeg = Picture::scene(8, 8).jpeg();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]); // 65,500 × 65,500
    let mut webp = Picture::scene(8, 8).encode_oriented(Format::WebP, 1);
    webp[24..30].copy_from_slice(&[0xff; 6]); // 16,777,216 × 16,777,216
    let mut gif = Picture::scene(8, 8).gif();
    gif[6..10].copy_from_slice(&[0xff; 4]);
    for bytes in [&png[..33], &jpeg[..frame + 10], &webp[..30], &gif[..13]] {
        let mut inspector = Inspector::new(Limits::default());
        let failure = inspector.feed(bytes).unwrap_err();
        assert_eq!(failure.code, FailureCode::TooManyPixels);
        assert_eq!(inspector.feed(b"more").unwrap_err(), failure, "it stays refused");
        assert_eq!(inspector.finish().unwrap_err(), failure);
    }
}

#[test]
fn a_later_frame_is_held_to_the_limits_too() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 10, 10, &[0, 0, 0, 255, 255, 255]).unwrap();
    let small = gif::Frame { width: 10, height: 10, buffer: vec![0; 100].into(), ..Default::default() };
    encoder.write_frame(&small).unwrap();
    encoder.write_frame(&gif::Frame { left: 65_000, top: 65_000, ..small }).unwrap();
    drop(encoder);
    assert_eq!(default_refusal(&bytes), FailureCode::TooManyPixels);
}

#[test]
fn a_bitstream_larger_than_its_canvas_is_refused() {
    // A canvas of 8 × 8 around a lossless bitstream that declares 16,384 × 16,384.
    let mut webp = Picture::scene(8, 8).encode_oriented(Format::WebP, 1);
    let bitstream = webp.windows(4).position(|name| name == b"VP8L").unwrap() + 8;
    webp[bitstream + 1..bitstream + 5].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(default_refusal(&webp), FailureCode::TooManyPixels);
}

#[test]
fn no_pixels_at_all() {
    let scene = Picture::scene(8, 8);
    let mut png = scene.png();
    png[16..20].fill(0);
    let mut jpeg = scene.jpeg();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 7].fill(0);
    let mut gif = scene.gif();
    let descriptor = gif.windows(5).rposition(|window| window == [0x2c, 0, 0, 0, 0]).unwrap();
    gif[descriptor + 5..descriptor + 7].fill(0);
    for bytes in [png, jpeg, gif, b"GIF89a\x08\0\x08\0\0\0\0;".to_vec(), b"\xff\xd8\xff\xd9".to_vec()] {
        assert_eq!(default_refusal(&bytes), FailureCode::Corrupt);
    }
}

#[test]
fn damage_inside_the_pixels() {
    let scene = Picture::scene(200, 150);
    let mut png = scene.png();
    let middle = png.len() / 2;
    png[middle..middle + 40].fill(0x55);
    let mut gif = scene.gif();
    // Behind the image descriptor: where, how large, flags.
    let code_size = gif.windows(10).position(|w| w == [0x2c, 0, 0, 0, 0, 200, 0, 150, 0, 0]).unwrap() + 10;
    gif[code_size + 2..code_size + 40].fill(0xff);
    for bytes in [png, gif] {
        assert!(inspect(&bytes, &Limits::default()).is_ok(), "the container is sound");
        assert_eq!(process(&bytes, &Limits::default()).unwrap_err().code, FailureCode::Corrupt);
    }
}

#[test]
fn a_thousand_scans() {
    let scene = Picture::scene(64, 64);
    let bytes = scene.jpeg_with(|encoder| encoder.set_progressive(true));
    let last = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let (start, scan) = (&bytes[..bytes.len() - 2], &bytes[last..bytes.len() - 2]);
    let repeated = |times| [start, &scan.repeat(times), &[0xff, 0xd9]].concat();
    assert_eq!(default_refusal(&repeated(1_000)), FailureCode::TooComplex);
    // Few scans, but each of them over a picture that is large for it.
    let limits = Limits { max_scan_pixels: 64 * 64 * 3, ..Limits::default() };
    assert_eq!(refusal(&repeated(10), &limits), FailureCode::TooComplex);
    assert!(process(&scene.jpeg(), &Limits { max_scan_pixels: 1, ..Limits::default() }).is_ok());
}

#[test]
fn metadata_that_expands_without_end() {
    let scene = Picture::scene(32, 32);
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 50 << 20], 6);
    assert!(bomb.len() < 100_000);
    let chunk = |name: &[u8; 4], preamble: &[u8]| (*name, [preamble, &bomb].concat());
    for chunk in [
        chunk(b"iCCP", b"profile\0\0"),
        chunk(b"zTXt", b"Comment\0\0"),
        chunk(b"iTXt", b"Comment\0\x01\0en\0Kommentar\0"),
    ] {
        assert_eq!(default_refusal(&scene.png_with(&[chunk])), FailureCode::TooComplex);
    }
    // Several that are each within the limit.
    let part = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 3 << 20], 6);
    let text = (*b"zTXt", [b"Comment\0\0".as_slice(), &part].concat());
    assert!(process(&scene.png_with(std::slice::from_ref(&text)), &Limits::default()).is_ok());
    assert_eq!(default_refusal(&scene.png_with(&[text.clone(), text])), FailureCode::TooComplex);
    // Uncompressed text of the same bytes is text.
    assert!(process(&scene.png_with(&[chunk(b"iTXt", b"Comment\0\0\0\0\0")]), &Limits::default()).is_ok());
}

#[test]
fn segments_without_end() {
    let limits = Limits { max_segments: 20, ..Limits::default() };
    let scene = Picture::scene(32, 32);
    let jpeg = scene.jpeg_with(|encoder| (0..30).for_each(|_| encoder.add_app_segment(5, vec![1]).unwrap()));
    let png = scene.png_with(&vec![(*b"tEXt", b"a\0b".to_vec()); 30]);
    let mut webp = scene.encode_oriented(Format::WebP, 1);
    webp.extend(b"JUNK\x02\0\0\0ab".repeat(30));
    let size = webp.len() as u32 - 8;
    webp[4..8].copy_from_slice(&size.to_le_bytes());
    for bytes in [jpeg, png, webp] {
        assert!(process(&bytes, &Limits::default()).is_ok());
        assert_eq!(refusal(&bytes, &limits), FailureCode::TooComplex);
    }
}

#[test]
fn rare_kinds_of_jpeg_are_named() {
    let scene = Picture::scene(16, 16);
    let mut jpeg = scene.jpeg();
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    for (code, word) in [(0xc3, "lossless"), (0xc9, "arithmetic")] {
        jpeg[frame + 1] = code;
        let failure = process(&jpeg, &Limits::default()).unwrap_err();
        assert_eq!(failure.code, FailureCode::UnsupportedFormat);
        assert!(failure.message.contains(word), "{}", failure.message);
    }
    jpeg[frame + 1] = 0xc1;
    jpeg[frame + 4] = 12;
    assert_eq!(default_refusal(&jpeg), FailureCode::UnsupportedFormat);
}
