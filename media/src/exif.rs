//! EXIF: the orientation, and the facts that the owner may read. Tolerant of what cameras and editors write, and wary of
//! blocks that are built to exhaust their reader.
//!
//! Gain maps and content credentials are facts as well; `metadata` finds them beside the block.

use ::exif::{DateTime, Exif, Field, In, Reader, Tag, Value};
use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::{ifd, orient::Orientation};

/// What the camera wrote about the photo. Private to the photo's owner: nothing of it is in any rendition.
///
/// Everything is optional, since files leave out or garble any of it; a value that makes no sense is left out too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// When the photo was taken, by the camera's clock, in the time zone it was set to.
    pub taken_at: Option<NaiveDateTime>,
    /// That time zone: minutes east of UTC.
    pub utc_offset_minutes: Option<i16>,
    /// The camera's maker.
    pub camera_make: Option<String>,
    /// The camera's model.
    pub camera_model: Option<String>,
    /// The lens's model.
    pub lens: Option<String>,
    /// Exposure time in seconds.
    pub exposure_time: Option<f64>,
    /// The aperture as its f-number.
    pub f_number: Option<f64>,
    /// Sensitivity as its ISO number.
    pub iso: Option<u32>,
    /// Focal length in millimetres, the lens's own.
    pub focal_length: Option<f64>,
    /// Focal length in millimetres, as it would be on 35 mm film.
    pub focal_length_35mm: Option<u32>,
    /// Degrees north of the equator, −90 to 90. Present only together with the longitude.
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich, −180 to 180. Present only together with the latitude.
    pub longitude: Option<f64>,
    /// Metres above sea level.
    pub altitude: Option<f64>,
    /// Whether the original holds a gain map (Ultra HDR, Apple's, ISO 21496-1). Renditions are made of its base picture.
    pub gain_map: bool,
    /// Whether the original holds content credentials (C2PA). They are not verified, and no rendition carries them.
    pub content_credentials: bool,
}

/// Longest text that is kept, in characters.
const MAX_TEXT: usize = 100;

/// The numbers of the tags that are asked for, but for GPS's, which are 0 to 29: values of these are read into memory.
const ASKED: [u16; 23] = [
    271, 272, 274, 306, // make, model, orientation, date and time
    33_434, 33_437, 34_855, 34_865, 34_866, 34_867, // exposure time, aperture, sensitivities
    36_867, 36_868, 36_880, 36_881, 36_882, 37_520, 37_521, 37_522, // dates and times, their zones and fractions
    37_377, 37_378, 37_386, 41_989, // shutter speed, aperture, focal lengths
    42_036, // lens
];

/// Reads an EXIF block (from its TIFF header on). A broken one gives what can be read of it, one that is built to
/// exhaust its reader nothing.
pub(crate) fn read(block: Vec<u8>) -> (Orientation, Facts) {
    let asked: Vec<u16> = ASKED.into_iter().chain(0..30).collect();
    if !ifd::is_modest(&block, &asked) {
        return Default::default();
    }
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let parsed = reader.read_raw(block).or_else(|error| error.distill_partial_result(|_ignored| ()));
    match parsed {
        Ok(exif) => (orientation(&exif), facts(&exif)),
        Err(_) => Default::default(),
    }
}

fn orientation(exif: &Exif) -> Orientation {
    field(exif, Tag::Orientation)
        .and_then(|field| field.value.get_uint(0))
        .map(Orientation::from_exif)
        .unwrap_or_default()
}

fn facts(exif: &Exif) -> Facts {
    let (taken_at, utc_offset_minutes) = taken_at(exif);
    let coordinates = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, b"NS", 90.0).zip(degrees(
        exif,
        Tag::GPSLongitude,
        Tag::GPSLongitudeRef,
        b"EW",
        180.0,
    ));
    Facts {
        taken_at,
        utc_offset_minutes,
        camera_make: text(exif, Tag::Make),
        camera_model: text(exif, Tag::Model),
        lens: text(exif, Tag::LensModel),
        // Where the plain number is missing, the same is often there by powers of two (APEX).
        exposure_time: positive(exif, Tag::ExposureTime)
            .or_else(|| number(exif, Tag::ShutterSpeedValue, 0).and_then(|value| apex(-value))),
        f_number: positive(exif, Tag::FNumber)
            .or_else(|| number(exif, Tag::ApertureValue, 0).and_then(|value| apex(value / 2.0))),
        iso: iso(exif),
        focal_length: positive(exif, Tag::FocalLength),
        focal_length_35mm: whole(exif, Tag::FocalLengthIn35mmFilm),
        latitude: coordinates.map(|(latitude, _)| latitude),
        longitude: coordinates.map(|(_, longitude)| longitude),
        altitude: altitude(exif),
        ..Facts::default()
    }
}

fn field(exif: &Exif, tag: Tag) -> Option<&Field> {
    exif.get_field(tag, In::PRIMARY)
}

/// The first non-blank text of a field, without control characters.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let bytes = ascii(exif, tag)?;
    let text = String::from_utf8_lossy(bytes);
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn ascii(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &field(exif, tag)?.value {
        Value::Ascii(texts) => texts.first().map(Vec::as_slice),
        _ => None,
    }
}

