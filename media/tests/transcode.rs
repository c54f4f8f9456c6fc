//! JPEGs that are shown with the very pixels that were uploaded, and nothing else of the file.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use darkroom_media::{Limits, Photo, Rendition, Size, process};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use moxcms::ColorProfile;
use picture::{Picture, SECRET, assert_bare, decode, exif, rendition};
use zune_core::bytestream::ZCursor;

fn photo(bytes: &[u8]) -> Photo {
    process(bytes, &Limits::default()).unwrap()
}

/// 4:2:0, as cameras write it, with a change.
fn camera(picture: &Picture, change: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    picture.jpeg_with(|encoder| {
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        change(encoder);
    })
}

/// Grain that an encoder at its usual quality would not keep.
fn grainy(width: u32, height: u32) -> Picture {
    Picture::draw(width, height, |x, y| {
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).rotate_left(9)) >> 27;
        [60 + x % 90 + grain, 80 + y % 70 + grain, 140 - y % 50 + grain].map(|value| value as u8)
    })
}

/// The pixels, by a decoder that is not ours.
fn pixels(jpeg: &[u8]) -> Vec<u8> {
    zune_jpeg::JpegDecoder::new(ZCursor::new(jpeg)).decode().unwrap()
}

/// Likewise, by yet another one.
fn pixels_again(jpeg: &[u8]) -> Vec<u8> {
    jpeg_decoder::Decoder::new(jpeg).decode().unwrap()
}

fn assert_same(original: &[u8], rendition: &Rendition, what: &str) {
    assert_bare(&rendition.bytes);
    assert!(pixels(original) == pixels(&rendition.bytes), "{what}: pixels have changed");
    assert!(pixels_again(original) == pixels_again(&rendition.bytes), "{what}: pixels have changed");
}

#[test]
fn a_picture_within_bounds_keeps_every_pixel() {
    for (width, height) in [(1080, 810), (1079, 1080), (641, 333), (17, 9), (16, 16), (1, 1)] {
        for interval in [0, 1, 7] {
            let original = camera(&grainy(width, height), |encoder| encoder.set_restart_interval(interval));
            let photo = photo(&original);
            assert_same(&original, rendition(&photo, Size::Large), &format!("{width} × {height}, restarts {interval}"));
            let medium = rendition(&photo, Size::Medium);
            assert_eq!(pixels(&medium.bytes) == pixels(&original), width.max(height) <= 640);
            assert!(rendition(&photo, Size::Large).bytes.len() <= original.len());
        }
    }
}

#[test]
fn so_does_a_grey_one() {
    for (width, height) in [(300u16, 200u16), (33, 31)] {
        let gray: Vec<u8> = grainy(width.into(), height.into()).rgb.chunks_exact(3).map(|pixel| pixel[0]).collect();
        let mut original = Vec::new();
        Encoder::new(&mut original, 93).encode(&gray, width, height, ColorType::Luma).unwrap();
        let photo = photo(&original);
        for size in [Size::Medium, Size::Large] {
            assert_same(&original, rendition(&photo, size), &format!("{width} × {height}"));
        }
    }
}

#[test]
fn an_srgb_profile_and_an_upright_orientation_are_no_hindrance() {
    let profile = ColorProfile::new_srgb().encode().unwrap();
    let original = camera(&grainy(500, 400), |encoder| {
        encoder.add_icc_profile(&profile).unwrap();
        encoder.add_exif_metadata(&exif(1)).unwrap();
    });
    assert_same(&original, rendition(&photo(&original), Size::Large), "sRGB");
}

/// Inserts a segment behind SOI.
fn with_segment(jpeg: &[u8], code: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, code], &length, content, &jpeg[2..]].concat()
}

