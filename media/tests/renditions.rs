//! What comes out of accepted files: sizes, orientation, colours, and nothing of the metadata.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use darkroom_media::{Format, Limits, Photo, Size, process};
use moxcms::ColorProfile;
use picture::{DRAWN, Picture, SECRET, assert_bare, decode, exif, rendition};

fn photo(bytes: &[u8]) -> Photo {
    process(bytes, &Limits::default()).unwrap()
}

#[test]
fn every_format_gives_the_same_picture() {
    let scene = Picture::scene(800, 500);
    let reference = decode(rendition(&photo(&scene.png()), Size::Large));
    assert!(reference.difference(&scene) < 3.0);
    for format in DRAWN {
        let photo = photo(&scene.encode(format));
        assert_eq!((photo.format, photo.width, photo.height), (format, 800, 500));
        let tolerance = if format == Format::Gif { 14.0 } else { 2.0 };
        assert!(decode(rendition(&photo, Size::Large)).difference(&reference) < tolerance, "{format:?}");
    }
}

#[test]
fn all_eight_orientations_end_upright() {
    // Once scaled down to LARGE and once in its own size.
    for (width, height) in [(1500, 1000), (90, 60)] {
        let scene = Picture::scene(width, height);
        for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Tiff] {
            let upright = photo(&scene.encode(format));
            for orientation in 1..=8 {
                let turned = photo(&scene.stored(orientation).encode_oriented(format, orientation));
                assert_eq!((turned.width, turned.height), (width, height));
                for size in Size::all() {
                    let [a, b] = [&turned, &upright].map(|photo| decode(rendition(photo, size)));
                    assert!(a.difference(&b) < 2.5, "{format:?} in orientation {orientation} as {size:?}");
                }
                assert_eq!(turned.facts.camera_make.as_deref(), Some(SECRET));
            }
        }
    }
}

#[test]
fn sizes_are_kept_to_the_pixel_and_never_grow() {
    for (width, height, medium, large, thumbnail) in [
        (1600, 1200, (640, 480), (1080, 810), 150),
        (700, 1401, (320, 640), (540, 1080), 150),
        (640, 640, (640, 640), (640, 640), 150),
        (149, 300, (149, 300), (149, 300), 149),
        (20, 10, (20, 10), (20, 10), 10),
        (1, 1, (1, 1), (1, 1), 1),
        (3000, 2, (640, 1), (1080, 1), 2),
        // Of LARGE, which is rounded down, MEDIUM would be 2 pixels wide.
        (8, 2000, (3, 640), (4, 1080), 8),
        (1000, 151, (640, 97), (1000, 151), 150),
    ] {
        let photo = photo(&Picture::scene(width, height).png());
        let size = |size| {
            let picture = decode(rendition(&photo, size));
            (picture.width, picture.height)
        };
        assert_eq!(size(Size::Thumbnail), (thumbnail, thumbnail), "thumbnail of {width}×{height}");
        assert_eq!(size(Size::Medium), medium, "medium of {width}×{height}");
        assert_eq!(size(Size::Large), large, "large of {width}×{height}");
        assert_eq!(photo.renditions.iter().map(|r| r.size).collect::<Vec<_>>(), Size::all());
    }
}

#[test]
fn a_thumbnail_shows_the_middle() {
    // Red, green and blue thirds: the square in the middle is green.
    let thirds = |x: u32, width: u32| [[220, 10, 10], [10, 200, 10], [10, 10, 220]][(x * 3 / width) as usize];
    for (picture, what) in [
        (Picture::draw(1800, 600, |x, _| thirds(x, 1800)), "landscape"),
        (Picture::draw(600, 1800, |_, y| thirds(y, 1800)), "portrait"),
        // Its LARGE is 60 pixels high: the thumbnail must come from the original, not be blown up.
        (Picture::draw(5400, 300, |x, _| thirds(x, 5400)), "panorama"),
    ] {
        let thumbnail = decode(rendition(&photo(&picture.png()), Size::Thumbnail));
        assert_eq!((thumbnail.width, thumbnail.height), (150, 150));
        for (x, y) in [(8, 8), (75, 75), (141, 141)] {
            let [r, g, b] = thumbnail.at(x, y);
            assert!(r < 40 && g > 170 && b < 40, "{what}: {r} {g} {b} at {x},{y}");
        }
    }
}

#[test]
fn a_panoramas_thumbnail_is_as_sharp_as_its_original() {
    // Stripes of 8 pixels vanish in LARGE (a tenth of the size), so they prove where the thumbnail came from.
    let stripes = Picture::draw(10_800, 300, |x, _| if x / 8 % 2 == 0 { [255; 3] } else { [0; 3] });
    let thumbnail = decode(rendition(&photo(&stripes.png()), Size::Thumbnail));
    let (mut light, mut dark) = (0, 0);
    for x in 0..150 {
        let [value, ..] = thumbnail.at(x, 75);
        light += u32::from(value > 200);
        dark += u32::from(value < 55);
    }
    assert!(light > 30 && dark > 30, "{light} light and {dark} dark of 150");
}

