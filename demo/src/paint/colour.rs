//! Colours and gradients. Pixels are gamma-encoded sRGB in `0.0..=1.0`; gradients are mixed in Oklab
//! (Björn Ottosson, 2020), which keeps a sky saturated between two hues where sRGB would turn grey.

/// Red, green and blue, each `0.0..=1.0` in gamma-encoded sRGB; lights may exceed 1 until the picture is finished.
pub(super) type Rgb = [f32; 3];

/// The colour written `0xRRGGBB`.
pub(super) const fn hex(code: u32) -> Rgb {
    [(code >> 16 & 255) as f32 / 255.0, (code >> 8 & 255) as f32 / 255.0, (code & 255) as f32 / 255.0]
}

/// `from` at 0, `to` at 1.
#[inline]
pub(super) fn mix(from: Rgb, to: Rgb, share: f32) -> Rgb {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share]
}

/// The colour made brighter or darker.
#[inline]
pub(super) fn scale(colour: Rgb, factor: f32) -> Rgb {
    [colour[0] * factor, colour[1] * factor, colour[2] * factor]
}

/// Lays `colour` over the pixel with this much cover.
#[inline]
pub(super) fn cover(pixel: &mut Rgb, colour: Rgb, alpha: f32) {
    *pixel = mix(*pixel, colour, alpha);
}

/// Adds light the way two projectors do: bright places gain less.
#[inline]
pub(super) fn shine(pixel: &mut Rgb, light: Rgb, strength: f32) {
    for channel in 0..3 {
        pixel[channel] += light[channel] * strength * (1.0 - pixel[channel]).max(0.0);
    }
}

/// Colours from one end to the other, evenly spaced, looked up by `0.0..=1.0`.
pub(super) struct Gradient(Vec<Rgb>);

impl Gradient {
    const STEPS: usize = 192;

    /// At least two colours, written `0xRRGGBB`.
    pub(super) fn new(stops: &[u32]) -> Self {
        let colours: Vec<Rgb> = stops.iter().map(|&stop| hex(stop)).collect();
        Self::of(&colours)
    }

    /// At least two colours.
    pub(super) fn of(colours: &[Rgb]) -> Self {
        let labs: Vec<[f32; 3]> = colours.iter().map(|&colour| oklab(colour)).collect();
        let spans = (labs.len() - 1) as f32;
        let table = (0..=Self::STEPS).map(|step| {
            let place = step as f32 / Self::STEPS as f32 * spans;
            let first = (place as usize).min(labs.len() - 2);
            from_oklab(mix(labs[first], labs[first + 1], place - first as f32))
        });
        Self(table.collect())
    }

    /// The colour at `place`, clamped to the ends.
    #[inline]
    pub(super) fn at(&self, place: f32) -> Rgb {
        let scaled = place.clamp(0.0, 1.0) * Self::STEPS as f32;
        let first = (scaled as usize).min(Self::STEPS - 1);
        mix(self.0[first], self.0[first + 1], scaled - first as f32)
    }
}

fn oklab(colour: Rgb) -> [f32; 3] {
    let [r, g, b] = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f32; 3]) -> Rgb {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|c| {
        let c = c.clamp(0.0, 1.0);
        if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_begins_and_ends_at_its_colours() {
        let gradient = Gradient::new(&[0x20_40_80, 0xff_ff_ff, 0xf0_90_30]);
        for (place, wanted) in [(-1.0, 0x20_40_80), (0.0, 0x20_40_80), (0.5, 0xff_ff_ff), (1.0, 0xf0_90_30)] {
            let (got, wanted) = (gradient.at(place), hex(wanted));
            assert!(got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 0.004), "{place}: {got:?} {wanted:?}");
        }
    }

    #[test]
    fn light_never_lifts_a_pixel_over_white() {
        let mut pixel = [0.9, 0.5, 0.0];
        shine(&mut pixel, [1.0; 3], 1.0);
        assert_eq!(pixel, [1.0; 3]);
    }
}