/// Whatever a file carries besides its picture, wherever the format leaves room for it.
#[test]
fn nothing_else_of_the_file_gets_out() {
    let clean = camera(&grainy(333, 222), |_| {});
    let profile = ColorProfile::new_srgb().encode().unwrap();
    let mut hidden = camera(&grainy(333, 222), |encoder| {
        encoder.add_exif_metadata(&exif(1)).unwrap();
        encoder.add_icc_profile(&profile).unwrap();
        encoder.add_app_segment(1, [b"http://ns.adobe.com/xap/1.0/\0", SECRET.as_bytes()].concat()).unwrap();
        encoder.add_app_segment(13, [b"Photoshop 3.0\0", SECRET.as_bytes()].concat()).unwrap();
    });
    // A comment; tables that no component uses, of steps and of codes; a JFIF thumbnail; bytes between segments, after
    // the end, and a second picture there.
    hidden = with_segment(&hidden, 0xfe, SECRET.as_bytes());
    let steps: Vec<u8> = SECRET.bytes().cycle().take(64).collect();
    hidden = with_segment(&hidden, 0xdb, &[&[3], steps.as_slice()].concat());
    let mut codes = vec![0x13; 17];
    codes[1..].copy_from_slice(&[0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    hidden = with_segment(&hidden, 0xc4, &[codes.as_slice(), SECRET.as_bytes()].concat());
    let rest = &hidden[2..];
    hidden = [&[0xff, 0xd8, 0xff, 0xff, 0xff], &rest[1..]].concat();
    hidden.extend_from_slice(SECRET.as_bytes());
    hidden.extend_from_slice(&camera(&grainy(64, 64), |encoder| encoder.add_exif_metadata(&exif(1)).unwrap()));
    assert!(hidden.windows(SECRET.len()).filter(|window| *window == SECRET.as_bytes()).count() >= 7);

    let (hidden, clean) = (photo(&hidden), photo(&clean));
    assert_eq!(hidden.facts.camera_make.as_deref(), Some(SECRET), "its owner may read it");
    for rendition in &hidden.renditions {
        assert_bare(&rendition.bytes);
    }
    assert_eq!(hidden.renditions, clean.renditions, "byte by byte as if there had been nothing");
}

/// The steps in a file's first table.
fn first_steps(jpeg: &[u8]) -> &[u8] {
    let at = jpeg.windows(2).position(|window| window == [0xff, 0xdb]).unwrap();
    &jpeg[at + 5..at + 69]
}

/// Whether LARGE was coded with steps of ours, which the tests' files don't have.
fn is_coded_anew(original: &[u8]) -> bool {
    let photo = photo(original);
    let large = rendition(&photo, Size::Large);
    assert_bare(&large.bytes);
    decode(large);
    // Steps that are not used are 1 in what is written anew.
    let steps = first_steps(&large.bytes).iter().zip(first_steps(original));
    steps.filter(|(ours, _)| **ours != 1).any(|(ours, theirs)| ours != theirs)
}

#[test]
fn what_needs_a_change_is_coded_anew() {
    let scene = grainy(400, 300);
    assert!(!is_coded_anew(&camera(&scene, |_| {})));
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_2, SamplingFactor::R_4_4_0] {
        assert!(is_coded_anew(&camera(&scene, |encoder| encoder.set_sampling_factor(sampling))), "{sampling:?}");
    }
    assert!(is_coded_anew(&camera(&scene, |encoder| encoder.set_progressive(true))), "progressive");
    assert!(is_coded_anew(&camera(&scene, |encoder| encoder.set_optimized_huffman_tables(true))), "three scans");
    for orientation in 2..=8 {
        let turned = camera(&scene, |encoder| encoder.add_exif_metadata(&exif(orientation)).unwrap());
        assert!(is_coded_anew(&turned), "orientation {orientation}");
    }
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    assert!(is_coded_anew(&camera(&scene, |encoder| encoder.add_icc_profile(&profile).unwrap())), "wide gamut");
    assert!(is_coded_anew(&camera(&grainy(1081, 600), |_| {})), "too large");
}

#[test]
fn what_takes_too_many_bytes_is_coded_anew() {
    let noise = |width, height| {
        Picture::draw(width, height, |x, y| {
            let value = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(3_266_489_917);
            [(value >> 24) as u8, (value >> 16) as u8, (value >> 8) as u8]
        })
    };
    let large = camera(&noise(1000, 800), |_| {});
    assert!(large.len() > 600 << 10);
    assert!(is_coded_anew(&large));
    // As LARGE it may take 500 KiB, as MEDIUM 200.
    let medium = camera(&noise(600, 450), |_| {});
    assert!((220 << 10..480 << 10).contains(&medium.len()), "{}", medium.len());
    let photo = photo(&medium);
    assert_same(&medium, rendition(&photo, Size::Large), "LARGE");
    assert!(rendition(&photo, Size::Medium).bytes.len() < rendition(&photo, Size::Large).bytes.len() * 4 / 5);
}