#[test]
fn nothing_of_the_metadata_is_in_a_rendition() {
    let scene = Picture::scene(1200, 900);
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let jpeg = scene.jpeg_with(|encoder| {
        encoder.add_exif_metadata(&exif(6)).unwrap();
        encoder.add_icc_profile(&profile).unwrap();
        encoder.add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0SECRETMAKER".to_vec()).unwrap();
        encoder.add_app_segment(13, b"Photoshop 3.0\0SECRETMAKER".to_vec()).unwrap();
    });
    let text = [b"Comment\0".as_slice(), SECRET.as_bytes()].concat();
    let png = scene.png_with(&[(*b"eXIf", exif(1)), (*b"tEXt", text)]);
    let webp = scene.webp_with(|encoder| {
        encoder.set_exif_metadata(exif(3));
        encoder.set_xmp_metadata(SECRET.as_bytes().to_vec());
    });
    for original in [jpeg, png, webp, scene.gif()] {
        for rendition in photo(&original).renditions {
            assert_bare(&rendition.bytes);
            assert!(!rendition.bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
    }
}

#[test]
fn transparency_becomes_white() {
    let rgba: Vec<u8> = (0..100u32 * 100)
        .flat_map(|n| match n % 100 {
            0..50 => [0, 0, 200, 0],
            _ => [0, 0, 200, 255],
        })
        .collect();
    let eight = png::BitDepth::Eight;
    let png = picture::png((100, 100), png::ColorType::Rgba, eight, &rgba, &[]);
    let gray: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [60, pixel[3]]).collect();
    let gray = picture::png((100, 100), png::ColorType::GrayscaleAlpha, eight, &gray, &[]);
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp).encode(&rgba, 100, 100, image_webp::ColorType::Rgba8).unwrap();
    let mut gif = Vec::new();
    let mut encoder = gif::Encoder::new(&mut gif, 100, 100, &[9, 9, 9, 0, 0, 200]).unwrap();
    let indexes: Vec<u8> = (0..100 * 100).map(|n| u8::from(n % 100 >= 50)).collect();
    let frame =
        gif::Frame { width: 100, height: 100, buffer: indexes.into(), transparent: Some(0), ..Default::default() };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);

    for (original, right) in [(png, [0, 0, 200]), (gray, [60, 60, 60]), (webp, [0, 0, 200]), (gif, [0, 0, 200])] {
        let picture = decode(rendition(&photo(&original), Size::Large));
        for (at, wanted) in [(20, [255, 255, 255]), (80, right)] {
            let got = picture.at(at, 50);
            assert!(got.iter().zip(wanted).all(|(got, wanted)| got.abs_diff(wanted) < 8), "{got:?} for {wanted:?}");
        }
    }
}

#[test]
fn a_frame_that_covers_a_part_lies_where_it_belongs() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 60, 60, &[200, 0, 0, 0, 200, 0]).unwrap();
    // Reaches over the right edge; the rest of the canvas stays empty. A second, green frame must not show.
    let first =
        gif::Frame { left: 40, top: 20, width: 40, height: 20, buffer: vec![0; 800].into(), ..Default::default() };
    let second = gif::Frame { width: 60, height: 60, buffer: vec![1; 3600].into(), ..Default::default() };
    encoder.write_frame(&first).unwrap();
    encoder.write_frame(&second).unwrap();
    drop(encoder);
    let picture = decode(rendition(&photo(&bytes), Size::Large));
    assert_eq!((picture.width, picture.height), (60, 60));
    assert!(picture.at(50, 30)[0] > 180 && picture.at(50, 30)[1] < 30);
    for (x, y) in [(10, 10), (10, 30), (50, 50)] {
        assert!(picture.at(x, y).iter().all(|value| *value > 240), "white at {x},{y}");
    }
}

#[test]
fn gray_cmyk_and_16_bit_files_are_shown_as_they_look() {
    let gray: Vec<u8> = (0..64 * 64).map(|n| (n % 64 * 4) as u8).collect();
    let mut luma = Vec::new();
    jpeg_encoder::Encoder::new(&mut luma, 95).encode(&gray, 64, 64, jpeg_encoder::ColorType::Luma).unwrap();
    let wide: Vec<u8> = gray.iter().flat_map(|&value| [value, 0x80, value, 0, value, 0xff]).collect();
    let sixteen = picture::png((64, 64), png::ColorType::Rgb, png::BitDepth::Sixteen, &wide, &[]);
    let bits = picture::png((64, 64), png::ColorType::Grayscale, png::BitDepth::One, &[0x0f; 512], &[]);
    for (original, wanted) in [(luma, [40u8, 200]), (sixteen, [40, 200]), (bits, [0, 0])] {
        let picture = decode(rendition(&photo(&original), Size::Large));
        for (x, wanted) in [(10, wanted[0]), (50, wanted[1])] {
            let got = picture.at(x, 32);
            assert!(got.iter().all(|value| value.abs_diff(wanted) < 12), "{got:?} for {wanted}");
        }
    }
    // Full cyan and no other ink, in each of the two ways that four inks are stored.
    let inks: Vec<u8> = [255, 0, 0, 0].repeat(64 * 64);
    for kind in [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck] {
        let mut cmyk = Vec::new();
        jpeg_encoder::Encoder::new(&mut cmyk, 95).encode(&inks, 64, 64, kind).unwrap();
        let [r, g, b] = decode(rendition(&photo(&cmyk), Size::Large)).at(32, 32);
        assert!(r < 60 && g > 130 && b > 180, "cyan is {r} {g} {b} from {kind:?}");
    }
}