/// The `index`th number of a field; a fraction over zero is none.
fn number(exif: &Exif, tag: Tag, index: usize) -> Option<f64> {
    let value = match &field(exif, tag)?.value {
        Value::Rational(values) => values.get(index)?.to_f64(),
        Value::SRational(values) => values.get(index)?.to_f64(),
        Value::Double(values) => *values.get(index)?,
        Value::Float(values) => f64::from(*values.get(index)?),
        other => f64::from(other.get_uint(index)?),
    };
    value.is_finite().then_some(value)
}

fn positive(exif: &Exif, tag: Tag) -> Option<f64> {
    number(exif, tag, 0).filter(|value| *value > 0.0)
}

fn whole(exif: &Exif, tag: Tag) -> Option<u32> {
    field(exif, tag)?.value.get_uint(0).filter(|value| *value > 0)
}

/// Two to the power of a value that a camera can have.
fn apex(value: f64) -> Option<f64> {
    (value.abs() <= 30.0).then(|| value.exp2())
}

/// Sensitivity. The usual field has 16 bits: its largest value means that the number is in another one.
fn iso(exif: &Exif) -> Option<u32> {
    let further = [Tag::RecommendedExposureIndex, Tag::StandardOutputSensitivity, Tag::ISOSpeed];
    let further = || further.into_iter().find_map(|tag| whole(exif, tag));
    match whole(exif, Tag::PhotographicSensitivity) {
        Some(full @ 65_535) => further().or(Some(full)),
        None => further(),
        iso => iso,
    }
}

/// The moment of the shot, else of its digitisation, else of the file's last change.
fn taken_at(exif: &Exif) -> (Option<NaiveDateTime>, Option<i16>) {
    let candidates = [
        (Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal),
        (Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized),
        (Tag::DateTime, Tag::SubSecTime, Tag::OffsetTime),
    ];
    for (moment, fraction, offset) in candidates {
        let Some(mut parsed) = ascii(exif, moment).and_then(|bytes| DateTime::from_ascii(bytes).ok()) else { continue };
        // Either of these may be garbled without harm to the rest.
        let _ = ascii(exif, fraction).map(|bytes| parsed.parse_subsec(bytes));
        let _ = ascii(exif, offset).map(|bytes| parsed.parse_offset(bytes));
        if let Some(moment) = naive(&parsed) {
            return (Some(moment), parsed.offset.filter(|minutes| minutes.abs() <= 14 * 60));
        }
    }
    (None, None)
}

fn naive(parsed: &DateTime) -> Option<NaiveDateTime> {
    let date = NaiveDate::from_ymd_opt(i32::from(parsed.year), u32::from(parsed.month), u32::from(parsed.day))?;
    if parsed.year == 0 {
        return None;
    }
    // Stored in microseconds, so nothing finer is kept.
    let micros = parsed.nanosecond.unwrap_or_default() / 1_000;
    date.and_hms_micro_opt(u32::from(parsed.hour), u32::from(parsed.minute), u32::from(parsed.second), micros)
}

/// Degrees, minutes and seconds as degrees, negative in the second of the two `hemispheres`.
fn degrees(exif: &Exif, tag: Tag, hemisphere: Tag, hemispheres: &[u8; 2], most: f64) -> Option<f64> {
    let sign = match ascii(exif, hemisphere)?.first()?.to_ascii_uppercase() {
        letter if letter == hemispheres[0] => 1.0,
        letter if letter == hemispheres[1] => -1.0,
        _ => return None,
    };
    // Minutes and seconds are often left out, or written as 0/0 where the degrees hold the fraction.
    let part = |index| number(exif, tag, index);
    let degrees = part(0)? + part(1).unwrap_or(0.0) / 60.0 + part(2).unwrap_or(0.0) / 3_600.0;
    (0.0..=most).contains(&degrees).then_some(sign * degrees)
}

