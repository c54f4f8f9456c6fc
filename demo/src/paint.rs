//! The painter: pictures drawn from a seed, so that `darkroom demo` has photographs without shipping any.
//!
//! A picture is shapes and noise on a float canvas, then vignette and film grain. The same scene, seed and size give
//! the same picture. A picture of 1080×1350 takes about a tenth of a second of one core in an optimised build.

mod aurora;
mod avatar;
mod balloon;
mod canvas;
mod city;
mod coffee;
mod colour;
mod curve;
mod desert;
mod facade;
mod field;
mod flower;
mod forest;
mod mountain;
mod night;
mod noise;
mod poster;
mod rain;
mod sea;
mod shore;
mod sky;
mod still_life;
mod winter;

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, EncodingError};

use self::canvas::Canvas;
use self::noise::Noise;
use super::random::Random;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scene {
    /// Mountain ranges in haze, often over a lake.
    Mountains,
    /// The sea with a low sun.
    Sea,
    /// A beach from above.
    Shore,
    /// Stars and the Milky Way.
    NightSky,
    /// Northern lights over water.
    Aurora,
    /// Trunks in fog with shafts of light.
    Forest,
    /// Snow and laden pines.
    Winter,
    /// A skyline in the evening.
    City,
    /// City lights behind a wet window.
    Rain,
    /// A painted wall with shutters.
    Facade,
    /// Dunes.
    Desert,
    /// Rows of lavender, tulips or wheat.
    Fields,
    /// Flowers close up.
    Flowers,
    /// Hot-air balloons.
    Balloons,
    /// Coffee from above.
    Coffee,
    /// Vases and fruit in window light.
    StillLife,
    /// An abstract print.
    Poster,
}

impl Scene {
    /// Every scene, for tests that go through them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 17] = [
        Self::Mountains,
        Self::Sea,
        Self::Shore,
        Self::NightSky,
        Self::Aurora,
        Self::Forest,
        Self::Winter,
        Self::City,
        Self::Rain,
        Self::Facade,
        Self::Desert,
        Self::Fields,
        Self::Flowers,
        Self::Balloons,
        Self::Coffee,
        Self::StillLife,
        Self::Poster,
    ];
}

/// Paints a scene; any size from 16×16, made for about a million pixels.
pub(crate) fn paint(scene: Scene, seed: u64, width: u32, height: u32) -> RgbImage {
    // The scene is part of the stream: two scenes of one seed must not share their composition.
    let mut random = Random::new(seed ^ (scene as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let noise = Noise::new(random.bits());
    let mut canvas = Canvas::new(width, height);
    let draw = match scene {
        Scene::Mountains => mountain::mountains,
        Scene::Sea => sea::sea,
        Scene::Shore => shore::shore,
        Scene::NightSky => night::night_sky,
        Scene::Aurora => aurora::aurora,
        Scene::Forest => forest::forest,
        Scene::Winter => winter::winter,
        Scene::City => city::city,
        Scene::Rain => rain::rain,
        Scene::Facade => facade::facade,
        Scene::Desert => desert::desert,
        Scene::Fields => field::fields,
        Scene::Flowers => flower::flowers,
        Scene::Balloons => balloon::balloons,
        Scene::Coffee => coffee::coffee,
        Scene::StillLife => still_life::still_life,
        Scene::Poster => poster::poster,
    };
    draw(&mut canvas, &mut random, noise);
    let (vignette, grain) = match scene {
        Scene::Poster | Scene::Facade | Scene::Shore | Scene::Winter => (0.22, 0.012),
        Scene::Rain | Scene::NightSky | Scene::Aurora => (0.5, 0.024),
        _ => (0.45, 0.018),
    };
    canvas.develop(random.bits(), vignette, grain)
}

/// A profile picture of 512×512.
pub(crate) fn paint_avatar(seed: u64) -> RgbImage {
    let mut random = Random::new(seed);
    let mut canvas = Canvas::new(512, 512);
    avatar::avatar(&mut canvas, &mut random);
    canvas.develop(random.bits(), 0.2, 0.008)
}

/// The picture as a baseline JPEG of quality 88 without metadata.
///
/// # Errors
/// When a side is 0 or over 65,535 pixels.
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, EncodingError> {
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(picture.len() / 8);
    Encoder::new(&mut bytes, 88).encode(picture, side(picture.width()), side(picture.height()), ColorType::Rgb)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_picture_follows_from_scene_seed_and_size() {
        for scene in Scene::ALL {
            let first = paint(scene, 11, 96, 120);
            assert_eq!(first.dimensions(), (96, 120), "{scene:?}");
            assert_eq!(first, paint(scene, 11, 96, 120), "{scene:?} differs from itself");
            assert_ne!(first, paint(scene, 12, 96, 120), "{scene:?} ignores its seed");
        }
    }

    #[test]
    fn every_scene_has_light_dark_and_many_colours() {
        for scene in Scene::ALL {
            for seed in 0..6 {
                let picture = paint(scene, seed, 160, 128);
                let lights: Vec<u32> = picture.pixels().map(|p| p.0.iter().map(|&c| u32::from(c)).sum()).collect();
                let (low, high) = (lights.iter().min().unwrap(), lights.iter().max().unwrap());
                assert!(high - low > 150, "{scene:?} {seed} is flat: {low}..{high}");
                let colours: HashSet<[u8; 3]> = picture.pixels().map(|p| p.0.map(|c| c / 8)).collect();
                assert!(colours.len() > 60, "{scene:?} {seed} has {} colours", colours.len());
            }
        }
    }

    #[test]
    fn every_shape_of_picture_is_painted() {
        for scene in Scene::ALL {
            for (width, height) in [(16, 16), (90, 160), (150, 50), (33, 17)] {
                assert_eq!(paint(scene, 5, width, height).dimensions(), (width, height), "{scene:?}");
            }
        }
    }

    #[test]
    fn avatars_are_square_and_differ() {
        let faces: HashSet<Vec<u8>> = (0..12).map(|seed| paint_avatar(seed).into_raw()).collect();
        assert_eq!(faces.len(), 12);
        assert_eq!(paint_avatar(3).dimensions(), (512, 512));
        assert_eq!(paint_avatar(3), paint_avatar(3));
    }

    #[test]
    fn the_jpeg_decodes_to_nearly_the_same_picture() {
        let picture = paint(Scene::Poster, 2, 200, 250);
        let decoded = image::load_from_memory(&jpeg(&picture).unwrap()).unwrap().to_rgb8();
        assert_eq!(decoded.dimensions(), (200, 250));
        let off: u64 = picture.iter().zip(decoded.iter()).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        assert!(off / (200 * 250 * 3) < 8);
        assert!(jpeg(&RgbImage::new(0, 4)).is_err());
    }
}
