//! Values as the response writer writes them.

use async_graphql::Value;
use async_graphql::resolver_utils::{EnumType, enum_value};
use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::id::Kind;

fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Strings and numbers can be written, and memory takes all of it.
    let _ = serde_json::to_writer(out, value);
}

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub(crate) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub(crate) fn number(out: &mut Vec<u8>, value: i64) {
    write(out, &value);
}

pub(crate) fn real(out: &mut Vec<u8>, value: f64) {
    write(out, &value);
}

/// Most text has nothing to be escaped, which is seen many bytes at a time; the rest is written a byte at a time.
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Without a way out of the loop, so that it can be many bytes at a time.
    match value.bytes().fold(false, |found, byte| found | is_special(byte)) {
        false => plain(out, value),
        true => write(out, value),
    }
}

pub(crate) fn texts(out: &mut Vec<u8>, values: &[String]) {
    list(out, values, |out, value| text(out, value));
}

/// An id of the API.
pub(crate) fn id(out: &mut Vec<u8>, kind: Kind, uuid: Uuid) {
    let (prefix, suffix) = kind.parts(uuid);
    out.push(b'"');
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'_');
    out.extend_from_slice(&suffix);
    out.push(b'"');
}

/// As `to_rfc3339` has it, without the formatter that it goes through.
pub(crate) fn moment(out: &mut Vec<u8>, value: DateTime<Utc>) {
    let at = value.naive_utc();
    let (year, nanos) = (at.year(), at.nanosecond());
    // Years of other lengths, and a leap second, which is the second before it with more than a second's parts.
    if !(0..10_000).contains(&year) || nanos >= 1_000_000_000 {
        return plain(out, &value.to_rfc3339());
    }
    out.push(b'"');
    digits::<4>(out, year.unsigned_abs());
    for (before, part) in
        [(b'-', at.month()), (b'-', at.day()), (b'T', at.hour()), (b':', at.minute()), (b':', at.second())]
    {
        out.push(before);
        digits::<2>(out, part);
    }
    if nanos > 0 {
        out.push(b'.');
        match (nanos % 1_000_000, nanos % 1000) {
            (0, _) => digits::<3>(out, nanos / 1_000_000),
            (_, 0) => digits::<6>(out, nanos / 1000),
            _ => digits::<9>(out, nanos),
        }
    }
    out.extend_from_slice(b"+00:00\"");
}

/// A number in so many digits.
fn digits<const COUNT: usize>(out: &mut Vec<u8>, mut value: u32) {
    let mut digits = [b'0'; COUNT];
    for digit in digits.iter_mut().rev() {
        *digit += (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits);
}

/// An enum's value.
pub(crate) fn name<E: EnumType>(out: &mut Vec<u8>, value: E) {
    match enum_value(value) {
        Value::Enum(name) => plain(out, &name),
        _ => null(out),
    }
}

/// Something, or null.
pub(crate) fn written_or_null<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        Some(value) => write(out, value),
        None => null(out),
    }
}

pub(crate) fn list<T>(out: &mut Vec<u8>, values: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, value);
    }
    out.push(b']');
}

/// Text in which nothing has to be escaped.
fn plain(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_library_writes_them() {
        let seconds =
            [-62_167_219_200, -1, 0, 951_782_400, 1_764_399_471, 253_402_300_799, -62_167_219_201, 253_402_300_800];
        let nanos = [0, 1, 999, 1000, 123_000, 1_000_000, 120_000_000, 999_999_999, 999_999_000, 999_000_000];
        let leap = DateTime::from_timestamp(1_483_228_799, 1_500_000_000);
        let all = seconds.into_iter().flat_map(|at| nanos.map(|nanos| DateTime::from_timestamp(at, nanos)));
        for value in all.chain([leap, Some(DateTime::<Utc>::MAX_UTC), Some(DateTime::<Utc>::MIN_UTC)]).flatten() {
            let mut out = Vec::new();
            moment(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), format!("\"{}\"", value.to_rfc3339()));
        }
    }

    #[test]
    fn ids_are_written_as_they_are() {
        for bits in [0, 1, u128::MAX, 0x0190_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000] {
            let (mut out, uuid) = (Vec::new(), Uuid::from_u128(bits));
            id(&mut out, Kind::Media, uuid);
            assert_eq!(String::from_utf8_lossy(&out), format!("\"{}\"", Kind::Media.id(uuid).as_str()));
        }
    }
}
