//! Hot types: lists whose entries are at hand in full are written as JSON at once, without the executor.
//!
//! The executor makes a future, a context and a value for each field of each object: some three thousand allocations for a
//! page of posts. Here the selection is read once ([`Plan`], kept with the document by [`Plans`]) and then followed for each
//! entry, from what the entry already holds to bytes. The bytes leave the executor as `Value::Binary`, and whoever writes the response puts them where they
//! belong as they are.
//!
//! It is the same answer, byte for byte, or it is not given: if the selection holds anything that a type does not write (what
//! has to be looked up, what can fail, what is its owner's alone), if one of the entries lacks what it asks for
//! ([`Writing::give_up`]), or if the executor would have to merge the list with another one under the same key, the list takes
//! the ordinary way. Guards and look-ups do not run here: what is written was found visible by the query that brought it.

mod json;
mod plan;
mod plans;
mod selection;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]
mod tests;

use std::borrow::Cow;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, QueryPathSegment, ServerResult, Value};
use darkroom_service::App;

pub(crate) use json::{boolean, id, moment, name, null, number, real, text, texts, written_or_null};
pub(crate) use plan::{Plan, Step, Writing, step};
pub use plans::Plans;
pub(crate) use selection::selection;

/// An output type that can be written at once.
pub(crate) trait Hot: OutputType + 'static {
    /// What one is written from.
    type Source: Send + Sync + 'static;

    /// What this one is written from; none if something of it would have to be looked up.
    fn source(&self) -> Option<&Self::Source>;

    /// How a field with these arguments is written; none if it is not written here. The plan writes the field's key.
    fn field(field: &Context<'_>) -> Option<Step<Self::Source>>;
}

/// About as many bytes as a post takes, with its author and two photos in three sizes.
const USUAL: usize = 2048;

/// A list of a hot type, for a resolver to return in place of `Vec<&T>`.
pub(crate) struct HotList<'a, T>(pub(crate) Vec<&'a T>);

impl<T: Hot> HotList<'_, T> {
    /// The list as JSON; none if it has to take the ordinary way.
    fn write(&self, ctx: &ContextSelectionSet<'_>) -> Option<Vec<u8>> {
        let app = ctx.data_opt::<App>()?;
        let sources = self.0.iter().map(|entry| entry.source()).collect::<Option<Vec<_>>>()?;
        let plan = is_alone(ctx).then(|| Plans::of::<T>(ctx))??;
        let mut out = Vec::with_capacity(sources.len() * USUAL);
        let with = Writing::now(app);
        json::list(&mut out, &sources, |out, source| plan.write(source, &with, out));
        (!with.has_given_up()).then_some(out)
    }
}

impl<T: Hot> OutputType for HotList<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match self.write(ctx) {
            Some(json) => Ok(Value::Binary(json.into())),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// Whether nothing else in the document answers under the same key. The executor answers each mention of a field by itself and
/// merges the values, which bytes are not open to.
fn is_alone(ctx: &ContextSelectionSet<'_>) -> bool {
    let Some(here) = ctx.path_node else { return false };
    let mut keys: Vec<&str> = std::iter::once(&here)
        .chain(here.parents())
        .filter_map(|node| match node.segment {
            QueryPathSegment::Name(key) => Some(key),
            QueryPathSegment::Index(_) => None,
        })
        .collect();
    keys.reverse();
    let mut set = &ctx.query_env.operation.node.selection_set.node;
    for key in keys {
        let mut found = None;
        if mentions(ctx, set, key, &mut found) != 1 {
            return false;
        }
        match found {
            Some(next) => set = next,
            None => return false,
        }
    }
    true
}

/// How often a selection, with its fragments, mentions a key, and what is selected below it.
fn mentions<'a>(
    ctx: &ContextSelectionSet<'a>,
    set: &'a SelectionSet,
    key: &str,
    found: &mut Option<&'a SelectionSet>,
) -> usize {
    let mut count = 0;
    for selection in &set.items {
        count += match &selection.node {
            Selection::Field(field) if field.node.response_key().node.as_str() == key => {
                *found = Some(&field.node.selection_set.node);
                1
            }
            Selection::Field(_) => 0,
            Selection::InlineFragment(fragment) => mentions(ctx, &fragment.node.selection_set.node, key, found),
            Selection::FragmentSpread(spread) => match ctx.query_env.fragments.get(&spread.node.fragment_name.node) {
                Some(fragment) => mentions(ctx, &fragment.node.selection_set.node, key, found),
                None => 0,
            },
        };
    }
    count
}
