//! What may be announced.

use darkroom_entity::upload::Purpose;
use darkroom_media::FailureCode;

use crate::error::{Problem, ProblemCode, Result, reject_if_any};
use crate::text;

/// A large file, as its sender describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Its media type, which must be what its content is.
    pub content_type: String,
    /// Its bytes.
    pub byte_size: i64,
    /// Its SHA-256 (FIPS 180-4): 64 hexadecimal digits.
    pub sha256: String,
    /// What is to be seen, for those who don't see it. May be empty.
    pub alt_text: String,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a server takes.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Media types of files that can be used.
    pub accepted_types: Vec<&'static str>,
    /// The largest file, bytes.
    pub max_bytes: u64,
    /// The longest alternative text, characters.
    pub alt_text_max_chars: usize,
}

impl Announced {
    /// The same, cleaned: the checksum in lower case, the text trimmed.
    ///
    /// # Errors
    /// Everything that is wrong with it at once.
    pub fn checked(self, bounds: &Bounds) -> Result<Self> {
        let mut problems = Vec::new();
        if !bounds.accepted_types.contains(&self.content_type.as_str()) {
            let message = format!("Send one of {}.", bounds.accepted_types.join(", "));
            problems.push(refused("contentType", message, FailureCode::UnsupportedFormat));
        }
        match u64::try_from(self.byte_size) {
            Ok(1..) if self.byte_size as u64 > bounds.max_bytes => {
                let message = format!("A file may have {} bytes at the most.", bounds.max_bytes);
                problems.push(refused("byteSize", message, FailureCode::TooLarge));
            }
            Ok(1..) => {}
            _ => problems.push(refused("byteSize", "A file has a byte at least.".into(), FailureCode::EmptyFile)),
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            problems.push(Problem::invalid("sha256", "Write the SHA-256 of the file as 64 hexadecimal digits."));
        }
        let alt_text = text::clean("altText", &self.alt_text, bounds.alt_text_max_chars, &mut problems);
        reject_if_any(problems)?;
        Ok(Self { sha256: self.sha256.to_ascii_lowercase(), alt_text, ..self })
    }
}

fn refused(field: &'static str, message: String, failure: FailureCode) -> Problem {
    Problem { code: ProblemCode::Invalid, field: Some(field), message, failure: Some(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn announced() -> Announced {
        Announced {
            content_type: "image/jpeg".to_owned(),
            byte_size: 1000,
            sha256: "AB".repeat(32),
            alt_text: " a harbour ".to_owned(),
            purpose: Purpose::Post,
        }
    }

    fn fields(announced: Announced) -> Vec<&'static str> {
        let bounds =
            Bounds { accepted_types: vec!["image/jpeg", "image/png"], max_bytes: 1000, alt_text_max_chars: 20 };
        match announced.checked(&bounds) {
            Ok(_) => Vec::new(),
            Err(Error::Rejected { problems }) => problems.iter().filter_map(|problem| problem.field).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_can_be_taken_is_cleaned() {
        let bounds = Bounds { accepted_types: vec!["image/jpeg"], max_bytes: 1000, alt_text_max_chars: 20 };
        let checked = announced().checked(&bounds).expect("it is good");
        assert_eq!((checked.sha256, checked.alt_text), ("ab".repeat(32), "a harbour".to_owned()));
    }

    #[test]
    fn what_can_not_be_taken_is_said_of_each_field() {
        assert_eq!(fields(announced()), Vec::<&str>::new());
        assert_eq!(fields(Announced { byte_size: 1, ..announced() }), Vec::<&str>::new());
        for byte_size in [i64::MIN, -1, 0, 1001, i64::MAX] {
            assert_eq!(fields(Announced { byte_size, ..announced() }), ["byteSize"], "{byte_size}");
        }
        for content_type in ["", "image/gif", "IMAGE/JPEG", "image/jpeg; charset=x"] {
            assert_eq!(fields(Announced { content_type: content_type.into(), ..announced() }), ["contentType"]);
        }
        for sha256 in [String::new(), "ab".into(), "g".repeat(64), "a".repeat(65), "é".repeat(32)] {
            assert_eq!(fields(Announced { sha256, ..announced() }), ["sha256"]);
        }
        let long = Announced { alt_text: "a".repeat(21), byte_size: 0, ..announced() };
        assert_eq!(fields(long), ["byteSize", "altText"]);
    }
}
