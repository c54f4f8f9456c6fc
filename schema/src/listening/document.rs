//! A document that listens, as one that can be executed: its operation alone, as a query, with the fragments that it uses.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned, ServerError};

use crate::error::ErrorCode;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The operation that a request selects; none if it leaves that open.
pub fn selected<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a Positioned<OperationDefinition>> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations.values().next(),
        _ => None,
    }
}

/// The selected operation of a valid document, to be executed on each turn.
///
/// # Errors
/// It has no root field or more than one, or asks the schema about itself ("Single Root Field", GraphQL specification,
/// 5.2.4.1).
pub(super) fn turned(document: &ExecutableDocument, name: Option<&str>) -> Result<ExecutableDocument, ServerError> {
    let operation = selected(document, name).ok_or_else(|| refused("Name the operation to run."))?;
    let mut root = Root { fragments: &document.fragments, seen: HashSet::new(), keys: HashSet::new(), single: true };
    root.collect(&operation.node.selection_set.node);
    if !root.single || root.keys.len() != 1 {
        return Err(refused("A subscription selects one field, and nothing beside it."));
    }
    let mut operation = operation.clone();
    operation.node.ty = OperationType::Query;
    let mut fragments = Fragments::new();
    keep(&operation.node.selection_set.node, &document.fragments, &mut fragments);
    Ok(ExecutableDocument { operations: DocumentOperations::Single(operation), fragments })
}

/// An error of the whole request.
fn refused(message: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", ErrorCode::Invalid.as_str());
    error
}

/// What stands at an operation's root.
struct Root<'a> {
    fragments: &'a Fragments,
    seen: HashSet<&'a str>,
    /// What the fields are called in the response.
    keys: HashSet<&'a str>,
    /// Whether nothing was found that may not stand there.
    single: bool,
}

impl<'a> Root<'a> {
    fn collect(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    // Whether a client listens does not depend on a variable (5.2.4.1, since September 2025).
                    let has = |name: &str| field.node.directives.iter().any(|one| one.node.name.node == name);
                    self.single &= !field.node.name.node.starts_with("__") && !has("skip") && !has("include");
                    self.keys.insert(field.node.response_key().node.as_str());
                }
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if self.seen.insert(name.as_str())
                        && let Some(fragment) = self.fragments.get(name)
                    {
                        self.collect(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

/// Keeps the fragments that are used.
fn keep(set: &SelectionSet, from: &Fragments, kept: &mut Fragments) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => keep(&field.node.selection_set.node, from, kept),
            Selection::InlineFragment(fragment) => keep(&fragment.node.selection_set.node, from, kept),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if let Some(fragment) = from.get(name).filter(|_| !kept.contains_key(name)) {
                    kept.insert(name.clone(), fragment.clone());
                    keep(&fragment.node.selection_set.node, from, kept);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn turned(text: &str, name: Option<&str>) -> Result<ExecutableDocument, ServerError> {
        super::turned(&parse_query(text).unwrap(), name)
    }

    #[test]
    fn what_is_executed_is_the_operation_alone_with_its_fragments() {
        let text = "query A { a { ...x } } subscription B { b { ...y } } fragment x on T { c }
            fragment y on T { d ... on T { ...z } } fragment z on T { e }";
        let document = turned(text, Some("B")).unwrap();
        let DocumentOperations::Single(operation) = &document.operations else { panic!("one operation") };
        assert_eq!(operation.node.ty, OperationType::Query);
        let mut names: Vec<&str> = document.fragments.keys().map(Name::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["y", "z"]);
        assert!(turned(text, None).is_err());
    }

    #[test]
    fn one_field_stands_at_the_root() {
        for good in [
            "subscription { a { b c } }",
            "subscription { x: a { b } x: a { c } }",
            "subscription { ...f } fragment f on Subscription { ... on Subscription { a } a }",
        ] {
            assert!(turned(good, None).is_ok(), "{good}");
        }
        for bad in [
            "subscription { a b }",
            "subscription { a x: a }",
            "subscription { a ...f } fragment f on Subscription { b ...f }",
            "subscription { a ... { b } }",
            "subscription { __typename }",
            "subscription { a @skip(if: true) }",
            "subscription($x: Boolean!) { a @include(if: $x) }",
        ] {
            assert!(turned(bad, None).is_err(), "{bad}");
        }
    }
}
