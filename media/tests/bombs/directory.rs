//! Directories of EXIF and TIFF that lead back to themselves, unfold, or never end.

use darkroom_media::FailureCode;

use crate::{defused, defused_by_decoding, picture::Picture, shown_without};

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
