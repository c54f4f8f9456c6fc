//! Defaults, file and environment laid over one another, each key checked against the known ones.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError};

/// The built-in layer: also the list of all keys and of their types.
pub(super) const DEFAULTS: &str = include_str!("../../default.toml");

/// Variables that are no settings: the file's path, the log filter of one run, and what the build and the tests read.
fn is_exempt(variable: &str) -> bool {
    let names = ["DARKROOM_CONFIG", "DARKROOM_CORPUS", "DARKROOM_IDE_ASSETS", "DARKROOM_LOG"];
    names.contains(&variable) || variable.starts_with("DARKROOM_TEST_")
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("DARKROOM_{}", key.replace('.', "_").to_uppercase())
}

/// Every key of the built-in layer with its default.
pub(super) fn keys(table: &Table) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(section) => {
                out.extend(keys(section).into_iter().map(|(inner, value)| (format!("{key}.{inner}"), value)));
            }
            other => out.push((key.clone(), other.clone())),
        }
    }
    out
}

/// Lays the file and the environment over the defaults.
pub(super) fn merge(file: Option<&Path>, env: &[(String, String)]) -> Result<Config, ConfigError> {
    let built_in = |error: toml::de::Error| ConfigError::new("default.toml", error.to_string());
    let mut merged: Table = DEFAULTS.parse().map_err(built_in)?;
    let known = keys(&merged);

    if let Some(path) = file {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(&name, format!("cannot be read: {error}; check DARKROOM_CONFIG")))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::new(&name, error.to_string()))?;
        for (key, value) in keys(&table) {
            let Some((_, default)) = known.iter().find(|(name, _)| *name == key) else {
                let names = known.iter().map(|(name, _)| name.as_str());
                return Err(ConfigError::new(&key, format!("no such setting (in {name}){}", suggestion(&key, names))));
            };
            if value.type_str() != default.type_str() {
                let problem = format!("must be {}, as in `{key} = {default}` (in {name})", with_article(default));
                return Err(ConfigError::new(key, problem));
            }
            set(&mut merged, &key, value);
        }
    }

    let variables: Vec<(String, &(String, Value))> = known.iter().map(|entry| (variable(&entry.0), entry)).collect();
    for (name, text) in env.iter().filter(|(name, _)| name.starts_with("DARKROOM_") && !is_exempt(name)) {
        let Some((_, (key, default))) = variables.iter().find(|(variable, _)| variable == name) else {
            let names = variables.iter().map(|(variable, _)| variable.as_str());
            return Err(ConfigError::new(name, format!("no such setting{}", suggestion(name, names))));
        };
        // Compose files pass variables on that nobody set.
        if !text.is_empty() {
            set(&mut merged, key, typed(name, text, default)?);
        }
    }

    Value::Table(merged).try_into().map_err(|error: toml::de::Error| {
        ConfigError::new("configuration", format!("{}: correct the value", error.message()))
    })
}

/// An environment variable's text in the type of the key's default.
fn typed(name: &str, text: &str, default: &Value) -> Result<Value, ConfigError> {
    let refuse =
        || ConfigError::new(name, format!("{text:?} is not {}; an example is {default}", with_article(default)));
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.trim().parse().map_err(|_| refuse())?),
        Value::Float(_) => Value::Float(text.trim().parse().map_err(|_| refuse())?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().map_err(|_| refuse())?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

fn with_article(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list",
        _ => "a text in quotes",
    }
}

fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            if let Some(Value::Table(inner)) = table.get_mut(section) {
                set(inner, rest, value);
            }
        }
    }
}

/// "; did you mean …?", when some known name is near enough to be meant.
fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|candidate| (distance(name, candidate), candidate)).min();
    match nearest {
        Some((steps, candidate)) if steps <= name.len() / 3 + 1 => format!("; did you mean {candidate}?"),
        _ => "; default.toml lists all settings".to_owned(),
    }
}

/// Levenshtein's distance in bytes: names are ASCII.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.bytes().enumerate() {
            let replaced = diagonal + usize::from(l != r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}
