//! The text as tokens: counted, not kept.
//!
//! Strings and comments end where the library's grammar ends them, so that nothing in them counts and nothing behind them
//! escapes. What is no token at all is left for the parser to name.

use async_graphql::{Pos, ServerError};

use super::{Limits, exceeded};
use crate::graphql::operation::coded;

/// Reads the text once.
///
/// # Errors
/// A request error: a limit is exceeded, or a string is not closed.
pub(super) fn scan(text: &str, limits: &Limits) -> Result<(), ServerError> {
    if text.len() > limits.bytes {
        let what = "The document is too long in bytes";
        return Err(exceeded("bytes", what, text.len() as u64, limits.bytes as u64, None));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            0xEF if bytes[at..].starts_with(b"\xEF\xBB\xBF") => {
                at += 3;
                continue;
            }
            b'#' => {
                at += length(&bytes[at..], |byte| !matches!(byte, b'\n' | b'\r'));
                continue;
            }
            b'"' => end_of_string(bytes, at).ok_or_else(|| open_string(text, start))?,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                at + length(&bytes[at..], |byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            b'0'..=b'9' | b'-' => {
                let number = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
                at + length(&bytes[at..], number)
            }
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            b'{' | b'[' | b'(' => {
                nesting += 1;
                at + 1
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                at + 1
            }
            _ => at + 1,
        };
        tokens += 1;
        if tokens > limits.tokens {
            let what = "The document has too many tokens";
            return Err(exceeded("tokens", what, tokens as u64, limits.tokens as u64, Some(position(text, start))));
        }
        if nesting > limits.nesting {
            let what = "The document has too many brackets inside one another";
            return Err(exceeded("nesting", what, nesting as u64, limits.nesting as u64, Some(position(text, start))));
        }
    }
    Ok(())
}

/// How many bytes from the start are such.
fn length(bytes: &[u8], such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !such(*byte)).unwrap_or(bytes.len())
}

/// Where the string that begins at `start` has ended; none if it never does.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    loop {
        match (*bytes.get(at)?, block) {
            (b'\\', true) if bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            (b'\\', false) => at += 2,
            (b'"', true) if bytes[at..].starts_with(b"\"\"\"") => return Some(at + 3),
            (b'"', false) => return Some(at + 1),
            (b'\n' | b'\r', false) => return None,
            _ => at += 1,
        }
    }
}

fn open_string(text: &str, start: usize) -> ServerError {
    let mut error = coded("INVALID", "A string is not closed.");
    error.locations.push(position(text, start));
    error
}

/// Line and column, from 1. Read once, for an error.
fn position(text: &str, at: usize) -> Pos {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    Pos { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}
