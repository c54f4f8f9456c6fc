//! HEIC and AVIF: the container is ours to read, the pixels libheif's.
//!
//! What needs libheif is skipped, with a line, where it or its decoder is missing; everything else runs anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use darkroom_media::{Failure, FailureCode, Format, Inspection, Inspector, Limits, Photo, Size, heif_support, process};
use picture::{
    Picture, SECRET, decode,
    heif::{Heif, boxed, clap, irot, nclx},
    rendition,
};

const HEIFS: [Format; 2] = [Format::Heic, Format::Avif];

/// Those of the two that can be decoded here.
fn decodable() -> Vec<Format> {
    let (yes, no): (Vec<_>, Vec<_>) = HEIFS.into_iter().partition(|format| format.is_decodable());
    if !no.is_empty() {
        println!("skipped for {no:?}: {:?}", heif_support());
    }
    yes
}

fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, Failure> {
    let mut inspector = Inspector::new(limits.clone());
    bytes.chunks(7).try_for_each(|chunk| inspector.feed(chunk))?;
    inspector.finish()
}

/// The code of a refusal by the inspection, which the pipeline repeats.
fn refusal(heif: &Heif) -> FailureCode {
    let bytes = heif.bytes();
    let failure = inspect(&bytes, &Limits::default()).expect_err("the inspection accepts it");
    assert_eq!(process(&bytes, &Limits::default()).unwrap_err(), failure);
    failure.code
}

fn photo(heif: &Heif) -> Photo {
    let bytes = heif.bytes();
    let photo = process(&bytes, &Limits::default()).unwrap();
    let inspection = inspect(&bytes, &Limits::default()).unwrap();
    assert_eq!((inspection.format, photo.format), (heif.format, heif.format));
    // It was turned by decoding, so the inspection tells the size upright.
    assert_eq!((inspection.width, inspection.height), (photo.width, photo.height));
    photo
}

fn large(photo: &Photo) -> Picture {
    decode(rendition(photo, Size::Large))
}

#[test]
fn support_is_told_once_and_for_all() {
    let support = heif_support();
    println!("{support:?}");
    assert_eq!(support.available, !support.version.is_empty());
    assert!(support.available || !(support.hevc || support.av1));
    assert_eq!(Format::accepted().contains(&Format::Heic), support.hevc);
    assert_eq!(Format::accepted().contains(&Format::Avif), support.av1);
    assert!(Format::accepted().len() >= 6);
}

#[test]
fn without_a_decoder_the_first_bytes_are_refused_in_words_that_help() {
    let limits = Limits { heif: false, ..Limits::default() };
    for format in HEIFS {
        let bytes = Heif::new(format).bytes();
        let mut inspector = Inspector::new(limits.clone());
        let failure = inspector.feed(&bytes[..12]).unwrap_err();
        assert_eq!(failure.code, FailureCode::UnsupportedFormat);
        assert!([format.name(), "libheif", "JPEG"].iter().all(|word| failure.message.contains(word)), "{failure}");
        assert_eq!(process(&bytes, &limits).unwrap_err(), failure);
    }
}

#[test]
fn both_are_decoded() {
    for format in decodable() {
        let scene = Picture::scene(64, 64);
        let photo = photo(&Heif::new(format));
        assert_eq!((photo.width, photo.height), (64, 64));
        assert!(large(&photo).difference(&scene) < 4.0, "{format:?}: {}", large(&photo).difference(&scene));
        let last = Heif { table_last: true, ..Heif::new(format) };
        assert_eq!(self::photo(&last).renditions, photo.renditions, "wherever the table of contents is");
    }
}

#[test]
fn the_container_turns_and_exif_does_not() {
    for format in decodable() {
        let plain = large(&photo(&Heif::new(format)));
        // An iPhone's file: turned by `irot`, and EXIF repeats it. Turned twice it would be wrong.
        let exif = Some(picture::exif(6));
        let turned = photo(&Heif { exif: exif.clone(), ..Heif::new(format).with(irot(3)) });
        assert_eq!(turned.facts.camera_make.as_deref(), Some(SECRET));
        // A quarter to the right: what was stored at the bottom left is at the top left.
        let expected = Picture::draw(64, 64, |x, y| plain.at(y, 63 - x));
        assert!(large(&turned).difference(&expected) < 3.0, "{format:?}");
        let upright = photo(&Heif { exif, ..Heif::new(format) });
        assert!(large(&upright).difference(&plain) < 1.0, "EXIF alone turns nothing");
    }
}

#[test]
fn cropping_and_mirroring_are_the_files_own() {
    for format in decodable() {
        let plain = large(&photo(&Heif::new(format)));
        let cropped = photo(&Heif::new(format).with(clap(32, 16)).with(irot(1)));
        assert_eq!((cropped.width, cropped.height), (16, 32));
        let mirrored = photo(&Heif::new(format).with(boxed(b"imir", &[1])));
        let mirrors =
            [Picture::draw(64, 64, |x, y| plain.at(63 - x, y)), Picture::draw(64, 64, |x, y| plain.at(x, 63 - y))];
        // Which axis is meant has changed between editions of the standard; libheif follows its version's.
        assert!(mirrors.iter().any(|mirror| large(&mirrored).difference(mirror) < 3.0), "{format:?}");
    }
}

