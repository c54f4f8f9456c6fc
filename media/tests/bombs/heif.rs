//! Tables of contents that never end.

use darkroom_media::{FailureCode, Format};

use crate::{
    defused,
    picture::heif::{Heif, boxed},
};

#[test]
fn heif_of_too_many_parts() {
    for format in [Format::Heic, Format::Avif].into_iter().filter(|format| format.is_decodable()) {
        let ftyp = || Heif::new(format).bytes()[..24].to_vec();
        let file = |meta: &[u8]| [ftyp(), boxed(b"meta", &[&[0; 4], meta].concat())].concat();
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0hvc1\0");
        let iinf =
            |times: usize| boxed(b"iinf", &[[1, 0, 0, 0, 0, 15, 0x42, 0x40].as_slice(), &infe.repeat(times)].concat());
        defused("a million items", || file(&iinf(1_000_000)), FailureCode::TooComplex);
        defused("as many as fit", || file(&iinf(45_000)), FailureCode::TooComplex);
        defused(
            "references",
            || file(&boxed(b"iref", &[[0; 4].as_slice(), &boxed(b"dimg", &[0, 1, 0, 0]).repeat(80_000)].concat())),
            FailureCode::TooComplex,
        );
        let properties = || boxed(b"iprp", &boxed(b"ipco", &boxed(b"free", &[]).repeat(120_000)));
        defused("properties", || file(&properties()), FailureCode::TooComplex);
        // Four billion locations of no bytes each.
        let nothing =
            [[1, 0, 0, 0, 0, 0, 0xff, 0xff].as_slice(), &[0, 1, 0, 0, 0, 0, 0xff, 0xff].repeat(65_535)].concat();
        defused("places of no bytes", || file(&boxed(b"iloc", &nothing)), FailureCode::Corrupt);
        defused(
            "boxes in boxes",
            || {
                let depth = 100_000u32;
                let boxes: Vec<u8> =
                    (0..depth).flat_map(|n| [((depth - n) * 8).to_be_bytes(), *b"iprp"].concat()).collect();
                file(&boxes)
            },
            FailureCode::Corrupt,
        );
        defused(
            "a flood of boxes",
            || [ftyp(), boxed(b"free", &[]).repeat(1_000_000)].concat(),
            FailureCode::TooComplex,
        );
        defused("a table of 2 MiB", || file(&boxed(b"free", &vec![0; 2 << 20])), FailureCode::TooComplex);
        let tiles = || Heif { tile: (8_000, 8_000), grid: Some((15, 15, 8_000, 8_000)), ..Heif::new(format) };
        defused("tiles upon tiles", || tiles().bytes(), FailureCode::TooComplex);
    }
}
