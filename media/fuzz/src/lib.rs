//! What must hold for any bytes, as functions that panic where it does not.
//!
//! Each takes a file as strangers send it. libFuzzer calls them with mutations of real files, and finds what hangs (its
//! `-timeout`), takes too much memory (`-rss_limit_mb`, `-malloc_limit_mb`) or panics.

use darkroom_media::{Failure, FailureCode, Inspection, Inspector, Limits, process};

/// Room for what damaged headers may declare, small enough for many runs a second. HEIC and AVIF are walked but not
/// decoded: what libheif does with hostile bytes is its own fuzzers' business, and is done in a process of its own here.
fn limits(heif: bool) -> Limits {
    Limits { max_pixels: 300_000, heif, ..Limits::default() }
}

fn inspect<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Result<Inspection, Failure> {
    let mut inspector = Inspector::new(limits(true));
    for chunk in chunks {
        inspector.feed(chunk)?;
    }
    inspector.finish()
}

/// The inspection: never a panic, and a verdict that does not depend on how the bytes arrive.
///
/// # Panics
///
/// If the inspection is wrong.
pub fn probe(bytes: &[u8]) {
    let whole = inspect(std::iter::once(bytes));
    if let Ok(inspection) = &whole {
        assert_eq!(inspection.bytes, bytes.len() as u64);
        assert!(u64::from(inspection.width) * u64::from(inspection.height) <= limits(true).max_pixels);
        assert!(inspection.width > 0 && inspection.height > 0);
    }
    // Chunks of lengths that come from the file itself.
    let size = bytes.iter().fold(1usize, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 97 + 1;
    assert_eq!(inspect(bytes.chunks(size)), whole, "in chunks of {size}");
    assert_eq!(inspect(bytes.chunks(1)), whole, "byte by byte");
}

/// The pipeline: never a panic that gets out, never a fault of ours, and renditions that are what they say.
///
/// # Panics
///
/// If the pipeline is wrong.
pub fn decode(bytes: &[u8]) {
    match process(bytes, &limits(false)) {
        Ok(photo) => {
            assert_eq!(photo.renditions.len(), 3);
            for rendition in &photo.renditions {
                assert_eq!((rendition.width, rendition.height), rendition.size.of(photo.width, photo.height));
                assert!(rendition.bytes.starts_with(&[0xff, 0xd8]) && rendition.bytes.ends_with(&[0xff, 0xd9]));
            }
        }
        Err(failure) => assert_ne!(failure.code, FailureCode::Internal, "{failure}"),
    }
}
