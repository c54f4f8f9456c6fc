//! A child's answer: written by the child, and believed by the parent only as far as it can be checked.

use std::io::{self, Write};

use darkroom_media::{Failure, Format, Inspector, Limits, Photo, Rendition, Size};
use serde::{Deserialize, Serialize};

use crate::frame::{self, Caps, Frame};
use crate::{Made, Task};

/// Longest rendition, in bytes: three times what 1080 × 1080 pixels of noise take.
const RENDITION: u64 = 8 << 20;

/// The most that is taken of an answer.
pub(crate) const CAPS: Caps = Caps { head: 64 << 10, body: 3 * RENDITION };

/// Longest placeholder, in characters of base64: a ThumbHash has at most 25 bytes.
const PLACEHOLDER: usize = 64;

/// Bytes in front of the picture in a WebP that holds nothing else: "RIFF", length, "WEBP", "VP8 ", length.
const WEBP_HEAD: usize = 20;

/// The head of an answer; the files of its renditions follow as the body, in their order.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Photo { photo: Box<Photo>, lengths: Vec<u64> },
    Webp { renditions: Vec<Rendition>, lengths: Vec<u64> },
    Refused(Failure),
}

/// Writes what has become of a file.
pub(crate) fn write(to: &mut impl Write, result: Result<Made, Failure>) -> io::Result<()> {
    let (answer, body) = match result {
        Ok(Made::Photo(mut photo)) => {
            let (lengths, body) = taken(&mut photo.renditions);
            (Answer::Photo { photo, lengths }, body)
        }
        Ok(Made::Webp(mut renditions)) => {
            let (lengths, body) = taken(&mut renditions);
            (Answer::Webp { renditions, lengths }, body)
        }
        Err(failure) => (Answer::Refused(failure), Vec::new()),
    };
    frame::write(to, &serde_json::to_vec(&answer)?, &body)
}

/// Takes the files out of renditions, and says how long each is.
fn taken(renditions: &mut [Rendition]) -> (Vec<u64>, Vec<Vec<u8>>) {
    let files: Vec<Vec<u8>> = renditions.iter_mut().map(|made| std::mem::take(&mut made.bytes)).collect();
    (files.iter().map(|file| file.len() as u64).collect(), files)
}

/// Reads an answer about a file that was to keep to `limits`. The error says in which way no decoder answers so.
pub(crate) fn read(task: Task, frame: &Frame, limits: &Limits) -> Result<Result<Made, Failure>, String> {
    let answer: Answer = serde_json::from_slice(&frame.head).map_err(|error| format!("its head: {error}"))?;
    match (answer, task) {
        (Answer::Photo { mut photo, lengths }, Task::Photo) => {
            check(&photo, limits)?;
            fill(&mut photo.renditions, &lengths, frame, Format::Jpeg)?;
            Ok(Ok(Made::Photo(photo)))
        }
        (Answer::Webp { mut renditions, lengths }, Task::Webp) => {
            fill(&mut renditions, &lengths, frame, Format::WebP)?;
            Ok(Ok(Made::Webp(renditions)))
        }
        (Answer::Refused(failure), _) if frame.body.is_empty() => Ok(Err(failure)),
        (Answer::Refused(_), _) => Err("a refusal with renditions".to_owned()),
        (Answer::Photo { .. } | Answer::Webp { .. }, _) => Err("an answer to another question".to_owned()),
    }
}

/// What is said of a photo, its renditions aside.
fn check(photo: &Photo, limits: &Limits) -> Result<(), String> {
    let side = u64::from(limits.max_side);
    let (width, height) = (u64::from(photo.width), u64::from(photo.height));
    if !(1..=side).contains(&width) || !(1..=side).contains(&height) || width * height > limits.max_pixels {
        return Err(format!("an original of {width} × {height}"));
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    if photo.placeholder.len() > PLACEHOLDER || !photo.placeholder.bytes().all(is_base64) {
        return Err("a placeholder that is none".to_owned());
    }
    Ok(())
}

/// Puts the files of the body back into their renditions: one of each size, each what it is said to be.
fn fill(renditions: &mut [Rendition], lengths: &[u64], frame: &Frame, format: Format) -> Result<(), String> {
    let sizes: Vec<Size> = renditions.iter().map(|made| made.size).collect();
    if sizes != Size::all() || lengths.len() != sizes.len() {
        return Err(format!("renditions of the sizes {sizes:?}"));
    }
    let mut rest = frame.body.as_slice();
    for (made, length) in renditions.iter_mut().zip(lengths) {
        let (bytes, after) = rest.split_at_checked(*length as usize).ok_or("renditions that are not there")?;
        rest = after;
        let (width, height) = dimensions(bytes, made.size, format)?;
        if (width, height) != (made.width, made.height) {
            return Err(format!("{width} × {height} pixels called {} × {}", made.width, made.height));
        }
        made.bytes = bytes.to_vec();
    }
    if rest.is_empty() { Ok(()) } else { Err("bytes that belong to no rendition".to_owned()) }
}

/// The pixels that a rendition declares: those of a complete file of its format within its size, or it goes to nobody.
fn dimensions(bytes: &[u8], size: Size, format: Format) -> Result<(u32, u32), String> {
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
        Ok(inspection) if inspection.format != format => Err(format!("a rendition in {}", inspection.format.name())),
        Ok(_) if format == Format::WebP && !is_picture_alone(bytes) => {
            Err("a WebP with more than a picture".to_owned())
        }
        Ok(inspection) => Ok((inspection.width, inspection.height)),
        Err(failure) => Err(format!("a rendition that is refused: {failure}")),
    }
}

