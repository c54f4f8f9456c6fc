//! Quantisation steps by quality.

/// ISO/IEC 10918-1, table K.1 (luminance), in rows of 8.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
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
}

impl Quality {
    /// Both lowered by so much.
    pub(crate) fn lowered(self, by: u8) -> Quality {
        Quality { luma: self.luma.saturating_sub(by), chroma: self.chroma.saturating_sub(by) }
    }

    /// The steps of luma and chroma, in rows of 8.
    pub(super) fn steps(self) -> [[u16; 64]; 2] {
        let scaled = |table: [u16; 64], quality: u8| {
            let quality = u32::from(quality.clamp(1, 100));
            let percent = if quality < 50 { 5_000 / quality } else { 200 - 2 * quality };
            table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u16)
        };
        [scaled(LUMA, self.luma), scaled(CHROMA, self.chroma)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_usual_one() {
        let steps = |quality| Quality { luma: quality, chroma: quality }.steps();
        assert_eq!(steps(50), [LUMA, CHROMA]);
        assert_eq!(steps(75)[0][..4], [8, 6, 5, 8]);
        assert!(steps(100)[1].iter().all(|&step| step == 1));
        assert_eq!(steps(1)[0][0], 255);
    }
}
