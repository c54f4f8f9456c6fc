//! Uploads: the GraphQL multipart request specification, without ever holding a file.
//!
//! ```text
//!   operations ─ map ─ file ─ file …      the body, in this order
//!        │        │      │
//!        ▼        ▼      └── stays in the socket while the operation runs; `Files::open` pulls it from there
//!     request, its nulls replaced by "upload:<index>"
//! ```
//!
//! A resolver that wants the second file first makes the first one wait in an unlinked temporary file.

mod files;
mod map;
mod parts;
mod spool;

use std::path::PathBuf;

use async_graphql::Request;
use bytes::Bytes;
use http::HeaderMap;

pub(crate) use files::Files;
use parts::{PartError, Parts};

use crate::graphql::body;
use crate::graphql::gateway::BodyLimits;
use crate::graphql::inbound::Inbound;
use crate::refusal::Refusal;

/// A form on a foreign page can send multipart bodies with a person's credentials, but none of these headers.
const PREFLIGHT: [&str; 3] = ["apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight"];

/// Refuses what a browser sends without asking first.
pub(crate) fn require_preflight(headers: &HeaderMap) -> Result<(), Refusal> {
    if PREFLIGHT.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty())) {
        return Ok(());
    }
    Err(Refusal::bad_request(
        "Uploads need a header that foreign pages can't send (against cross-site request forgery): add \
         GraphQL-Require-Preflight: 1, Apollo-Require-Preflight or X-Apollo-Operation-Name.",
    ))
}

/// Reads `operations` and `map`; the files stay where they are.
pub(crate) async fn receive(
    inbound: &Inbound,
    boundary: &str,
    limits: BodyLimits,
    spool_dir: PathBuf,
) -> Result<(Request, Files), Refusal> {
    let mut parts = Parts::new(inbound, boundary);
    let operations = form_field(&mut parts, "operations", limits.request).await?;
    let map = form_field(&mut parts, "map", map::MAX_BYTES).await?;
    let mut request = body::from_json(&operations)?;
    drop(operations);
    let files = map::parse(&map).map_err(Refusal::bad_request)?;
    // Now that the number of files is known, a body that can't be right is refused before any of them is read.
    inbound.bound(limits.whole(files.len() as u64))?;
    for (index, file) in files.iter().enumerate() {
        for path in &file.paths {
            let value = format!("upload:{index}").into();
            body::replace_null(&mut request.variables, path, value)
                .map_err(|why| Refusal::bad_request(format!("The path {path:?} in \"map\" can't be used: {why}.")))?;
        }
    }
    Ok((request, Files::new(parts, files, limits.upload, spool_dir)))
}

/// The next part, which must have this name.
async fn form_field(parts: &mut Parts, name: &'static str, max_bytes: u64) -> Result<Bytes, Refusal> {
    let wrong_order =
        || Refusal::bad_request(format!("The part {name:?} is missing: send operations, then map, then the files."));
    match parts.next().await? {
        Some(part) if part.name.as_deref() == Some(name) => {}
        _ => return Err(wrong_order()),
    }
    let mut value = Vec::new();
    while let Some(chunk) = parts.chunk().await? {
        if (value.len() + chunk.len()) as u64 > max_bytes {
            return Err(Refusal::too_large(&format!("The part {name:?}"), max_bytes));
        }
        value.extend_from_slice(&chunk);
    }
    Ok(value.into())
}

impl From<PartError> for Refusal {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Body(error) => error.into(),
            PartError::Malformed(what) => Self::bad_request(format!("The multipart body can't be read: {what}.")),
        }
    }
}
