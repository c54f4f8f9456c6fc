//! What is asked for below a field, as text: two that are the same text are answered the same.

use std::fmt::Write;

use async_graphql::{Context, SelectionField};

/// What is selected below a field of which a [`Plan`](super::Plan) was made: keys, fields and arguments in their order, with
/// fragments and variables put in their places. None if an argument has no value.
pub(crate) fn selection(field: &Context<'_>) -> Option<String> {
    let mut text = String::new();
    below(&mut text, &field.field())?;
    Some(text)
}

/// All fragments on the way apply: a plan is made of nothing else.
fn below(text: &mut String, field: &SelectionField<'_>) -> Option<()> {
    text.push('{');
    for field in field.selection_set() {
        if let Some(alias) = field.alias() {
            write!(text, "{alias}:").ok()?;
        }
        write!(text, "{}(", field.name()).ok()?;
        for (name, value) in field.arguments().ok()? {
            // As GraphQL writes it, with quotes and escapes: no value looks like another, or like what comes after it.
            write!(text, "{name}:{value},").ok()?;
        }
        text.push(')');
        below(text, &field)?;
    }
    text.push('}');
    Some(())
}
