//! The file of trusted documents, in the forms in which build tools write it.
//!
//! - Relay's: `{ "<name>": "<text>" }`;
//! - Apollo's: `{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [{ "id", "name", "type", "body" }] }`.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// A file with more bytes is none that a build tool wrote.
const LONGEST: u64 = 64 << 20;

/// A document of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// By what clients ask for it.
    pub(crate) name: String,
    /// The document.
    pub(crate) text: String,
    /// The operation in it and its kind, if the file tells.
    pub(crate) operation: Option<(String, String)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Apollo { format: String, version: u64, operations: Vec<Operation> },
    Relay(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    body: String,
}

/// Reads the file.
///
/// # Errors
/// It can't be read, is in another form, lists nothing, or lists two texts under one name.
pub(crate) fn read(path: &str) -> anyhow::Result<Vec<Listed>> {
    let length = std::fs::metadata(path).with_context(|| format!("{path} can't be read"))?.len();
    ensure!(length <= LONGEST, "{path} has {length} bytes: {LONGEST} are the most");
    let bytes = std::fs::read(path).with_context(|| format!("{path} can't be read"))?;
    parse(&bytes).with_context(|| format!("{path} is no list of documents"))
}

fn parse(bytes: &[u8]) -> anyhow::Result<Vec<Listed>> {
    // Said before the forms are tried: neither of them would name the place.
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).context("it is no JSON")?;
    let file = serde_json::from_slice(bytes).ok().context(
        "neither {\"<name>\": \"<text>\"} nor {\"format\": \"apollo-persisted-query-manifest\", \"version\": 1, \"operations\": …}",
    )?;
    let listed: Vec<Listed> = match file {
        File::Apollo { format, version, operations } => {
            let known = format == "apollo-persisted-query-manifest" && version == 1;
            ensure!(known, "format {format:?} in version {version} is not known");
            let listed = operations.into_iter().map(|operation| Listed {
                name: operation.id,
                text: operation.body,
                operation: Some((operation.name, operation.kind)),
            });
            listed.collect()
        }
        File::Relay(texts) => texts.into_iter().map(|(name, text)| Listed { name, text, operation: None }).collect(),
    };
    ensure!(!listed.is_empty(), "it lists nothing, so nothing would run");
    let mut seen = BTreeMap::new();
    for one in &listed {
        if seen.insert(&one.name, &one.text).is_some_and(|text| *text != one.text) {
            bail!("{:?} is listed with two texts", one.name);
        }
    }
    Ok(listed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        format!("{:#}", parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn both_forms_are_read() {
        let relay = parse(br#"{"b": "{ y }", "a": "{ x }"}"#).unwrap();
        let names: Vec<_> = relay.iter().map(|one| (one.name.as_str(), one.text.as_str())).collect();
        assert_eq!(names, [("a", "{ x }"), ("b", "{ y }")]);
        let apollo = br#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": "1", "name": "Q", "type": "query", "body": "query Q { x }", "clientName": "web"}]}"#;
        let apollo = parse(apollo).unwrap();
        assert_eq!(apollo[0].operation, Some(("Q".to_owned(), "query".to_owned())));
        assert_eq!((apollo[0].name.as_str(), apollo[0].text.as_str()), ("1", "query Q { x }"));
    }

    #[test]
    fn what_is_none_is_told_apart() {
        assert!(told("{").contains("no JSON"), "{}", told("{"));
        for none in ["[]", "1", r#"{"a": 1}"#, r#"{"operations": []}"#] {
            assert!(told(none).contains("neither"), "{none}: {}", told(none));
        }
        assert!(told("{}").contains("nothing"));
        assert!(told(r#"{"format": "x", "version": 1, "operations": []}"#).contains("\"x\""));
        let twice = r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": "1", "name": "Q", "type": "query", "body": "query Q { x }"},
            {"id": "1", "name": "P", "type": "query", "body": "query P { x }"}]}"#;
        assert!(told(twice).contains("two texts"));
    }
}
