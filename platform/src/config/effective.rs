//! What is in force, for `darkroom doctor` and for `Debug`: nothing secret.

use toml::Value;
use url::Url;

use super::Config;
use super::secret::MASK;

/// Every key and its value, sorted by key, URLs resolved and without passwords.
pub(super) fn list(config: &Config) -> Vec<(String, String)> {
    let mut out = Vec::new();
    // Serialising masks the secret itself; only the URLs can carry further ones.
    match Value::try_from(config) {
        Ok(value) => flatten("", &value, &mut out),
        Err(error) => out.push(("error".to_owned(), error.to_string())),
    }
    for (key, value) in &mut out {
        match key.as_str() {
            "database_url" => *value = without_password(&config.database_url()),
            "database.replica_url" => *value = without_password(config.database.replica_url.expose()),
            "database.direct_url" => *value = without_password(config.database.direct_url.expose()),
            "redis_url" => *value = without_password(config.redis_url()),
            "objects_url" => *value = config.objects_url(),
            "public_url" => *value = config.public_url(),
            "media_base_url" => *value = without_password(value),
            _ => {}
        }
    }
    out.sort();
    out
}

fn flatten(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, out);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            out.push((path.to_owned(), items.join(",")));
        }
        other => out.push((path.to_owned(), plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The URL with its password, and every parameter that looks like one, masked.
pub(crate) fn without_password(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        // Unreadable, so nobody knows where the password ends.
        return if url.contains('@') { MASK.to_owned() } else { url.to_owned() };
    };
    if parsed.password().is_some() && parsed.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if parsed.query().is_some() {
        let secret =
            |key: &str| ["pass", "secret", "token", "key"].iter().any(|word| key.to_lowercase().contains(word));
        let pairs: Vec<(String, String)> = parsed
            .query_pairs()
            .map(|(key, value)| {
                let value = if secret(&key) { MASK.to_owned() } else { value.into_owned() };
                (key.into_owned(), value)
            })
            .collect();
        parsed.query_pairs_mut().clear().extend_pairs(pairs);
    }
    // A relative sqlite path is no host: leave what was written.
    if url.starts_with("sqlite:") { url.to_owned() } else { parsed.to_string() }
}
