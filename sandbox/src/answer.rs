//! A child's answer: written by the child, and believed by the parent only as far as it can be checked.

use std::io::{self, Write};

use darkroom_media::{Failure, Format, Inspector, Limits, Photo, Size};
use serde::{Deserialize, Serialize};

use crate::frame::{self, Caps, Frame};

/// Longest rendition, in bytes: three times what 1080 × 1080 pixels of noise take.
const RENDITION: u64 = 8 << 20;

/// The most that is taken of an answer.
pub(crate) const CAPS: Caps = Caps { head: 64 << 10, body: 3 * RENDITION };

/// Longest placeholder, in characters of base64: a ThumbHash has at most 25 bytes.
const PLACEHOLDER: usize = 64;

/// The head of an answer; renditions follow as the body, in their order.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Made { photo: Box<Photo>, lengths: Vec<u64> },
    Refused(Failure),
}

/// Writes what has become of a file.
pub(crate) fn write(to: &mut impl Write, result: Result<Photo, Failure>) -> io::Result<()> {
    let mut body = Vec::new();
    let answer = match result {
        Ok(mut photo) => {
            body.extend(photo.renditions.iter_mut().map(|made| std::mem::take(&mut made.bytes)));
            Answer::Made { photo: Box::new(photo), lengths: body.iter().map(|part| part.len() as u64).collect() }
        }
        Err(failure) => Answer::Refused(failure),
    };
    frame::write(to, &serde_json::to_vec(&answer)?, &body)
}

/// Reads an answer about a file that was to keep to `limits`. The error says in which way no decoder answers so.
pub(crate) fn read(frame: &Frame, limits: &Limits) -> Result<Result<Photo, Failure>, String> {
    let answer: Answer = serde_json::from_slice(&frame.head).map_err(|error| format!("its head: {error}"))?;
    let (mut photo, lengths) = match answer {
        Answer::Made { photo, lengths } => (*photo, lengths),
        Answer::Refused(failure) if frame.body.is_empty() => return Ok(Err(failure)),
        Answer::Refused(_) => return Err("a refusal with renditions".to_owned()),
    };
    let sizes: Vec<Size> = photo.renditions.iter().map(|made| made.size).collect();
    if sizes != Size::all() || lengths.len() != sizes.len() {
        return Err(format!("renditions of the sizes {sizes:?}"));
    }
    let side = u64::from(limits.max_side);
    let (width, height) = (u64::from(photo.width), u64::from(photo.height));
    if !(1..=side).contains(&width) || !(1..=side).contains(&height) || width * height > limits.max_pixels {
        return Err(format!("an original of {width} × {height}"));
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if photo.placeholder.len() > PLACEHOLDER || !photo.placeholder.bytes().all(is_base64) {
        return Err("a placeholder that is none".to_owned());
    }
    let mut rest = frame.body.as_slice();
    for (made, length) in photo.renditions.iter_mut().zip(lengths) {
        let (bytes, after) = rest.split_at_checked(length as usize).ok_or("renditions that are not there")?;
        rest = after;
        let (width, height) = dimensions(bytes, made.size)?;
        if (width, height) != (made.width, made.height) {
            return Err(format!("{width} × {height} pixels called {} × {}", made.width, made.height));
        }
        made.bytes = bytes.to_vec();
    }
    if rest.is_empty() { Ok(Ok(photo)) } else { Err("bytes that belong to no rendition".to_owned()) }
}

/// The pixels that a rendition declares: those of a complete JPEG within its size, or it goes to nobody.
fn dimensions(bytes: &[u8], size: Size) -> Result<(u32, u32), String> {
    let edge = size.edge();
    let limits = Limits {
        max_bytes: RENDITION,
        max_side: edge,
        max_pixels: u64::from(edge) * u64::from(edge),
        ..Limits::default()
    };
    let mut inspector = Inspector::new(limits);
    let inspection = inspector.feed(bytes).and_then(|()| inspector.finish());
    match inspection {
        Ok(inspection) if inspection.format == Format::Jpeg => Ok((inspection.width, inspection.height)),
        Ok(inspection) => Err(format!("a rendition in {}", inspection.format.name())),
        Err(failure) => Err(format!("a rendition that is refused: {failure}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { max_pixels: 4_000_000, max_side: 3_000, ..Limits::default() }
    }

    fn photo() -> Photo {
        let mut png = Vec::new();
        let picture = image::RgbImage::from_fn(1200, 700, |x, y| image::Rgb([x as u8, y as u8, 90]));
        picture.write_to(&mut io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        let mut photo = darkroom_media::process(&png, &limits()).unwrap();
        photo.facts.latitude = Some(0.1 + 0.2);
        photo.facts.exposure_time = Some(1.0 / 3.0);
        photo
    }

    fn frame_of(result: Result<Photo, Failure>) -> Frame {
        let mut bytes = Vec::new();
        write(&mut bytes, result).unwrap();
        frame::read(&mut bytes.as_slice(), CAPS).unwrap().unwrap()
    }

    #[test]
    fn everything_arrives_as_it_was() {
        let photo = photo();
        assert_eq!(read(&frame_of(Ok(photo.clone())), &limits()).unwrap().unwrap(), photo);
        let refused = darkroom_media::process(b"no picture", &limits()).unwrap_err();
        assert_eq!(read(&frame_of(Err(refused.clone())), &limits()).unwrap().unwrap_err(), refused);
    }

    #[test]
    fn what_no_decoder_answers_is_refused() {
        let refused = |what: &str, change: &dyn Fn(&mut Photo)| {
            let mut photo = photo();
            change(&mut photo);
            assert!(read(&frame_of(Ok(photo)), &limits()).is_err(), "{what}");
        };
        refused("no JPEG", &|photo| photo.renditions[0].bytes[0] = 0);
        refused("cut off", &|photo| photo.renditions[1].bytes.truncate(1000));
        refused("empty", &|photo| photo.renditions[2].bytes.clear());
        refused("another size's pixels", &|photo| photo.renditions.swap(0, 2));
        refused("larger than its size", &|photo| photo.renditions[0].bytes = photo.renditions[2].bytes.clone());
        refused("wrong dimensions", &|photo| photo.renditions[0].width += 1);
        refused("a rendition missing", &|photo| drop(photo.renditions.pop()));
        refused("a rendition twice", &|photo| photo.renditions[1] = photo.renditions[0].clone());
        refused("more pixels than allowed", &|photo| (photo.width, photo.height) = (3_000, 3_000));
        refused("no pixels", &|photo| photo.width = 0);
        refused("no placeholder", &|photo| photo.placeholder = "<script>".to_owned());
        refused("a long placeholder", &|photo| photo.placeholder = "A".repeat(65));
    }

    #[test]
    fn heads_and_bodies_that_do_not_fit_are_refused() {
        let with = |change: &dyn Fn(&mut Frame)| {
            let mut frame = frame_of(Ok(photo()));
            change(&mut frame);
            read(&frame, &limits()).unwrap_err()
        };
        with(&|frame| frame.head.clear());
        with(&|frame| frame.head = br#"{"Refused":{"code":"CORRUPT","message":"x"}}"#.to_vec());
        with(&|frame| frame.body.push(0));
        with(&|frame| frame.body.truncate(frame.body.len() - 1));
        with(&|frame| {
            let text = String::from_utf8(std::mem::take(&mut frame.head)).unwrap();
            frame.head = text.replace("\"lengths\":[", "\"lengths\":[18446744073709551615,").into_bytes();
        });
    }
}
