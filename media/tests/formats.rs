//! The kinds that each format comes in: depths, layouts, compressions, animations, and what is said beside the pixels.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use std::io::Cursor;

use darkroom_media::{Facts, FailureCode, Format, Limits, Photo, Size, process};
use moxcms::ColorProfile;
use picture::{Picture, bmp, decode, rendition};
use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, colortype};

fn photo(bytes: &[u8]) -> Photo {
    process(bytes, &Limits::default()).unwrap()
}

fn large(bytes: &[u8]) -> Picture {
    decode(rendition(&photo(bytes), Size::Large))
}

fn refusal(bytes: &[u8]) -> FailureCode {
    process(bytes, &Limits::default()).unwrap_err().code
}

/// Fails unless a file shows a picture.
fn assert_shows(bytes: &[u8], picture: &Picture, what: &str) {
    let difference = large(bytes).difference(picture);
    assert!(difference < 3.0, "{what} differs by {difference:.1}");
}

fn gray(picture: &Picture) -> (Vec<u8>, Picture) {
    let luma: Vec<u8> = picture.rgb.chunks_exact(3).map(|p| p[1]).collect();
    let rgb = luma.iter().flat_map(|&value| [value; 3]).collect();
    (luma, Picture { rgb, ..picture.clone() })
}

/// 8 bits as 16, with noise below.
fn wide(samples: &[u8]) -> Vec<u16> {
    samples.iter().map(|&value| u16::from(value) << 8 | 0x7f).collect()
}

#[test]
fn bitmaps_of_every_depth() {
    let scene = Picture::scene(61, 40);
    assert_shows(&scene.bmp(), &scene, "24 bits");
    // Rows from the top down, in 32 bits.
    let pixels: Vec<u8> = scene.rgb.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0], 0]).collect();
    assert_shows(&bmp((61, -40), 32, 0, &[], &pixels), &scene, "32 bits");
    let sixteen: Vec<u8> = scene
        .rgb
        .chunks_exact(3)
        .map(|p| u16::from(p[0] >> 3) << 10 | u16::from(p[1] >> 3) << 5 | u16::from(p[2] >> 3))
        .collect::<Vec<_>>()
        .chunks_exact(61)
        .flat_map(|row| row.iter().copied().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        .collect();
    assert!(large(&bmp((61, -40), 16, 0, &[], &sixteen)).difference(&scene) < 8.0);

    let (luma, gray) = gray(&scene);
    let ramp: Vec<[u8; 4]> = (0..=255).map(|value| [value, value, value, 0]).collect();
    let rows: Vec<u8> = luma.chunks_exact(61).flat_map(|row| [row, &[0; 3]].concat()).collect();
    assert_shows(&bmp((61, -40), 8, 0, &ramp, &rows), &gray, "a palette");
    // Run lengths: each pixel a run of one, from the bottom up.
    let runs: Vec<u8> = luma
        .chunks_exact(61)
        .rev()
        .flat_map(|row| row.iter().flat_map(|&value| [1, value]).chain([0, 0]).collect::<Vec<_>>())
        .chain([0, 1])
        .collect();
    assert_shows(&bmp((61, 40), 8, 1, &ramp, &runs), &gray, "run lengths");
}

#[test]
fn a_bitmaps_profile_is_used() {
    let scene = Picture::scene(40, 40);
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let plain = scene.bmp();
    let mut header = vec![0; 124];
    header[..40].copy_from_slice(&plain[14..54]);
    header[..4].copy_from_slice(&124u32.to_le_bytes());
    header[56..60].copy_from_slice(b"DEBM"); // 'MBED', least significant byte first
    let pixels = &plain[54..];
    header[112..116].copy_from_slice(&(124 + pixels.len() as u32).to_le_bytes());
    header[116..120].copy_from_slice(&(profile.len() as u32).to_le_bytes());
    let mut file = plain[..14].to_vec();
    file[10..14].copy_from_slice(&138u32.to_le_bytes());
    let p3 = [file, header, pixels.to_vec(), profile].concat();
    let difference = large(&p3).difference(&scene);
    assert!(difference > 3.0, "converted to sRGB: {difference}");
}

/// A TIFF by the `tiff` crate's encoder.
fn tiff<C: colortype::ColorType>(
    picture: &Picture,
    compression: Compression,
    rows: u32,
    samples: &[C::Inner],
) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let predictor = if matches!(compression, Compression::Lzw) { Predictor::Horizontal } else { Predictor::None };
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression).with_predictor(predictor);
    let mut image = encoder.new_image::<C>(picture.width, picture.height).unwrap();
    image.rows_per_strip(rows).unwrap();
    image.write_data(samples).unwrap();
    bytes.into_inner()
}

