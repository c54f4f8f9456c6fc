//! What cameras write into files.

use async_graphql::SimpleObject;
use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone};
use darkroom_service::media::Facts;

/// What the camera wrote into the file. For you only: nothing that others fetch holds any of it.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct MediaFacts {
    /// When it was taken; the time zone is UTC if the camera did not say.
    taken_at: Option<DateTime<FixedOffset>>,
    /// The camera's maker.
    camera_make: Option<String>,
    /// The camera's model.
    camera_model: Option<String>,
    /// The lens.
    lens: Option<String>,
    /// Seconds.
    exposure_time: Option<f64>,
    /// The aperture.
    f_number: Option<f64>,
    /// Sensitivity.
    iso: Option<u32>,
    /// Millimetres.
    focal_length: Option<f64>,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// Metres above the sea.
    altitude: Option<f64>,
}

impl From<Facts> for MediaFacts {
    fn from(facts: Facts) -> Self {
        let zone = facts.utc_offset_minutes.and_then(|minutes| FixedOffset::east_opt(i32::from(minutes) * 60));
        let zoned = |at: NaiveDateTime| match zone {
            Some(zone) => zone.from_local_datetime(&at).single(),
            None => Some(at.and_utc().fixed_offset()),
        };
        Self {
            taken_at: facts.taken_at.and_then(zoned),
            camera_make: facts.camera_make,
            camera_model: facts.camera_model,
            lens: facts.lens,
            exposure_time: facts.exposure_time,
            f_number: facts.f_number,
            iso: facts.iso,
            focal_length: facts.focal_length,
            latitude: facts.latitude,
            longitude: facts.longitude,
            altitude: facts.altitude,
        }
    }
}
