//! Real files: photographs, orientations, odd EXIF, every sampling, broken and hostile ones.
//!
//! `DARKROOM_CORPUS` names a folder with `manifest.json`, a list of `{ "file", "expected", … }`. Without it the tests
//! say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allocation;
mod picture;

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use darkroom_media::{Failure, FailureCode, Format, Limits, Photo, Size, process};
use picture::{Picture, assert_bare, decode, rendition};

#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;

/// One test at a time, or they would be measured together.
static ALONE: Mutex<()> = Mutex::new(());

/// The most memory that two files at once may take, in bytes.
const MOST_MEMORY: usize = 256 << 20;

/// Files of an accepted format, among those to "accept if the format is supported", that are refused all the same.
const REFUSED: &[(&str, FailureCode, &str)] = &[
    ("pillow__ultrahdr.jpg", FailureCode::Truncated, "its compressed data is removed: it ends after the first SOS"),
    ("image__rgb24rle24.bmp", FailureCode::UnsupportedFormat, "run lengths of 24 bits, which only OS/2 wrote"),
];

#[derive(serde::Deserialize)]
struct Entry {
    file: String,
    expected: String,
}

fn corpus() -> Option<(PathBuf, Vec<Entry>)> {
    let Some(folder) = std::env::var_os("DARKROOM_CORPUS") else {
        println!("skipped: DARKROOM_CORPUS does not name a folder of test files");
        return None;
    };
    let folder = PathBuf::from(folder);
    let manifest = std::fs::read(folder.join("manifest.json")).expect("a manifest.json in DARKROOM_CORPUS");
    Some((folder, serde_json::from_slice(&manifest).unwrap()))
}

fn read(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Processes a file and checks what holds for each one that is accepted.
fn run(file: &str, bytes: &[u8]) -> Result<Photo, Failure> {
    let started = Instant::now();
    let photo = process(bytes, &Limits::default());
    assert!(started.elapsed() < Duration::from_secs(20), "{file} took {:?}", started.elapsed());
    let photo = photo?;
    assert_eq!(photo.renditions.iter().map(|rendition| rendition.size).collect::<Vec<_>>(), Size::all());
    for rendition in &photo.renditions {
        assert_bare(&rendition.bytes);
        decode(rendition);
        assert_eq!((rendition.width, rendition.height), rendition.size.of(photo.width, photo.height), "{file}");
    }
    Ok(photo)
}

#[test]
fn two_files_at_once_stay_within_256_mib() {
    let Some((folder, entries)) = corpus() else { return };
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (next, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ((), most) = allocation::most(|| {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(Entry { file, .. }) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let bytes = read(&folder, file);
                        held.fetch_max(bytes.len(), Ordering::Relaxed);
                        let _ = process(&bytes, &Limits::default());
                    }
                });
            }
        });
    });
    println!("at most {} MiB at once, the largest file being {} KiB", most >> 20, held.into_inner() >> 10);
    assert!(most < MOST_MEMORY, "{} MiB", most >> 20);
}

#[test]
fn every_file_meets_its_expectation() {
    let Some((folder, entries)) = corpus() else { return };
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    assert!(!entries.is_empty());
    let mut wrong = Vec::new();
    for Entry { file, expected } in &entries {
        let bytes = read(&folder, file);
        let result = run(file, &bytes);
        let verdict = result.as_ref().map_or_else(|failure| failure.code.as_str(), |_| "accepted");
        let refused = REFUSED.iter().find(|(name, ..)| file.ends_with(name)).map(|(_, code, _)| *code);
        let met = match (&result, expected.split([' ', ';']).next().unwrap()) {
            (Err(failure), "accept") if refused.is_some() => refused == Some(failure.code),
            (Ok(_), "accept") => refused.is_none(),
            (Err(failure), "accept") if expected.contains("if the format is supported") => {
                let known = Format::recognise(&bytes).is_some_and(Format::is_decodable);
                failure.code == FailureCode::UnsupportedFormat && !known
            }
            (Err(failure), "refuse" | "either") => failure.code != FailureCode::Internal,
            (Ok(_), "either") => true,
            _ => false,
        };
        if !met {
            let message = result.err().map(|failure| failure.message).unwrap_or_default();
            wrong.push(format!("{file}: {verdict} {message} (expected: {expected})"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
}

#[test]
fn photographs_give_every_size() {
    let Some((folder, entries)) = corpus() else { return };
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for Entry { file, .. } in entries.iter().filter(|entry| entry.file.starts_with("photos/")) {
        let started = Instant::now();
        let photo = run(file, &read(&folder, file)).unwrap();
        println!("{file}: {:?}", started.elapsed());
        for (size, budget) in [(Size::Thumbnail, 50), (Size::Medium, 200), (Size::Large, 500)] {
            let bytes = rendition(&photo, size).bytes.len();
            println!("  {size:?}: {} KiB", bytes >> 10);
            assert!(bytes <= budget << 10, "{file}: {size:?} takes {bytes} bytes");
        }
        assert!(photo.facts.camera_make.is_some() && photo.facts.taken_at.is_some(), "{file}: {:?}", photo.facts);
    }
}

/// LARGE and THUMBNAIL of a file.
fn shown(folder: &Path, file: &str) -> [Picture; 2] {
    let photo = run(file, &read(folder, file)).unwrap();
    [Size::Large, Size::Thumbnail].map(|size| decode(rendition(&photo, size)))
}

#[test]
fn orientations_all_look_like_the_first() {
    let Some((folder, entries)) = corpus() else { return };
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut compared = 0;
    for (prefix, width, height) in [("Landscape", 1800, 1200), ("Portrait", 1200, 1800)] {
        let name = |n: u32| format!("orientation/orient__{prefix}_{n}.jpg");
        let first = shown(&folder, &name(1));
        for n in 1..=8 {
            let photo = run(&name(n), &read(&folder, &name(n))).unwrap();
            assert_eq!((photo.width, photo.height), (width, height), "{}", name(n));
            for (picture, reference) in shown(&folder, &name(n)).iter().zip(&first) {
                // The pictures differ in a large numeral; turned wrongly they differ several times as much.
                let difference = picture.difference(reference);
                assert!(difference < 6.0, "{} differs by {difference:.1}", name(n));
            }
            compared += 1;
        }
    }
    // The same small picture in five files of two formats.
    let hoppers: Vec<_> = entries.iter().filter(|entry| entry.expected.ends_with("as hopper")).collect();
    let reference = shown(&folder, "formats/pillow__hopper.webp");
    for Entry { file, .. } in &hoppers {
        let difference = shown(&folder, file)[0].difference(&reference[0]);
        assert!(difference < 12.0, "{file} differs by {difference:.1}");
        compared += 1;
    }
    assert_eq!(compared, 16 + hoppers.len());
}
