//! Documents that were parsed before: an app sends the same few texts again and again.
//!
//! Only what was executed is kept: a text that can't be parsed, or a document that is not valid, costs its sender the full
//! price each time and takes no place. Limits, validation, variables and the operation's name are looked at for each request
//! as ever; all that falls away is the reading of the text.

use std::sync::Arc;

use async_graphql::Request;
use async_graphql::parser::types::ExecutableDocument;
use moka::sync::Cache;

/// Memory for documents, bytes.
const MEMORY: u64 = 16 << 20;

/// Longer texts are not kept: nobody sends one often.
const LONGEST: usize = 16 << 10;

/// About how many bytes a parsed document takes for each of its text.
const WEIGHT: usize = 24;

/// Parsed documents by their text. Clones share them.
#[derive(Clone)]
pub(crate) struct Documents {
    kept: Cache<String, Arc<ExecutableDocument>>,
}

/// A document that may be kept once its request has shown that it is good.
pub(crate) struct Candidate {
    text: String,
    document: Arc<ExecutableDocument>,
}

impl Default for Documents {
    fn default() -> Self {
        let weigh = |text: &String, _: &Arc<ExecutableDocument>| {
            u32::try_from(text.len().saturating_mul(WEIGHT)).unwrap_or(u32::MAX)
        };
        Self { kept: Cache::builder().max_capacity(MEMORY).weigher(weigh).build() }
    }
}

impl Documents {
    /// Gives the request its document, parsed, if it is known. Otherwise, and if it can be parsed, what to [`keep`](Self::keep)
    /// when it turns out to be valid.
    pub(crate) fn recall(&self, request: &mut Request) -> Option<Candidate> {
        if let Some(document) = self.kept.get(&request.query) {
            request.set_parsed_query(ExecutableDocument::clone(&document));
            return None;
        }
        if request.query.len() > LONGEST {
            return None;
        }
        let document = Arc::new(request.parsed_query().ok()?.clone());
        Some(Candidate { text: request.query.clone(), document })
    }

    /// Keeps a document that was executed.
    pub(crate) fn keep(&self, candidate: Candidate) {
        self.kept.insert(candidate.text, candidate.document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_kept_is_known() {
        let documents = Documents::default();
        let recall = |text: &str| documents.recall(&mut Request::new(text));
        assert!(recall("{").is_none(), "no document");
        assert!(recall(&format!("{{ {} }}", "x ".repeat(LONGEST))).is_none(), "too long");
        let first = recall("{ x }");
        assert!(recall("{ x }").is_some(), "nobody has kept it");
        if let Some(candidate) = first {
            documents.keep(candidate);
        }
        assert!(recall("{ x }").is_none(), "it is known");
        assert!(recall("{ y }").is_some(), "another text");
    }
}
