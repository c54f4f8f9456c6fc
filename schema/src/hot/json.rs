//! Values as the response writer writes them.

use async_graphql::Value;
use async_graphql::resolver_utils::{EnumType, enum_value};
use chrono::{DateTime, Utc};
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
    plain(out, &kind.id(uuid));
}

pub(crate) fn moment(out: &mut Vec<u8>, value: DateTime<Utc>) {
    plain(out, &value.to_rfc3339());
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