/// Whether a WebP is one lossy picture from its first byte to its last: no metadata, no animation, nothing behind it.
fn is_picture_alone(bytes: &[u8]) -> bool {
    let Some((head, picture)) = bytes.split_at_checked(WEBP_HEAD) else { return false };
    let length = |at: usize| head[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four) as usize);
    let padded = length(16).next_multiple_of(2);
    head[12..16] == *b"VP8 " && padded == picture.len() && length(4) + 8 == bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { max_pixels: 4_000_000, max_side: 3_000, ..Limits::default() }
    }

    fn png() -> Vec<u8> {
        let mut png = Vec::new();
        let picture = image::RgbImage::from_fn(1200, 700, |x, y| image::Rgb([x as u8, y as u8, 90]));
        picture.write_to(&mut io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        png
    }

    fn photo() -> Photo {
        let mut photo = darkroom_media::process(&png(), &limits()).unwrap();
        photo.facts.latitude = Some(0.1 + 0.2);
        photo.facts.exposure_time = Some(1.0 / 3.0);
        photo
    }

    fn webp() -> Vec<Rendition> {
        darkroom_media::encode_webp(&png(), &limits()).unwrap()
    }

    fn made(photo: Photo) -> Result<Made, Failure> {
        Ok(Made::Photo(Box::new(photo)))
    }

    fn frame_of(result: Result<Made, Failure>) -> Frame {
        let mut bytes = Vec::new();
        write(&mut bytes, result).unwrap();
        frame::read(&mut bytes.as_slice(), CAPS).unwrap().unwrap()
    }

    #[test]
    fn everything_arrives_as_it_was() {
        let photo = photo();
        let answered = read(Task::Photo, &frame_of(made(photo.clone())), &limits()).unwrap();
        assert_eq!(answered, made(photo));
        let answered = read(Task::Webp, &frame_of(Ok(Made::Webp(webp()))), &limits()).unwrap();
        assert_eq!(answered, Ok(Made::Webp(webp())));
        let refused = darkroom_media::process(b"no picture", &limits()).unwrap_err();
        for task in [Task::Photo, Task::Webp] {
            assert_eq!(read(task, &frame_of(Err(refused.clone())), &limits()).unwrap(), Err(refused.clone()));
        }
    }

    #[test]
    fn what_no_decoder_answers_is_refused() {
        let refused = |what: &str, change: &dyn Fn(&mut Photo)| {
            let mut photo = photo();
            change(&mut photo);
            assert!(read(Task::Photo, &frame_of(made(photo)), &limits()).is_err(), "{what}");
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
    fn what_is_no_bare_webp_is_refused() {
        let refused = |what: &str, change: &dyn Fn(&mut Vec<Rendition>)| {
            let mut renditions = webp();
            change(&mut renditions);
            assert!(read(Task::Webp, &frame_of(Ok(Made::Webp(renditions))), &limits()).is_err(), "{what}");
        };
        refused("a JPEG", &|all| all[2].bytes = photo().renditions[2].bytes.clone());
        refused("cut off", &|all| all[1].bytes.truncate(100));
        refused("something behind it", &|all| all[0].bytes.extend(b"EXIF"));
        refused("a chunk behind it", &|all| {
            let file = &mut all[0].bytes;
            file.extend(b"EXIF\x04\0\0\0hide");
            let length = file.len() as u32 - 8;
            file[4..8].copy_from_slice(&length.to_le_bytes());
        });
        refused("a header that announces more", &|all| {
            let file = &mut all[0].bytes;
            let header = b"VP8X\x0a\0\0\0\x08\0\0\0\x95\0\0\x95\0\0";
            file.splice(12..12, header.iter().copied());
            let length = file.len() as u32 - 8;
            file[4..8].copy_from_slice(&length.to_le_bytes());
        });
        refused("larger than its size", &|all| all[0].bytes = all[2].bytes.clone());
        refused("a rendition missing", &|all| drop(all.pop()));
        for (task, other) in [(Task::Photo, Made::Webp(webp())), (Task::Webp, Made::Photo(Box::new(photo())))] {
            assert!(read(task, &frame_of(Ok(other)), &limits()).is_err(), "an answer to another question");
        }
    }

    #[test]
    fn heads_and_bodies_that_do_not_fit_are_refused() {
        let with = |change: &dyn Fn(&mut Frame)| {
            let mut frame = frame_of(made(photo()));
            change(&mut frame);
            read(Task::Photo, &frame, &limits()).unwrap_err()
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