#[test]
fn every_way_to_sample_and_to_scan_gives_the_same_picture() {
    use jpeg_encoder::SamplingFactor as S;
    for (width, height) in [(200, 150), (201, 83)] {
        let scene = Picture::scene(width, height);
        for sampling in [S::R_4_4_4, S::R_4_2_2, S::R_4_4_0, S::R_4_2_0, S::R_4_1_1] {
            // Interleaved, a scan for each component, progressive, and with restart markers.
            for kind in 0..4 {
                let bytes = scene.jpeg_with(|encoder| {
                    encoder.set_sampling_factor(sampling);
                    encoder.set_optimized_huffman_tables(kind == 1);
                    encoder.set_progressive(kind == 2);
                    encoder.set_restart_interval(if kind == 3 { 7 } else { 0 });
                });
                let difference = decode(rendition(&photo(&bytes), Size::Large)).difference(&scene);
                assert!(difference < 4.0, "{sampling:?} of kind {kind} at {width}×{height}: {difference:.1}");
            }
        }
    }
}

#[test]
fn wide_gamut_is_converted_and_srgb_is_left_alone() {
    let flat = Picture::draw(200, 200, |_, _| [200, 100, 50]);
    let with = |profile: ColorProfile| {
        let profile = profile.encode().unwrap();
        let jpeg = flat.jpeg_with(|encoder| encoder.add_icc_profile(&profile).unwrap());
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&profile, 6);
        let png = flat.png_with(&[(*b"iCCP", [b"profile\0\0".as_slice(), &zlib].concat())]);
        let webp = flat.webp_with(|encoder| encoder.set_icc_profile(profile));
        [jpeg, png, webp].map(|bytes| decode(rendition(&photo(&bytes), Size::Large)).at(100, 100))
    };
    for [r, g, b] in with(ColorProfile::new_display_p3()) {
        assert!(r > 210 && g < 100 && b < 40, "{r} {g} {b}");
    }
    for color in with(ColorProfile::new_srgb()) {
        assert!(color.iter().zip([200, 100, 50]).all(|(got, sent)| got.abs_diff(sent) <= 4), "{color:?}");
    }
}

#[test]
fn a_broken_profile_or_exif_block_is_ignored() {
    let scene = Picture::scene(300, 200);
    let jpeg = scene.jpeg_with(|encoder| {
        encoder.add_icc_profile(&[7; 5_000]).unwrap();
        encoder.add_exif_metadata(b"MM\0*\xff\xff\xff\xff").unwrap();
    });
    let photo = photo(&jpeg);
    assert!(decode(rendition(&photo, Size::Large)).difference(&scene) < 3.0);
    assert_eq!(photo.facts, Default::default());
}

#[test]
fn what_follows_the_picture_does_not_matter() {
    let scene = Picture::scene(120, 80);
    for format in DRAWN {
        let bytes = scene.encode(format);
        let longer = [bytes.as_slice(), b"\0\0\0\x18ftypmp42 and a film", &Picture::scene(9, 9).jpeg()].concat();
        assert_eq!(photo(&longer), photo(&bytes), "{format:?}");
    }
}

#[test]
fn placeholder_hash_and_colour_describe_the_upright_picture() {
    let scene = Picture::scene(900, 600);
    let upright = photo(&scene.jpeg());
    let turned = photo(&scene.stored(8).encode_oriented(Format::Jpeg, 8));
    let smaller = photo(&Picture::scene(450, 300).webp());
    for other in [&turned, &smaller] {
        assert!((upright.perceptual_hash ^ other.perceptual_hash).count_ones() <= 6);
        assert!(upright.dominant_color.iter().zip(other.dominant_color).all(|(a, b)| a.abs_diff(b) < 12));
    }
    let mirrored = photo(&scene.stored(2).jpeg());
    assert!((upright.perceptual_hash ^ mirrored.perceptual_hash).count_ones() > 10);
    assert!((28..48).contains(&upright.placeholder.len()), "{}", upright.placeholder);
}

#[test]
fn a_photograph_stays_within_the_budgets() {
    // Detail in every pixel, though less than noise: about what foliage costs.
    let leaves = Picture::draw(2400, 1800, |x, y| {
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).rotate_left(7)) >> 25;
        [(60 + grain / 2) as u8, (80 + grain) as u8, (40 + grain / 4) as u8]
    });
    let photo = photo(&leaves.jpeg());
    for (size, kilobytes) in [(Size::Thumbnail, 50), (Size::Medium, 250), (Size::Large, 625)] {
        let bytes = rendition(&photo, size).bytes.len();
        assert!(bytes <= kilobytes << 10, "{size:?} takes {bytes} bytes");
    }
}