#[test]
fn tiffs_of_every_depth_and_compression() {
    let scene = Picture::scene(150, 101);
    let (luma, gray) = gray(&scene);
    for (compression, what) in [
        (Compression::Uncompressed, "uncompressed"),
        (Compression::Lzw, "LZW"),
        (Compression::Deflate(DeflateLevel::Balanced), "Deflate"),
        (Compression::Packbits, "PackBits"),
    ] {
        for rows in [1, 7, 101] {
            assert_shows(&tiff::<colortype::RGB8>(&scene, compression, rows, &scene.rgb), &scene, what);
        }
        assert_shows(&tiff::<colortype::RGB16>(&scene, compression, 16, &wide(&scene.rgb)), &scene, what);
        assert_shows(&tiff::<colortype::Gray8>(&scene, compression, 16, &luma), &gray, what);
        assert_shows(&tiff::<colortype::Gray16>(&scene, compression, 16, &wide(&luma)), &gray, what);
    }
}

#[test]
fn a_tiffs_alpha_is_flattened_on_white() {
    let scene = Picture::scene(50, 50);
    let rgba: Vec<u8> = scene.rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 0]).collect();
    let bytes = tiff::<colortype::RGBA8>(&scene, Compression::Uncompressed, 10, &rgba);
    assert!(large(&bytes).rgb.iter().all(|value| *value > 250));
}

#[test]
fn a_tiffs_profile_and_facts_are_read() {
    let scene = Picture::scene(60, 60);
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let bytes = scene.tiff_with(&[(271, 2, b"Maker\0".to_vec()), (34_675, 7, profile), (52_545, 7, vec![0; 40])]);
    assert!(large(&bytes).difference(&scene) > 3.0, "converted to sRGB");
    let facts = photo(&bytes).facts;
    assert_eq!((facts.camera_make.as_deref(), facts.content_credentials), (Some("Maker"), true));
}

#[test]
fn tiffs_of_rare_kinds_are_named() {
    let scene = Picture::scene(20, 20);
    let inks: Vec<u8> = [255, 0, 0, 0].repeat(400);
    let cmyk = tiff::<colortype::CMYK8>(&scene, Compression::Uncompressed, 20, &inks);
    let float = tiff::<colortype::RGB32Float>(&scene, Compression::Uncompressed, 20, &[0.5; 1_200]);
    let entry = |tag: u16, value: u16| scene.tiff_with(&[(tag, 3, value.to_le_bytes().to_vec())]);
    for (bytes, word) in [
        (cmyk, "CMYK"),
        (float, "unusual"),
        (entry(254, 1), "raw"),
        (entry(50_706, 1), "raw"),
        (entry(284, 2), "colour by colour"),
    ] {
        let failure = process(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(failure.code, FailureCode::UnsupportedFormat, "{failure}");
        assert!(failure.message.contains(word), "{failure} for {word}");
    }
    let mut jpeg = scene.tiff();
    let compression = jpeg.windows(4).rposition(|entry| entry == [3, 1, 3, 0]).unwrap();
    jpeg[compression + 8] = 7;
    assert_eq!(refusal(&jpeg), FailureCode::UnsupportedFormat);
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let crc = !name.iter().chain(data).fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    [&(data.len() as u32).to_be_bytes(), name.as_slice(), data, &crc.to_be_bytes()].concat()
}

/// A PNG whose pixels, of whole bytes, are interlaced.
fn interlaced(width: usize, height: usize, color: u8, depth: u8, pixels: &[u8]) -> Vec<u8> {
    let bytes = pixels.len() / (width * height);
    let mut rows = Vec::new();
    for (left, right, top, down) in
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
    {
        for y in (top..height).step_by(down).filter(|_| left < width) {
            rows.push(0);
            for x in (left..width).step_by(right) {
                rows.extend(&pixels[(y * width + x) * bytes..][..bytes]);
            }
        }
    }
    let size = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
    let header = [size.as_slice(), &[depth, color, 0, 0, 1]].concat();
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6);
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunks].concat()
}

#[test]
fn interlaced_png_of_every_size_and_depth() {
    for (width, height) in [(64, 48), (61, 37), (9, 5), (3, 2), (1, 7), (5, 1), (1, 1)] {
        let scene = Picture::scene(width, height);
        let (luma, gray) = gray(&scene);
        let sixteen: Vec<u8> = wide(&scene.rgb).into_iter().flat_map(u16::to_be_bytes).collect();
        for (color, depth, pixels, plain) in
            [(2, 8, &scene.rgb, scene.png()), (2, 16, &sixteen, scene.png()), (0, 8, &luma, gray.png())]
        {
            let bytes = interlaced(width as usize, height as usize, color, depth, pixels);
            assert!(large(&bytes).difference(&large(&plain)) < 0.1, "{width} × {height} of {depth} bits");
        }
    }
}