#[test]
fn tiles_become_one_picture() {
    for format in decodable() {
        let plain = large(&photo(&Heif::new(format)));
        let grid = photo(&Heif { grid: Some((2, 3, 180, 120)), ..Heif::new(format) });
        assert_eq!((grid.width, grid.height), (180, 120));
        let expected = Picture::draw(180, 120, |x, y| plain.at(x % 64, y % 64));
        assert!(large(&grid).difference(&expected) < 5.0, "{format:?}");
    }
}

#[test]
fn display_p3_by_numbers_is_converted() {
    for format in decodable() {
        let [srgb, p3] = [nclx(1, 13), nclx(12, 13)].map(|colors| large(&photo(&Heif::new(format).with(colors))));
        let spread = |picture: &Picture| {
            let saturation = |p: &[u8]| u64::from(p.iter().max().unwrap() - p.iter().min().unwrap());
            picture.rgb.chunks_exact(3).map(saturation).sum::<u64>()
        };
        assert!(spread(&p3) > spread(&srgb) * 104 / 100, "{format:?}: {} {}", spread(&p3), spread(&srgb));
        let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
        let profile = boxed(b"colr", &[b"prof".as_slice(), &profile].concat());
        let embedded = large(&photo(&Heif::new(format).with(profile)));
        assert!(embedded.difference(&p3) < 2.0, "{format:?}: a profile says the same");
    }
}

#[test]
fn gain_maps_and_content_credentials_are_facts() {
    for format in decodable() {
        let facts = |heif: &Heif| photo(heif).facts;
        assert!(!facts(&Heif::new(format)).gain_map && !facts(&Heif::new(format)).content_credentials);
        assert!(facts(&Heif { items: vec![(*b"tmap", vec![0; 60])], ..Heif::new(format) }).gain_map);
        let apple = boxed(b"auxC", b"\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0");
        assert!(facts(&Heif::new(format).with(apple)).gain_map);
        let mut bytes = Heif::new(format).bytes();
        let uuid = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
        bytes.extend(boxed(b"uuid", &[uuid.as_slice(), b"manifest"].concat()));
        assert!(process(&bytes, &Limits::default()).unwrap().facts.content_credentials);
    }
}

#[test]
fn every_cut_is_told_from_the_whole() {
    for format in decodable() {
        for table_last in [false, true] {
            let bytes = Heif { table_last, exif: Some(picture::exif(1)), ..Heif::new(format) }.bytes();
            assert!(inspect(&bytes, &Limits::default()).is_ok());
            for cut in 12..bytes.len() {
                let failure = inspect(&bytes[..cut], &Limits::default()).unwrap_err();
                assert_eq!(failure.code, FailureCode::Truncated, "{format:?} cut at {cut}");
            }
        }
    }
}

#[test]
fn whatever_follows_the_picture_is_nobodys_business() {
    for format in decodable() {
        let bytes = [Heif::new(format).bytes(), b"a video that a phone appends, or half of one".to_vec()].concat();
        assert!(process(&bytes, &Limits::default()).is_ok(), "{format:?}");
    }
}

#[test]
fn every_declared_size_is_held_to_the_limits() {
    for format in decodable() {
        let new = || Heif::new(format);
        let huge = boxed(b"ispe", &[[0; 4], 65_500u32.to_be_bytes(), 65_500u32.to_be_bytes()].concat());
        assert_eq!(refusal(&Heif { tile: (65_500, 65_500), ..new() }), FailureCode::TooManyPixels);
        assert_eq!(refusal(&Heif { grid: Some((2, 2, 64_250, 64_250)), ..new() }), FailureCode::TooManyPixels);
        assert_eq!(refusal(&new().with(huge)), FailureCode::TooManyPixels, "of whatever it is said");
        assert_eq!(refusal(&Heif { tile: (0, 64), ..new() }), FailureCode::Corrupt);
        let covered = Heif { tile: (4_000, 4_000), grid: Some((20, 20, 64, 64)), ..new() };
        assert_eq!(refusal(&covered), FailureCode::TooComplex, "400 tiles of 16 megapixels behind a thumbnail");
    }
}

#[test]
fn a_grid_that_contradicts_the_table_never_reaches_the_decoder() {
    for format in decodable() {
        let heif = Heif { grid: Some((2, 2, 128, 128)), grid_says: Some((60_000, 60_000)), ..Heif::new(format) };
        let failure = process(&heif.bytes(), &Limits::default()).unwrap_err();
        assert_eq!(failure.code, FailureCode::Corrupt);
        assert!(failure.message.contains("size"), "{failure}");
    }
}

#[test]
fn damaged_pixels_are_told() {
    for format in decodable() {
        let mut bytes = Heif::new(format).bytes();
        let coded = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
        bytes[coded..].fill(0x55);
        let failure = process(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(failure.code, FailureCode::Corrupt | FailureCode::UnsupportedFormat), "{failure}");
    }
}

#[test]
fn the_wrong_codec_for_the_name_is_refused() {
    for format in decodable() {
        let mut bytes = Heif::new(format).bytes();
        let kind: &[u8; 4] = if format == Format::Heic { b"hvc1" } else { b"av01" };
        let at = bytes.windows(4).position(|name| name == kind).unwrap();
        for other in [b"jpeg", b"iovl", b"iden", b"unci", b"avc1"] {
            bytes[at..at + 4].copy_from_slice(other);
            let failure = inspect(&bytes, &Limits::default()).unwrap_err();
            assert_eq!(failure.code, FailureCode::UnsupportedFormat, "{failure}");
        }
    }
}
