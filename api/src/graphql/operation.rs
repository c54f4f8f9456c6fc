//! A look at an operation before it is executed: what kind it is, and whether its variables are there.

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, ServerError};

/// What kind of operation will run, and whether it proves who asks; none if the document leaves it open, which the executor then says.
///
/// The error is a request error: the document can't be parsed, or a required variable is missing. The executor finds the
/// latter too late, when fields before it have run already; its validation finds values of a wrong type.
pub(crate) fn examine(request: &mut Request) -> Result<Option<(OperationType, bool)>, ServerError> {
    let name = request.operation_name.clone();
    let document = request.parsed_query()?;
    let Some(operation) = darkroom_schema::selected(document, name.as_deref()) else { return Ok(None) };
    let found = (operation.node.ty, darkroom_schema::proves_who_asks(&operation.node));
    let definitions = operation.node.variable_definitions.iter();
    let required: Vec<_> = definitions
        .filter(|definition| definition.node.default_value().is_none())
        .map(|definition| (definition.node.name.node.clone(), definition.pos))
        .collect();
    match required.into_iter().find(|(name, _)| !request.variables.contains_key(name)) {
        None => Ok(Some(found)),
        Some((name, position)) => {
            let mut error = coded("INVALID", format!("The variable ${name} is required and missing."));
            error.locations.push(position);
            Err(error)
        }
    }
}

/// An error of the whole request.
pub(crate) fn coded(code: &str, message: impl Into<String>) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use async_graphql::{Variables, value};

    fn examine(query: &str, name: Option<&str>) -> Result<Option<OperationType>, String> {
        let mut request = Request::new(query).variables(Variables::from_value(value!({ "here": null })));
        request.operation_name = name.map(str::to_owned);
        let found = super::examine(&mut request).map_err(|error| error.message)?;
        Ok(found.map(|(kind, _)| kind))
    }

    #[test]
    fn kinds() {
        let two = "query a { x } mutation b { y }";
        assert_eq!(examine("{ x }", None), Ok(Some(OperationType::Query)));
        assert_eq!(examine("mutation m { y }", None), Ok(Some(OperationType::Mutation)));
        assert_eq!(examine("subscription { z }", None), Ok(Some(OperationType::Subscription)));
        assert_eq!(examine(two, Some("b")), Ok(Some(OperationType::Mutation)));
        for (query, name) in [(two, None), (two, Some("c")), ("{ x }", Some("a"))] {
            assert_eq!(examine(query, name), Ok(None), "{query} {name:?}");
        }
        assert!(examine("{", None).is_err());
    }

    #[test]
    fn a_variable_is_missing_only_if_nothing_stands_for_it() {
        for good in ["query($here: Int!) { x }", "query($there: Int) { x }", "query($there: Int! = 1) { x }"] {
            assert!(examine(good, None).is_ok(), "{good}");
        }
        assert!(examine("query($there: Int!) { x }", None).unwrap_err().contains("$there"));
        // What the other operation needs is nobody's matter.
        assert!(examine("query a { x } query b($there: Int!) { x }", Some("a")).is_ok());
    }
}
