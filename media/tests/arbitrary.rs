//! Whatever the bytes: no panic, no hang, and a verdict that does not depend on how they arrive.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod picture;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use darkroom_media::{Failure, FailureCode, Format, Inspection, Inspector, Limits, process};
use picture::{
    DRAWN, Picture,
    heif::{Heif, irot},
};
use proptest::{prelude::*, sample::Index};

/// Small files of every kind, to be damaged.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let scene = Picture::scene(48, 36);
    let progressive = scene.jpeg_with(|encoder| encoder.set_progressive(true));
    let text = [b"Comment\0\0".as_slice(), &miniz_oxide::deflate::compress_to_vec_zlib(&[b'a'; 9_000], 6)].concat();
    let mut files: Vec<Vec<u8>> = DRAWN.map(|format| scene.encode(format)).into();
    files
        .extend([Format::Jpeg, Format::Png, Format::WebP, Format::Tiff].map(|format| scene.encode_oriented(format, 6)));
    files.extend([progressive, scene.png_with(&[(*b"zTXt", text)])]);
    files
});

/// HEIFs, to be damaged too, but only inspected: what libheif does with hostile bytes is not decided here.
static HEIFS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let kinds = |format| {
        let new = || Heif::new(format).with(irot(1));
        let grid = Heif { grid: Some((2, 3, 180, 120)), ..new() };
        [new(), Heif { exif: Some(picture::exif(6)), table_last: true, ..new() }, grid]
    };
    [Format::Heic, Format::Avif].into_iter().flat_map(kinds).map(|heif| heif.bytes()).collect()
});

/// Room for what damaged headers may declare, small enough for hundreds of cases.
fn limits() -> Limits {
    Limits { max_pixels: 1_000_000, ..Limits::default() }
}

fn inspect<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Inspection, Failure> {
    let mut inspector = Inspector::new(limits());
    for chunk in chunks {
        inspector.feed(chunk)?;
    }
    inspector.finish()
}

/// One of the files with some bytes overwritten, removed, inserted or doubled, perhaps cut.
fn damaged(files: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<Index>(), any::<u8>(), 0..5u8), 0..6);
    (any::<Index>(), edits, any::<Index>(), prop::bool::weighted(0.2)).prop_map(|(file, edits, cut, is_cut)| {
        let mut bytes = files[file.index(files.len())].clone();
        for (at, value, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] ^= 1 << (value % 8),
                2 => drop(bytes.drain(at..(at + usize::from(value)).min(bytes.len() - 1))),
                3 => bytes.insert(at, value),
                _ => {
                    let copy = bytes[at..(at + usize::from(value)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

/// Processes and checks what must hold for any bytes.
fn check(bytes: &[u8]) {
    let started = Instant::now();
    let result = process(bytes, &limits());
    // Far above what it takes, and far below a hang.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?} for {} bytes", started.elapsed(), bytes.len());
    let inspection = inspect([bytes]);
    match result {
        Ok(photo) => {
            let inspection = inspection.unwrap();
            assert_eq!(photo.format, inspection.format);
            let sides = [(photo.width, photo.height), (photo.height, photo.width)];
            assert!(sides.contains(&(inspection.width, inspection.height)));
            for rendition in &photo.renditions {
                picture::assert_bare(&rendition.bytes);
                picture::decode(rendition);
            }
        }
        Err(failure) => match inspection {
            // Where a TIFF's strips lie, how many pages it has and what its samples are is seen in the whole file only.
            Ok(inspection) => assert!(
                failure.code == FailureCode::Corrupt
                    || (inspection.format == Format::Tiff && failure.code != FailureCode::Internal),
                "{failure}"
            ),
            Err(refused) => assert_eq!(failure, refused),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_refused_or_shown(bytes in damaged(&FILES)) {
        check(&bytes);
    }

    #[test]
    fn random_bytes_after_any_signature_are_refused_or_shown(
        head in any::<Index>(),
        kept in 0..64usize,
        tail in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let file = &FILES[head.index(FILES.len())];
        check(&[&file[..kept], &tail].concat());
    }

    #[test]
    fn the_verdict_does_not_depend_on_the_chunks(
        bytes in prop_oneof![2 => damaged(&FILES), 1 => damaged(&HEIFS)],
        cuts in prop::collection::vec(1..400usize, 1..20),
    ) {
        let whole = inspect([bytes.as_slice()]);
        prop_assert_eq!(&inspect(bytes.chunks(1)), &whole);
        let mut rest = bytes.as_slice();
        let mut chunks = Vec::new();
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(&inspect(chunks), &whole);
    }
}
