//! Which document a request means: its text, or the name of a text that the server has.
//!
//! - Automatic persisted queries, by Apollo's protocol: a client sends the SHA-256 of its text, and the text with it once if
//!   the server does not know it (`PersistedQueryNotFound`). Texts that were valid are kept in memory and, where there is a
//!   Redis, for the other servers.
//! - Trusted documents: a file lists what an operator's own apps send, and nothing else runs.
//!
//! A name comes as `extensions.persistedQuery` or as `documentId`, which [`name`] makes the same.

pub(crate) mod manifest;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::{Extensions, Request, ServerError, Value, value};
use bytes::Bytes;
use darkroom_platform::{Cache as Shared, CacheKey};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::graphql::operation::coded;
pub(crate) use manifest::Listed;

/// Kind and form of the copies in Redis: a text as it is.
const KIND: &str = "document-1";

/// A text's SHA-256.
pub(crate) type Hash = [u8; 32];

/// What clients may send.
pub(crate) enum Persisted {
    /// Texts only.
    Off,
    /// Texts, and hashes of texts that were sent before.
    Automatic(Automatic),
    /// What a file lists, by its text or by its name there.
    Trusted(Trusted),
}

/// Texts by their hashes.
pub(crate) struct Automatic {
    memory: Cache<Hash, Arc<str>>,
    shared: Shared,
    ttl_seconds: i64,
}

/// Texts that a file lists.
pub(crate) struct Trusted {
    by_name: HashMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
}

impl Automatic {
    /// Keeps so many bytes of texts in this process, and each for so long in `shared`.
    pub(crate) fn new(memory: u64, shared: Shared, ttl_seconds: u32) -> Self {
        let weigh = |_: &Hash, text: &Arc<str>| u32::try_from(text.len() + 128).unwrap_or(u32::MAX);
        let memory = Cache::builder().max_capacity(memory).weigher(weigh).build();
        Self { memory, shared, ttl_seconds: ttl_seconds.into() }
    }

    async fn text(&self, hash: Hash) -> Option<Arc<str>> {
        if let Some(text) = self.memory.get(&hash) {
            return Some(text);
        }
        // A Redis that is away has forgotten: the client sends its text again.
        let copies = self.shared.get(&[key(&hash)]).await.unwrap_or_default();
        let text = String::from_utf8(copies.into_iter().next()??.to_vec()).ok()?;
        // The key is half of the hash, and others may write there.
        if Hash::from(Sha256::digest(&text)) != hash {
            return None;
        }
        let text = Arc::<str>::from(text);
        self.memory.insert(hash, Arc::clone(&text));
        Some(text)
    }
}

impl Trusted {
    /// What the file listed.
    pub(crate) fn new(listed: Vec<Listed>) -> Self {
        let mut trusted = Self { by_name: HashMap::new(), texts: HashSet::new() };
        for Listed { name, text, .. } in listed {
            let text = Arc::<str>::from(text);
            trusted.texts.insert(Arc::clone(&text));
            trusted.by_name.insert(name, text);
        }
        trusted
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    fn admits(&self, text: &str) -> Result<(), ServerError> {
        if self.texts.contains(text) {
            return Ok(());
        }
        Err(coded("FORBIDDEN", "This server runs the documents that it lists, and this is none of them."))
    }
}

impl Persisted {
    /// Puts the text that is meant into the request. Gives a hash under which it is to be [kept](Self::keep) if it is valid.
    ///
    /// # Errors
    /// A request error: no text is meant, none that is known, or none that may run.
    pub(crate) async fn find(&self, request: &mut Request) -> Result<Option<Hash>, ServerError> {
        let name = asked(&request.extensions)?;
        let has_text = !request.query.is_empty();
        match (self, name) {
            (Self::Trusted(trusted), None) => trusted.admits(&request.query).map(|()| None),
            (Self::Trusted(trusted), Some(_)) if has_text => trusted.admits(&request.query).map(|()| None),
            (Self::Trusted(trusted), Some(name)) => {
                let bare = name.strip_prefix("sha256:");
                let known = [Some(name), bare].into_iter().flatten().find_map(|name| trusted.by_name.get(name));
                request.query = known.ok_or_else(not_found)?.to_string();
                Ok(None)
            }
            (_, None) | (Self::Off, Some(_)) if has_text => Ok(None),
            (_, None) => Err(coded("INVALID", "The request has no \"query\".")),
            (Self::Off, Some(_)) => Err(coded("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")),
            (Self::Automatic(automatic), Some(name)) => {
                let hash = hash(name.strip_prefix("sha256:").unwrap_or(name));
                if !has_text {
                    let text = match hash {
                        Some(hash) => automatic.text(hash).await,
                        None => None,
                    };
                    request.query = text.ok_or_else(not_found)?.to_string();
                    return Ok(None);
                }
                let own = Hash::from(Sha256::digest(&request.query));
                if hash != Some(own) {
                    return Err(coded("INVALID", "The provided sha does not match the query."));
                }
                Ok(Some(own).filter(|hash| !automatic.memory.contains_key(hash)))
            }
        }
    }

    /// Keeps a text that was found good.
    pub(crate) async fn keep(&self, hash: Hash, text: &str) {
        let Self::Automatic(automatic) = self else { return };
        automatic.memory.insert(hash, text.into());
        let copy = (key(&hash), Bytes::copy_from_slice(text.as_bytes()), automatic.ttl_seconds);
        // Without it the other servers ask for the text once.
        let _ = automatic.shared.put(vec![copy]).await;
    }
}

/// Makes `documentId` what clients of the other protocol send.
pub(crate) fn name(extensions: &mut Extensions, document_id: Option<String>) {
    if let Some(id) = document_id {
        extensions.0.entry("persistedQuery".to_owned()).or_insert(value!({ "version": 1, "sha256Hash": id }));
    }
}

/// Whether the request names a document, well or not: then it needs no text.
pub(crate) fn is_named(extensions: &Extensions) -> bool {
    extensions.0.get("persistedQuery").is_some_and(|named| *named != Value::Null)
}

/// The name of the document that is asked for.
fn asked(extensions: &Extensions) -> Result<Option<&str>, ServerError> {
    let Some(named) = extensions.0.get("persistedQuery").filter(|named| **named != Value::Null) else {
        return Ok(None);
    };
    let Value::Object(named) = named else { return Err(coded("INVALID", "persistedQuery is an object.")) };
    if !matches!(named.get("version"), Some(Value::Number(version)) if version.as_u64() == Some(1)) {
        return Err(coded("INVALID", "Unsupported persisted query version: 1 is served."));
    }
    match named.get("sha256Hash") {
        Some(Value::String(name)) => Ok(Some(name)),
        _ => Err(coded("INVALID", "persistedQuery needs a sha256Hash.")),
    }
}

fn not_found() -> ServerError {
    coded("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
}

/// A SHA-256 in hexadecimal.
fn hash(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}

fn key(hash: &Hash) -> CacheKey {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    CacheKey { kind: KIND, id: Uuid::from_bytes(half) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
