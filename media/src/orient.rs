//! The eight EXIF orientations: how a stored picture is turned to stand upright.

use crate::decode::Raster;

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

    /// Turns a picture upright.
    pub(crate) fn apply(self, raster: Raster) -> Raster {
        if self == Orientation::Upright {
            return raster;
        }
        let (width, height) = self.size(raster.width, raster.height);
        let stored_width = raster.width as isize;
        let (last_x, last_y) = (stored_width - 1, raster.height as isize - 1);
        // Where the first upright pixel is stored, and the steps through the stored pixels for one to the right and
        // one down.
        let (origin, right, down) = match self {
            Orientation::Upright => (0, 1, stored_width),
            Orientation::MirrorX => (last_x, -1, stored_width),
            Orientation::Rotate180 => (last_y * stored_width + last_x, -1, -stored_width),
            Orientation::MirrorY => (last_y * stored_width, 1, -stored_width),
            Orientation::Transpose => (0, stored_width, 1),
            Orientation::Rotate90 => (last_y * stored_width, -stored_width, 1),
            Orientation::Transverse => (last_y * stored_width + last_x, -stored_width, -1),
            Orientation::Rotate270 => (last_x, stored_width, -1),
        };
        let (pixels, _) = raster.rgb.as_chunks::<3>();
        let mut rgb = Vec::with_capacity(raster.rgb.len());
        for y in 0..height as isize {
            let row = origin + y * down;
            for x in 0..width as isize {
                rgb.extend_from_slice(&pixels[(row + x * right) as usize]);
            }
        }
        Raster { width, height, rgb, ..raster }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose pixels are numbered.
    fn numbered(width: u32, rows: &[&[u8]]) -> Raster {
        let rgb = rows.iter().flat_map(|row| row.iter().flat_map(|&n| [n, n, n])).collect();
        Raster { width, height: rows.len() as u32, rgb, gray: false }
    }

    #[test]
    fn each_orientation_puts_every_pixel_in_its_place() {
        // Stored forms of the upright picture  1 2 3 / 4 5 6, straight from the EXIF specification's description of
        // where row 0 and column 0 are.
        let cases: [(u32, u32, &[&[u8]]); 8] = [
            (1, 3, &[&[1, 2, 3], &[4, 5, 6]]),
            (2, 3, &[&[3, 2, 1], &[6, 5, 4]]),
            (3, 3, &[&[6, 5, 4], &[3, 2, 1]]),
            (4, 3, &[&[4, 5, 6], &[1, 2, 3]]),
            (5, 2, &[&[1, 4], &[2, 5], &[3, 6]]),
            (6, 2, &[&[3, 6], &[2, 5], &[1, 4]]),
            (7, 2, &[&[6, 3], &[5, 2], &[4, 1]]),
            (8, 2, &[&[4, 1], &[5, 2], &[6, 3]]),
        ];
        let upright = numbered(3, &[&[1, 2, 3], &[4, 5, 6]]);
        for (value, width, rows) in cases {
            let orientation = Orientation::from_exif(value);
            let turned = orientation.apply(numbered(width, rows));
            assert_eq!(
                (turned.width, turned.height),
                orientation.size(width, rows.len() as u32),
                "orientation {value}"
            );
            assert_eq!(turned.rgb, upright.rgb, "orientation {value}");
        }
    }

    #[test]
    fn nonsense_means_upright() {
        for value in [0, 9, 65_535] {
            assert_eq!(Orientation::from_exif(value), Orientation::Upright);
        }
    }
}
