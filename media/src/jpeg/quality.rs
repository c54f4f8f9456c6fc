//! Quantisation steps by quality.

/// ISO/IEC 10918-1, table K.1 (luminance), in rows of 8.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// For pictures that are shown small: the same drawn together, each step being 40 × (K.1 ÷ 40)^0.7, rounded. Annex K's are
/// made for pictures in which fine detail is hardly seen, because it is fine; in a thumbnail what is finest is still the
/// shape of things. At the same SSIM that takes about 7 per cent fewer bytes; of larger pictures, where less is gained, smooth
/// areas would suffer.
const SMALL_LUMA: [u16; 64] = [
    21, 16, 15, 21, 28, 40, 47, 54, 17, 17, 19, 24, 30, 52, 53, 50, 19, 18, 21, 28, 40, 51, 59, 51, 19, 22, 26, 32, 47,
    69, 65, 54, 23, 26, 38, 51, 58, 81, 78, 63, 28, 36, 50, 56, 66, 78, 83, 72, 46, 56, 64, 69, 78, 87, 86, 76, 60, 72,
    73, 75, 82, 76, 78, 75,
];

/// Table K.2 (chrominance).
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// Qualities from 1 to 100 on the scale that the Independent JPEG Group defined and everyone uses: 50 is annex K itself, 75
/// half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quality {
    /// Of brightness.
    pub(crate) luma: u8,
    /// Of colour. Less of it is hardly seen, and what it saves goes to luma.
    pub(crate) chroma: u8,
    /// Whether the picture is shown so small that its finest detail counts.
    pub(crate) small: bool,
}

impl Quality {
    /// Both lowered by so much.
    pub(crate) fn lowered(self, by: u8) -> Quality {
        Quality { luma: self.luma.saturating_sub(by), chroma: self.chroma.saturating_sub(by), ..self }
    }

    /// The steps of luma and chroma, in rows of 8.
    pub(super) fn steps(self) -> [[u16; 64]; 2] {
        let scaled = |table: [u16; 64], quality: u8| {
            let quality = u32::from(quality.clamp(1, 100));
            let percent = if quality < 50 { 5_000 / quality } else { 200 - 2 * quality };
            table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16)
        };
        [scaled(if self.small { SMALL_LUMA } else { LUMA }, self.luma), scaled(CHROMA, self.chroma)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_usual_one() {
        let steps = |quality| Quality { luma: quality, chroma: quality, small: false }.steps();
        assert_eq!(steps(50), [LUMA, CHROMA]);
        assert_eq!(steps(75)[0][..4], [8, 6, 5, 8]);
        assert!(steps(100)[1].iter().all(|&step| step == 1));
        assert_eq!(steps(1)[0][0], 255);
    }

    #[test]
    fn the_steps_of_small_pictures_are_the_usual_ones_drawn_together() {
        for (small, usual) in SMALL_LUMA.into_iter().zip(LUMA) {
            assert_eq!(f64::from(small), (40.0 * (f64::from(usual) / 40.0).powf(0.7)).round());
        }
        let small = Quality { luma: 50, chroma: 50, small: true };
        assert_eq!(small.steps(), [SMALL_LUMA, CHROMA]);
    }
}