#[test]
fn of_an_animation_the_first_picture_is_shown() {
    let (first, second) = (Picture::scene(48, 48), Picture::draw(48, 48, |_, _| [255, 0, 0]));
    let mut apng = Vec::new();
    let mut encoder = png::Encoder::new(&mut apng, 48, 48);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&first.rgb).unwrap();
    writer.write_image_data(&second.rgb).unwrap();
    writer.finish().unwrap();
    assert_shows(&apng, &first, "APNG");

    // The first frame lies at (16, 8) of its canvas, of which the rest is transparent.
    let frame = |picture: &Picture, x: u8, y: u8| {
        let side = |side: u32| [(side - 1) as u8, 0, 0];
        let place = [[x / 2, 0, 0], [y / 2, 0, 0], side(picture.width), side(picture.height), [100, 0, 0]].concat();
        riff(b"ANMF", &[place, vec![0], picture.webp()[12..].to_vec()].concat())
    };
    let canvas = [2u8, 0, 0, 0, 79, 0, 0, 59, 0, 0];
    let frames = [riff(b"VP8X", &canvas), riff(b"ANIM", &[0; 6]), frame(&first, 16, 8), frame(&second, 0, 0)].concat();
    let webp = riff(b"RIFF", &[b"WEBP".as_slice(), &frames].concat());
    let shown = large(&webp);
    assert_eq!((shown.width, shown.height), (80, 60));
    let expected = Picture::draw(80, 60, |x, y| {
        if (16..64).contains(&x) && (8..56).contains(&y) { first.at(x - 16, y - 8) } else { [255; 3] }
    });
    assert!(shown.difference(&expected) < 4.0, "{}", shown.difference(&expected));
}

fn riff(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [name.as_slice(), &(data.len() as u32).to_le_bytes(), data, &padding].concat()
}

#[test]
fn colours_by_numbers_are_converted() {
    let scene = Picture::scene(48, 48);
    let by_numbers = scene.png_with(&[(*b"cICP", vec![12, 13, 0, 1])]);
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&profile, 6);
    let by_profile = scene.png_with(&[(*b"iCCP", [b"P3\0\0".as_slice(), &compressed].concat())]);
    assert!(large(&by_numbers).difference(&scene) > 3.0);
    assert!(large(&by_numbers).difference(&large(&by_profile)) < 1.0);
    assert_shows(&scene.png_with(&[(*b"cICP", vec![1, 13, 0, 1])]), &scene, "sRGB by numbers");
}

#[test]
fn gain_maps_are_facts_and_the_base_picture_is_shown() {
    let scene = Picture::scene(64, 64);
    let facts = |segment: u8, data: &[u8]| {
        let base = scene.jpeg_with(|encoder| encoder.add_app_segment(segment, data.to_vec()).unwrap());
        // The map itself is a JPEG of its own behind the picture.
        let bytes = [base, Picture::draw(32, 32, |_, _| [9; 3]).jpeg()].concat();
        assert_shows(&bytes, &scene, "the base picture");
        photo(&bytes).facts
    };
    let map = Facts { gain_map: true, ..Facts::default() };
    let xmp = |body: &str| format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta {body}/>").into_bytes();
    assert_eq!(facts(1, &xmp("xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" hdrgm:Version=\"1.0\"")), map);
    assert_eq!(facts(1, &xmp("xmlns:HDRGainMap=\"http://ns.apple.com/HDRGainMap/1.0/\"")), map);
    assert_eq!(facts(2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"), map);
    assert_eq!(facts(1, &xmp("xmlns:dc=\"http://purl.org/dc/elements/1.1/\"")), Facts::default());
    assert_eq!(facts(2, b"MPF\0"), Facts::default(), "several pictures need not be a map");
}

#[test]
fn content_credentials_are_facts() {
    let scene = Picture::scene(64, 64);
    let manifest =
        b"JP\0\x01\0\0\0\x01\0\0\0\x30jumb\0\0\0\x28jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0";
    let mut webp = scene.encode_oriented(Format::WebP, 1);
    webp.extend(riff(b"C2PA", &[0; 20]));
    let size = webp.len() as u32 - 8;
    webp[4..8].copy_from_slice(&size.to_le_bytes());
    let gif = [&scene.gif()[..], b"!\xff\x0bC2PA_GIF\x01\0\0\0"].concat();
    let files = [
        scene.jpeg_with(|encoder| encoder.add_app_segment(11, manifest.to_vec()).unwrap()),
        scene.png_with(&[(*b"caBX", manifest[8..].to_vec())]),
        webp,
        gif,
    ];
    for bytes in files {
        assert!(photo(&bytes).facts.content_credentials, "{:?}", Format::recognise(&bytes));
    }
    for format in picture::DRAWN {
        assert!(!photo(&scene.encode(format)).facts.content_credentials);
    }
}
