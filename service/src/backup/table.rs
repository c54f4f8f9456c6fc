//! A table as a file: a line that says what its columns are called and hold, then a row a line.
//!
//! The first line makes a file readable without the entities of its time: a backup of an earlier release is read back into tables
//! as they were then, and brought up to date there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Bool,
    /// 16 bits.
    Small,
    /// 32 bits.
    Int,
    /// 64 bits.
    Big,
    Double,
    Text,
    /// In Base64.
    Bytes,
    Uuid,
    /// In UTC, with microseconds.
    Moment,
    Json,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) table: String,
    pub(super) columns: Vec<(String, Kind)>,
}

/// A column's value as JSON, and what it holds, which nulls say too.
pub(super) fn encode(value: &Value) -> Option<(Kind, Json)> {
    Some(match value {
        Value::Bool(value) => (Kind::Bool, json!(value)),
        Value::SmallInt(value) => (Kind::Small, json!(value)),
        Value::Int(value) => (Kind::Int, json!(value)),
        Value::BigInt(value) => (Kind::Big, json!(value)),
        Value::Double(value) => (Kind::Double, json!(value)),
        Value::String(value) => (Kind::Text, json!(value)),
        Value::Bytes(value) => (Kind::Bytes, json!(value.as_ref().map(|bytes| STANDARD.encode(bytes)))),
        Value::Uuid(value) => (Kind::Uuid, json!(value)),
        Value::ChronoDateTimeUtc(value) => {
            (Kind::Moment, json!(value.as_ref().map(|moment| moment.to_rfc3339_opts(SecondsFormat::Micros, true))))
        }
        // In an array, so that JSON's null is not the column's.
        Value::Json(value) => (Kind::Json, value.as_ref().map_or(Json::Null, |value| json!([value]))),
        _ => return None,
    })
}

/// The value again; none if it is no such value.
pub(super) fn decode(kind: Kind, json: Json) -> Option<Value> {
    if json.is_null() {
        return Some(match kind {
            Kind::Bool => Value::Bool(None),
            Kind::Small => Value::SmallInt(None),
            Kind::Int => Value::Int(None),
            Kind::Big => Value::BigInt(None),
            Kind::Double => Value::Double(None),
            Kind::Text => Value::String(None),
            Kind::Bytes => Value::Bytes(None),
            Kind::Uuid => Value::Uuid(None),
            Kind::Moment => Value::ChronoDateTimeUtc(None),
            Kind::Json => Value::Json(None),
        });
    }
    Some(match kind {
        Kind::Bool => Value::from(json.as_bool()?),
        Kind::Small => Value::from(i16::try_from(json.as_i64()?).ok()?),
        Kind::Int => Value::from(i32::try_from(json.as_i64()?).ok()?),
        Kind::Big => Value::from(json.as_i64()?),
        Kind::Double => Value::from(json.as_f64()?),
        Kind::Text => match json {
            Json::String(text) => Value::from(text),
            _ => return None,
        },
        Kind::Bytes => Value::from(STANDARD.decode(json.as_str()?).ok()?),
        Kind::Uuid => Value::from(Uuid::parse_str(json.as_str()?).ok()?),
        Kind::Moment => Value::from(DateTime::parse_from_rfc3339(json.as_str()?).ok()?.with_timezone(&Utc)),
        Kind::Json => match json {
            Json::Array(mut one) if one.len() == 1 => Value::from(one.pop()?),
            _ => return None,
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_comes_back_as_it_was() {
        let moment = DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap();
        let values = [
            Value::from(true),
            Value::from(i16::MIN),
            Value::from(i32::MAX),
            Value::from(i64::MIN),
            Value::from(0.1_f64 + 0.2),
            Value::from("ünï \n \u{0} \"quoted\""),
            Value::from(vec![0_u8, 255, 7]),
            Value::from(Uuid::from_u128(7)),
            Value::from(moment),
            Value::from(json!({ "a": [null, 1] })),
            Value::from(Json::Null),
            Value::Bool(None),
            Value::SmallInt(None),
            Value::Int(None),
            Value::BigInt(None),
            Value::Double(None),
            Value::String(None),
            Value::Bytes(None),
            Value::Uuid(None),
            Value::ChronoDateTimeUtc(None),
            Value::Json(None),
        ];
        for value in values {
            let (kind, json) = encode(&value).unwrap();
            let text = serde_json::to_string(&json).unwrap();
            assert_eq!(decode(kind, serde_json::from_str(&text).unwrap()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_such_value_is_refused() {
        for (kind, json) in [
            (Kind::Bool, json!(1)),
            (Kind::Small, json!(40_000)),
            (Kind::Int, json!(3_000_000_000_i64)),
            (Kind::Big, json!("7")),
            (Kind::Text, json!(7)),
            (Kind::Bytes, json!("%")),
            (Kind::Uuid, json!("7")),
            (Kind::Moment, json!("yesterday")),
            (Kind::Json, json!({})),
        ] {
            assert_eq!(decode(kind, json.clone()), None, "{kind:?} {json}");
        }
    }
}
