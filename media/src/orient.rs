//! The eight EXIF orientations: how a stored picture is turned to stand upright.

/// An EXIF orientation (TIFF tag 0x0112), named by what must be done to the stored picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// 1
    #[default]
    Upright,
    /// 2
    MirrorX,
    /// 3
    Rotate180,
    /// 4
    MirrorY,
    /// 5
    Transpose,
    /// 6
    Rotate90,
    /// 7
    Transverse,
    /// 8
    Rotate270,
}

/// Pixels of a square that is turned at once: its rows and columns stay in the processor's first cache.
const TILE: usize = 32;

impl Orientation {
    /// From the EXIF value; anything but 2–8 means upright.
    pub(crate) fn from_exif(value: u32) -> Orientation {
        match value {
            2 => Orientation::MirrorX,
            3 => Orientation::Rotate180,
            4 => Orientation::MirrorY,
            5 => Orientation::Transpose,
            6 => Orientation::Rotate90,
            7 => Orientation::Transverse,
            8 => Orientation::Rotate270,
            _ => Orientation::Upright,
        }
    }

    /// Whether width and height change places.
    fn swaps(self) -> bool {
        use Orientation::{Rotate90, Rotate270, Transpose, Transverse};
        matches!(self, Transpose | Rotate90 | Transverse | Rotate270)
    }

    /// The upright size of a picture stored as `width` × `height`.
    pub(crate) fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps() { (height, width) } else { (width, height) }
    }

    /// Turns a plane of `width` × `height` pixels upright.
    pub(crate) fn apply(self, pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
        use Orientation::{MirrorX, MirrorY, Rotate90, Rotate180, Rotate270, Transverse};
        let stride = width as usize;
        let mut turned = if self.swaps() { transpose(pixels, stride) } else { pixels.to_vec() };
        let stride = self.size(width, height).0 as usize;
        // Everything is a transposition, or not, and then a mirror image across, down or both.
        if matches!(self, MirrorX | Rotate90) {
            turned.chunks_exact_mut(stride).for_each(<[u8]>::reverse);
        }
        if matches!(self, Rotate180 | Transverse) {
            turned.reverse();
        }
        if matches!(self, MirrorY | Rotate270) {
            turned.reverse();
            turned.chunks_exact_mut(stride).for_each(<[u8]>::reverse);
        }
        turned
    }
}

/// Rows become columns, tile by tile.
fn transpose(pixels: &[u8], width: usize) -> Vec<u8> {
    let height = pixels.len() / width.max(1);
    let mut turned = vec![0; pixels.len()];
    for top in (0..height).step_by(TILE) {
        let bottom = (top + TILE).min(height);
        for left in (0..width).step_by(TILE) {
            for x in left..(left + TILE).min(width) {
                let column = &mut turned[x * height + top..x * height + bottom];
                for (pixel, row) in column.iter_mut().zip(pixels[top * width..].chunks(width)) {
                    *pixel = row[x];
                }
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_orientation_puts_every_pixel_in_its_place() {
        // Stored forms of the upright picture  1 2 3 / 4 5 6, straight from the EXIF specification's description of
        // where row 0 and column 0 are.
        let cases: [(u32, u32, &[u8]); 8] = [
            (1, 3, &[1, 2, 3, 4, 5, 6]),
            (2, 3, &[3, 2, 1, 6, 5, 4]),
            (3, 3, &[6, 5, 4, 3, 2, 1]),
            (4, 3, &[4, 5, 6, 1, 2, 3]),
            (5, 2, &[1, 4, 2, 5, 3, 6]),
            (6, 2, &[3, 6, 2, 5, 1, 4]),
            (7, 2, &[6, 3, 5, 2, 4, 1]),
            (8, 2, &[4, 1, 5, 2, 6, 3]),
        ];
        for (value, width, stored) in cases {
            let orientation = Orientation::from_exif(value);
            let height = stored.len() as u32 / width;
            assert_eq!(orientation.size(width, height), (3, 2), "orientation {value}");
            assert_eq!(orientation.apply(stored, width, height), [1, 2, 3, 4, 5, 6], "orientation {value}");
        }
    }

    #[test]
    fn planes_larger_than_a_tile_are_transposed_whole() {
        let (width, height) = (TILE + 7, 2 * TILE + 3);
        let pixels: Vec<u8> = (0..width * height).map(|index| (index % 251) as u8).collect();
        let turned = Orientation::Transpose.apply(&pixels, width as u32, height as u32);
        for y in 0..height {
            for x in 0..width {
                assert_eq!(turned[x * height + y], pixels[y * width + x]);
            }
        }
    }

    #[test]
    fn nonsense_means_upright() {
        for value in [0, 9, 65_535] {
            assert_eq!(Orientation::from_exif(value), Orientation::Upright);
        }
    }
}
