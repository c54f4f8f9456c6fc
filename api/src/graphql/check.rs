//! What a document may ask for, looked at before anything costs more than reading it.
//!
//! ```text
//!   text ──► token: bytes, tokens, nesting     nothing that fails here reaches the library's parser, which is recursive
//!              │
//!   parsed ──► walk: fragments in topological order, each looked at once, counts after expansion
//!              │       depth, fields, aliases, directives, root fields, names that are wrong
//!              └────► cost: an expression over variables, kept with the document
//!                        │
//!   variables ──────────►└── requested, against the limit
//! ```
//!
//! Everything takes time in proportion to the text, whatever the text says. The reasons are in
//! `docs/decisions/0017-documents-are-checked-at-the-edge.md`, the limits in `docs/api.md`.

mod cost;
mod introspection;
mod shape;
#[cfg(test)]
mod tests;
mod token;
mod walk;

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Pos, ServerError, Value, Variables, value};

pub(crate) use cost::Costs;
pub(crate) use shape::Shape;

use crate::graphql::operation::coded;

/// What a document may ask for. Counts are after expansion: a fragment counts as often as it is spread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Length of the text, bytes.
    pub(crate) bytes: usize,
    /// Names, numbers, strings and signs.
    pub(crate) tokens: usize,
    /// Open braces, brackets and parentheses.
    pub(crate) nesting: usize,
    /// Fields inside one another.
    pub(crate) depth: usize,
    /// Selections inside one another, those of fragments among them.
    pub(crate) levels: usize,
    /// Fields of all operations.
    pub(crate) fields: usize,
    /// Aliases of all operations.
    pub(crate) aliases: usize,
    /// Directives of all operations.
    pub(crate) directives: usize,
    /// Directives in one place.
    pub(crate) directives_at_once: usize,
    /// Fields of one query's or subscription's root.
    pub(crate) root_fields: usize,
    /// Fields of one mutation's root: each is work of its own, some of it dear (a password is checked).
    pub(crate) mutations: usize,
    /// Fragment definitions.
    pub(crate) fragments: usize,
    /// Operation definitions.
    pub(crate) operations: usize,
    /// Variables of one operation.
    pub(crate) variables: usize,
    /// Values in all variables that are sent, those inside lists and objects counted. Validation copies a variable for each
    /// place that it stands in.
    pub(crate) values: usize,
    /// Bytes of text in all variables that are sent.
    pub(crate) value_bytes: usize,
    /// Names of fields, arguments and types that the schema does not have. The library compares each with every name
    /// that there is, to suggest one.
    pub(crate) wrong_names: usize,
    /// One for each field, times the lengths of the lists around it.
    pub(crate) cost: u64,
    /// Whether documents may ask for the schema itself, as far as tools do.
    pub(crate) introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 10,
            tokens: 10_000,
            nesting: 50,
            depth: 20,
            levels: 40,
            fields: 5_000,
            aliases: 100,
            directives: 100,
            directives_at_once: 5,
            root_fields: 50,
            mutations: 10,
            fragments: 100,
            operations: 50,
            variables: 100,
            values: 1_000,
            value_bytes: 64 << 10,
            wrong_names: 20,
            cost: 20_000,
            introspection: true,
        }
    }
}

/// What a request costs by the check's reckoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// What the operation asks for.
    pub(crate) requested: u64,
    /// What one may ask for.
    pub(crate) limit: u64,
}

impl Cost {
    /// As it stands in `extensions.cost`.
    pub(crate) fn told(self) -> Value {
        value!({ "requested": told(self.requested), "limit": told(self.limit) })
    }
}

/// The check: limits, and the schema that documents are written for. Clones share it.
#[derive(Clone)]
pub(crate) struct Check {
    shape: Arc<Shape>,
    limits: Limits,
}

impl Check {
    /// With these limits, against this schema.
    pub(crate) fn new(shape: Shape, limits: Limits) -> Self {
        Self { shape: Arc::new(shape), limits }
    }

    /// Looks at the text, in one pass and without memory.
    ///
    /// # Errors
    /// A request error: a limit is exceeded, or a string is not closed.
    pub(crate) fn text(&self, text: &str) -> Result<(), ServerError> {
        token::scan(text, &self.limits)
    }

    /// Looks at a parsed document and says what its operations cost.
    ///
    /// # Errors
    /// A request error: a limit is exceeded, or a fragment spreads itself.
    pub(crate) fn document(&self, document: &ExecutableDocument) -> Result<Costs, ServerError> {
        walk::walk(document, &self.shape, &self.limits)
    }

    /// Looks at the variables that were sent.
    ///
    /// # Errors
    /// A request error: they hold too many values, or too much text.
    pub(crate) fn variables(&self, variables: &Variables) -> Result<(), ServerError> {
        let Limits { values: most, value_bytes: most_bytes, .. } = self.limits;
        let (mut values, mut bytes) = (0_usize, 0_usize);
        for (_, value) in variables.iter() {
            count(value, &mut values, &mut bytes);
        }
        if values > most {
            return Err(exceeded("values", "The variables hold too many values", values as u64, most as u64, None));
        }
        if bytes > most_bytes {
            let what = "The variables hold too many bytes of text";
            return Err(exceeded("valueBytes", what, bytes as u64, most_bytes as u64, None));
        }
        Ok(())
    }

    /// What this operation asks for with these variables; none if the document has no such operation.
    ///
    /// # Errors
    /// A request error: it asks for more than one may.
    pub(crate) fn cost(
        &self,
        costs: &Costs,
        operation: Option<&str>,
        variables: &Variables,
    ) -> Result<Option<Cost>, ServerError> {
        let limit = self.limits.cost;
        let Some(requested) = costs.of(operation, variables) else { return Ok(None) };
        if requested <= limit {
            return Ok(Some(Cost { requested, limit }));
        }
        let mut error = exceeded("cost", "The operation asks for too much at once", requested, limit, None);
        error.extensions.get_or_insert_default().set("cost", Cost { requested, limit }.told());
        Err(error)
    }
}

/// Counts a value and what lies in it. JSON bounds how deep it can be.
fn count(value: &Value, values: &mut usize, bytes: &mut usize) {
    *values += 1;
    match value {
        Value::String(text) => *bytes += text.len(),
        Value::List(entries) => entries.iter().for_each(|entry| count(entry, values, bytes)),
        Value::Object(fields) => {
            for (name, field) in fields {
                *bytes += name.len();
                count(field, values, bytes);
            }
        }
        _ => {}
    }
}

/// A request error that names the limit, how much was found and how much there may be.
fn exceeded(limit: &'static str, what: &str, found: u64, most: u64, position: Option<Pos>) -> ServerError {
    let mut error = coded("TOO_COMPLEX", format!("{what}: {} of at most {most}.", told(found)));
    error.locations.extend(position);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("limit", limit);
    extensions.set("found", told(found));
    extensions.set("most", told(most));
    error
}

/// Counts are bounded where they are told: every client can read 32 bits.
fn told(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
