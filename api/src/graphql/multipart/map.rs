//! The part `map`: which part of the body goes to which variables.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::graphql::gateway::MAX_FILES;

/// Room for ten files with long paths.
pub(super) const MAX_BYTES: u64 = 16 * 1024;

/// Places that one file may go to.
const MAX_PATHS: usize = 10;

/// One entry of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    /// The part's name.
    pub(super) part: String,
    /// Where it goes: at least one.
    pub(super) paths: Vec<String>,
}

/// Reads the map; the error is a sentence for the client.
pub(super) fn parse(json: &[u8]) -> Result<Vec<Mapped>, String> {
    let Entries(entries) = serde_json::from_slice(json)
        .map_err(|error| format!("The part \"map\" must be a JSON object of lists of paths: {error}."))?;
    if entries.len() as u64 > MAX_FILES {
        return Err(format!("A request carries at most {MAX_FILES} files."));
    }
    let mapped: Vec<Mapped> = entries.into_iter().map(|(part, paths)| Mapped { part, paths }).collect();
    for Mapped { part, paths } in &mapped {
        if part == "operations" || part == "map" {
            return Err(format!("The name {part:?} in \"map\" is taken."));
        }
        if paths.is_empty() || paths.len() > MAX_PATHS {
            return Err(format!("The file {part:?} in \"map\" needs 1 to {MAX_PATHS} paths."));
        }
    }
    Ok(mapped)
}

/// The entries by their names. A name that comes twice is refused; `BTreeMap` by itself would keep the last.
struct Entries(BTreeMap<String, Vec<String>>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Entries;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Entries, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((part, paths)) = access.next_entry::<String, Vec<String>>()? {
                    if entries.contains_key(&part) {
                        return Err(A::Error::custom(format_args!("the name {part:?} comes twice")));
                    }
                    entries.insert(part, paths);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn files_and_their_paths() {
        let map = parse(br#"{"b": ["variables.x", "variables.y"], "0": ["variables.z"]}"#).unwrap();
        assert_eq!(map.len(), 2);
        assert_eq!(map[0], Mapped { part: "0".into(), paths: vec!["variables.z".into()] });
        assert_eq!(map[1].paths.len(), 2);
        assert!(parse(b"{}").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_map_is_refused() {
        let eleven: Vec<String> = (0..11).map(|n| format!(r#""{n}": ["variables.x"]"#)).collect();
        let eleven = format!("{{{}}}", eleven.join(","));
        let paths = format!(r#"{{"0": [{}]}}"#, [r#""variables.x""#; 11].join(","));
        for bad in [
            "",
            "[]",
            "null",
            r#"{"0": "variables.x"}"#,
            r#"{"0": [1]}"#,
            r#"{"0": []}"#,
            r#"{"0": ["variables.x"], "0": ["variables.y"]}"#,
            r#"{"map": ["variables.x"]}"#,
            r#"{"operations": ["variables.x"]}"#,
            &eleven,
            &paths,
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
