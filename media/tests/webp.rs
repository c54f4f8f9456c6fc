//! Renditions in WebP: the same pictures as in JPEG, in fewer bytes, and nothing but the picture.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use darkroom_media::{FailureCode, Limits, Rendition, Size, encode_webp, process};
use picture::{DRAWN, Picture, SECRET, decode, exif, rendition};

fn webp(bytes: &[u8]) -> Vec<Rendition> {
    encode_webp(bytes, &Limits::default()).unwrap()
}

/// Decodes a WebP by a decoder in Rust, checking that it is of the size it says.
fn decode_webp(rendition: &Rendition) -> Picture {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&rendition.bytes)).unwrap();
    assert_eq!(decoder.dimensions(), (rendition.width, rendition.height));
    assert!(decoder.is_lossy() && !decoder.has_alpha() && !decoder.is_animated());
    let mut rgb = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut rgb).unwrap();
    Picture { width: rendition.width, height: rendition.height, rgb }
}

/// Fails if a WebP holds anything but one lossy picture.
fn assert_bare_webp(bytes: &[u8]) {
    let length = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&bytes[..4], &bytes[8..16]), (b"RIFF".as_slice(), b"WEBPVP8 ".as_slice()));
    assert_eq!(length(4) + 8, bytes.len());
    assert_eq!(length(16).next_multiple_of(2) + 20, bytes.len(), "one chunk");
}

#[test]
fn every_format_and_size_shows_what_the_jpeg_shows() {
    for (width, height, tolerance) in [(1500, 1000, 3.0), (301, 207, 3.0), (1, 1, 8.0), (2, 700, 8.0)] {
        let scene = Picture::scene(width, height);
        for format in DRAWN {
            let original = scene.encode(format);
            let photo = process(&original, &Limits::default()).unwrap();
            let renditions = webp(&original);
            assert_eq!(renditions.iter().map(|made| made.size).collect::<Vec<_>>(), Size::all());
            for made in &renditions {
                assert_bare_webp(&made.bytes);
                let jpeg = rendition(&photo, made.size);
                assert_eq!((made.width, made.height), (jpeg.width, jpeg.height));
                let difference = decode_webp(made).difference(&decode(jpeg));
                assert!(difference < tolerance, "{format:?} {width} × {height} as {:?}: {difference:.1}", made.size);
            }
        }
    }
}

#[test]
fn brightness_and_colour_arrive_as_they_left() {
    for color in [[0, 0, 0], [255; 3], [128; 3], [220, 20, 30], [20, 200, 60], [30, 40, 230], [16, 16, 16], [235; 3]] {
        let made = webp(&Picture::draw(64, 48, |_, _| color).png());
        let shown = decode_webp(&made[2]).at(30, 20);
        assert!(shown.iter().zip(color).all(|(got, sent)| got.abs_diff(sent) <= 4), "{shown:?} for {color:?}");
    }
}

#[test]
fn grey_stays_grey() {
    let gray: Vec<u8> = (0..200 * 120).map(|n| (n % 200) as u8 + 20).collect();
    let mut original = Vec::new();
    jpeg_encoder::Encoder::new(&mut original, 95).encode(&gray, 200, 120, jpeg_encoder::ColorType::Luma).unwrap();
    let shown = decode_webp(&webp(&original)[2]);
    for pixel in shown.rgb.chunks_exact(3) {
        assert!(pixel.iter().max().unwrap() - pixel.iter().min().unwrap() <= 2, "{pixel:?}");
    }
    assert!(shown.at(10, 60)[0] < 45 && shown.at(190, 60)[0] > 195);
}

#[test]
fn all_eight_orientations_end_upright() {
    let scene = Picture::scene(300, 200);
    let upright = decode_webp(&webp(&scene.jpeg())[2]);
    for orientation in 1..=8 {
        let turned = webp(&scene.stored(orientation).encode_oriented(darkroom_media::Format::Jpeg, orientation));
        assert_eq!((turned[2].width, turned[2].height), (300, 200));
        assert!(decode_webp(&turned[2]).difference(&upright) < 3.0, "orientation {orientation}");
    }
}

#[test]
fn nothing_of_the_metadata_is_in_it() {
    let scene = Picture::scene(700, 500);
    let jpeg = scene.jpeg_with(|encoder| encoder.add_exif_metadata(&exif(1)).unwrap());
    let webp_original = scene.webp_with(|encoder| {
        encoder.set_exif_metadata(exif(1));
        encoder.set_xmp_metadata(SECRET.as_bytes().to_vec());
    });
    for original in [jpeg, webp_original] {
        for made in webp(&original) {
            assert_bare_webp(&made.bytes);
            assert!(!made.bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
    }
}

#[test]
fn the_same_file_gives_the_same_bytes() {
    let original = Picture::scene(800, 600).jpeg();
    assert_eq!(webp(&original), webp(&original));
}

#[test]
fn what_is_no_photo_is_refused_as_by_process() {
    let limits = Limits { max_pixels: 1_000, ..Limits::default() };
    let cases = [
        (b"no picture".to_vec(), FailureCode::UnsupportedFormat),
        (Picture::scene(90, 90).png(), FailureCode::TooManyPixels),
    ];
    for (bytes, code) in cases {
        assert_eq!(encode_webp(&bytes, &limits).unwrap_err().code, code);
        assert_eq!(process(&bytes, &limits).unwrap_err().code, code);
    }
}

/// Real photographs: fewer bytes in all, and clearly fewer where most are looked at.
#[test]
fn photographs_take_fewer_bytes() {
    let Some(folder) = std::env::var_os("DARKROOM_CORPUS") else {
        println!("skipped: DARKROOM_CORPUS does not name a folder of test files");
        return;
    };
    let mut totals = Size::all().map(|size| (size, 0, 0));
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("photos")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let photo = process(&bytes, &Limits::default()).unwrap();
        for (made, (size, jpeg, webp)) in webp(&bytes).iter().zip(&mut totals) {
            *jpeg += rendition(&photo, *size).bytes.len();
            *webp += made.bytes.len();
        }
    }
    for (size, jpeg, webp) in totals {
        println!("{size:?}: {webp} bytes of WebP for {jpeg} of JPEG");
        assert!(webp < jpeg, "{size:?}: {webp} bytes of WebP for {jpeg} of JPEG");
    }
}