fn altitude(exif: &Exif) -> Option<f64> {
    let metres = number(exif, Tag::GPSAltitude, 0).filter(|metres| metres.abs() < 100_000.0)?;
    let below = field(exif, Tag::GPSAltitudeRef).and_then(|field| field.value.get_uint(0)) == Some(1);
    Some(if below { -metres } else { metres })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ::exif::{Rational, experimental::Writer};

    use super::*;

    fn block(fields: &[(Tag, Value)]) -> Vec<u8> {
        let fields: Vec<Field> =
            fields.iter().map(|(tag, value)| Field { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() }).collect();
        let mut writer = Writer::new();
        fields.iter().for_each(|field| writer.push_field(field));
        let mut bytes = std::io::Cursor::new(Vec::new());
        writer.write(&mut bytes, false).unwrap();
        bytes.into_inner()
    }

    fn text(value: &str) -> Value {
        Value::Ascii(vec![value.as_bytes().to_vec()])
    }

    fn rationals(values: &[(u32, u32)]) -> Value {
        Value::Rational(values.iter().map(|&pair| Rational::from(pair)).collect())
    }

    #[test]
    fn facts_are_read() {
        let (orientation, facts) = read(block(&[
            (Tag::Make, text(" Canon\t ")),
            (Tag::Model, text("EOS")),
            (Tag::Orientation, Value::Short(vec![6])),
            (Tag::DateTimeOriginal, text("2024:02:29 23:59:58")),
            (Tag::SubSecTimeOriginal, text("25")),
            (Tag::OffsetTimeOriginal, text("-03:30")),
            (Tag::ExposureTime, rationals(&[(1, 250)])),
            (Tag::FNumber, rationals(&[(28, 10)])),
            (Tag::PhotographicSensitivity, Value::Short(vec![400])),
            (Tag::FocalLength, rationals(&[(50, 1)])),
            (Tag::GPSLatitudeRef, text("S")),
            (Tag::GPSLatitude, rationals(&[(33, 1), (30, 1), (36, 1)])),
            (Tag::GPSLongitudeRef, text("E")),
            (Tag::GPSLongitude, rationals(&[(151, 1), (0, 1), (0, 1)])),
            (Tag::GPSAltitudeRef, Value::Byte(vec![1])),
            (Tag::GPSAltitude, rationals(&[(25, 2)])),
        ]));
        assert_eq!(orientation, Orientation::Rotate90);
        assert_eq!(facts.camera_make.as_deref(), Some("Canon"));
        assert_eq!(facts.taken_at.unwrap().to_string(), "2024-02-29 23:59:58.250");
        assert_eq!(facts.utc_offset_minutes, Some(-210));
        assert_eq!((facts.exposure_time, facts.f_number), (Some(0.004), Some(2.8)));
        assert_eq!((facts.iso, facts.focal_length), (Some(400), Some(50.0)));
        assert!((facts.latitude.unwrap() + 33.51).abs() < 1e-9);
        assert_eq!((facts.longitude, facts.altitude), (Some(151.0), Some(-12.5)));
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    }

    #[test]
    fn exposure_is_found_in_the_fields_that_few_cameras_use() {
        let (_, facts) = read(block(&[
            (Tag::ShutterSpeedValue, Value::SRational(vec![(8, 1).into()])),
            (Tag::ApertureValue, rationals(&[(3, 1)])),
            (Tag::PhotographicSensitivity, Value::Short(vec![65_535])),
            (Tag::RecommendedExposureIndex, Value::Long(vec![102_400])),
        ]));
        assert_eq!((facts.exposure_time, facts.iso), (Some(1.0 / 256.0), Some(102_400)));
        assert!((facts.f_number.unwrap() - 8f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_block_of_nothing_but_pointers_gives_nothing() {
        let mut bomb = b"II*\0\x08\0\0\0\x88\x13".to_vec();
        for at in 0..5_000u32 {
            bomb.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0]);
            bomb.extend((at + 10).to_le_bytes());
        }
        assert_eq!(read(bomb), Default::default());
    }

    #[test]
    fn nonsense_is_left_out_without_harm_to_the_rest() {
        let (orientation, facts) = read(block(&[
            (Tag::Model, text("kept")),
            (Tag::Make, text("   ")),
            (Tag::Orientation, Value::Short(vec![77])),
            (Tag::DateTimeOriginal, text("2023:02:30 10:00:00")),
            (Tag::DateTime, text("2023:03:01 10:00:00")),
            (Tag::ExposureTime, rationals(&[(1, 0)])),
            (Tag::FNumber, rationals(&[(0, 0)])),
            (Tag::GPSLatitudeRef, text("N")),
            (Tag::GPSLatitude, rationals(&[(0, 0), (0, 0), (0, 0)])),
            (Tag::GPSLongitudeRef, text("W")),
            (Tag::GPSLongitude, rationals(&[(200, 1), (0, 1), (0, 1)])),
            (Tag::GPSAltitude, rationals(&[(1, 0)])),
        ]));
        assert_eq!(orientation, Orientation::Upright);
        let expected = Facts {
            camera_model: Some("kept".into()),
            taken_at: NaiveDate::from_ymd_opt(2023, 3, 1).and_then(|date| date.and_hms_opt(10, 0, 0)),
            ..Facts::default()
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn minutes_over_zero_count_as_none() {
        let (_, facts) = read(block(&[
            (Tag::GPSLatitudeRef, text("N")),
            (Tag::GPSLatitude, rationals(&[(475, 10), (0, 0), (0, 0)])),
            (Tag::GPSLongitudeRef, text("W")),
            (Tag::GPSLongitude, rationals(&[(8, 1), (30, 1)])),
        ]));
        assert_eq!((facts.latitude, facts.longitude), (Some(47.5), Some(-8.5)));
    }

    #[test]
    fn a_cut_block_gives_what_can_be_read() {
        let whole = block(&[(Tag::Orientation, Value::Short(vec![3])), (Tag::Model, text("a long enough model name"))]);
        let (orientation, facts) = read(whole[..whole.len() - 12].to_vec());
        assert_eq!((orientation, facts.camera_model), (Orientation::Rotate180, None));
        assert_eq!(read(b"garbage".to_vec()), Default::default());
    }
}
