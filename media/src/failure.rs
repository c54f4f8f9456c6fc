//! Why a file can't be used: a code for programs and a sentence for the person who uploaded it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::format::{self, Format};

/// Why a file can't be used. The message is one sentence for the person who uploaded it: it says what is wrong and,
/// where there is one, the way out; it never repeats bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Failure {
    /// The machine-readable reason.
    pub code: FailureCode,
    /// The sentence.
    pub message: String,
}

/// The machine-readable reasons. Stored and shown to clients by their [`as_str`](FailureCode::as_str) names, so names
/// never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureCode {
    /// No byte at all.
    EmptyFile,
    /// None of the formats, or a rare kind of one of them (arithmetic-coded, lossless or 12-bit JPEG, CMYK TIFF), or a
    /// HEIC or AVIF where this server has no decoder.
    UnsupportedFormat,
    /// The file ends before the picture does.
    Truncated,
    /// The file breaks its format's rules in a way that leaves no picture.
    Corrupt,
    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    TooLarge,
    /// More pixels than [`Limits::max_pixels`](crate::Limits::max_pixels), or a side longer than
    /// [`Limits::max_side`](crate::Limits::max_side).
    TooManyPixels,
    /// Well-formed, but out of proportion to decode: too many scans, frames or segments, metadata that inflates without
    /// end.
    TooComplex,
    /// A fault on our side; trying again may help.
    Internal,
}

impl FailureCode {
    /// Every code.
    pub const fn all() -> [FailureCode; 8] {
        [
            FailureCode::EmptyFile,
            FailureCode::UnsupportedFormat,
            FailureCode::Truncated,
            FailureCode::Corrupt,
            FailureCode::TooLarge,
            FailureCode::TooManyPixels,
            FailureCode::TooComplex,
            FailureCode::Internal,
        ]
    }

    /// The stable name, as stored and as clients see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureCode::EmptyFile => "EMPTY_FILE",
            FailureCode::UnsupportedFormat => "UNSUPPORTED_FORMAT",
            FailureCode::Truncated => "TRUNCATED",
            FailureCode::Corrupt => "CORRUPT",
            FailureCode::TooLarge => "TOO_LARGE",
            FailureCode::TooManyPixels => "TOO_MANY_PIXELS",
            FailureCode::TooComplex => "TOO_COMPLEX",
            FailureCode::Internal => "INTERNAL",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a [`FailureCode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a media failure code")]
pub struct UnknownFailureCode(String);

impl FromStr for FailureCode {
    type Err = UnknownFailureCode;

    fn from_str(name: &str) -> Result<Self, UnknownFailureCode> {
        FailureCode::all()
            .into_iter()
            .find(|code| code.as_str() == name)
            .ok_or_else(|| UnknownFailureCode(name.to_owned()))
    }
}

impl Failure {
    fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Failure { code, message: message.into() }
    }

    pub(crate) fn empty() -> Self {
        Self::new(FailureCode::EmptyFile, "The file is empty; choose a JPEG, PNG, WebP or GIF picture.")
    }

    /// None of the accepted formats; `head` is the beginning of the file.
    pub(crate) fn not_accepted(head: &[u8]) -> Self {
        let found = match format::name_other(head) {
            Some(name) => format!("This is {name}, which can't be used here"),
            None => "This file is not a picture in a format that can be used here".to_owned(),
        };
        Self::new(FailureCode::UnsupportedFormat, format!("{found}; upload a JPEG, PNG, WebP or GIF picture."))
    }

    /// The right format, but a kind of it that hardly any program writes or reads.
    pub(crate) fn rare_kind(format: Format, kind: &str) -> Self {
        let name = format.name();
        Self::new(
            FailureCode::UnsupportedFormat,
            format!("This {name} file is {kind}, which can't be used here; save it as an ordinary JPEG or PNG."),
        )
    }

    /// A HEIC or AVIF, where libheif is missing or lacks the decoder.
    pub(crate) fn no_heif_decoder(format: Format) -> Self {
        let (name, codec) = match format {
            Format::Avif => ("an AVIF", "AV1"),
            _ => ("a HEIC", "HEVC"),
        };
        Self::new(
            FailureCode::UnsupportedFormat,
            format!(
                "This is {name} picture, and this server can't read those: it lacks the library libheif with a decoder \
                 for {codec}; upload it as a JPEG instead (iPhones save JPEG with Settings, Camera, Formats, Most \
                 Compatible)."
            ),
        )
    }

    pub(crate) fn truncated(format: Format) -> Self {
        let name = format.name();
        Self::new(
            FailureCode::Truncated,
            format!("The {name} file ends before the picture does; upload the complete file again."),
        )
    }

    /// `what` completes "The PNG file is damaged: …".
    pub(crate) fn corrupt(format: Format, what: &str) -> Self {
        let name = format.name();
        Self::new(FailureCode::Corrupt, format!("The {name} file is damaged: {what}."))
    }

    pub(crate) fn too_large(max_bytes: u64) -> Self {
        let limit =
            if max_bytes >= 1 << 20 { format!("{} MiB", max_bytes >> 20) } else { format!("{max_bytes} bytes") };
        Self::new(FailureCode::TooLarge, format!("The file is larger than the {limit} that are allowed."))
    }

    pub(crate) fn too_many_pixels(width: u64, height: u64, max_pixels: u64, max_side: u32) -> Self {
        Self::new(
            FailureCode::TooManyPixels,
            format!(
                "The picture is {width} × {height} pixels; at most {max_pixels} pixels in all and {max_side} a side \
                 are allowed."
            ),
        )
    }

    /// `what` completes "The JPEG file is too complex: …".
    pub(crate) fn too_complex(format: Format, what: &str) -> Self {
        let name = format.name();
        Self::new(
            FailureCode::TooComplex,
            format!("The {name} file is too complex: {what}; export the picture again with an ordinary program."),
        )
    }

    pub(crate) fn internal() -> Self {
        Self::new(FailureCode::Internal, "The picture could not be processed because of a fault on our side.")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_come_back_as_the_same_code() {
        for code in FailureCode::all() {
            assert_eq!(code.as_str().parse::<FailureCode>().unwrap(), code);
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
        assert_eq!(FailureCode::UnsupportedFormat.as_str(), "UNSUPPORTED_FORMAT");
        assert!("unsupported_format".parse::<FailureCode>().is_err());
    }

    #[test]
    fn a_refusal_names_what_is_accepted_and_what_it_got() {
        let failure = Failure::not_accepted(b"%PDF-1.7");
        assert_eq!(failure.code, FailureCode::UnsupportedFormat);
        assert!(failure.message.contains("PDF"));
        for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Gif] {
            assert!(failure.message.contains(format.name()));
        }
        let failure = Failure::no_heif_decoder(Format::Heic);
        assert_eq!(failure.code, FailureCode::UnsupportedFormat);
        assert!(["HEIC", "libheif", "JPEG"].iter().all(|word| failure.message.contains(word)));
    }
}
