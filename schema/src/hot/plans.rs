//! Plans that are kept with a document: an app sends the same one again and again, and its selections are read once.

use std::any::{Any, TypeId};
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::parser::types::{Selection, SelectionSet};
use async_graphql::{ContextSelectionSet, Name, Pos, Value, Variables};

use super::{Hot, Plan};

/// Most fields and variables of all selections of one document whose plans are kept, fragments counted as often as they are spread.
pub(super) const MOST: usize = 128;

/// About how many bytes each of these takes: its key, what it is written with, and what that was made of.
const STEP: usize = 128;

/// Longest key of a field, and longest value of a variable, bytes: of what is longer no plan is kept.
const LONGEST: usize = 64;

/// How a document's lists are written, kept for the next request with the same document. Clones share it.
///
/// It belongs to a document without directives: what `@skip` and `@include` leave is another selection for each value, in the same
/// place. Give it to requests as data. Without it each request reads its selections for itself.
#[derive(Clone, Default)]
pub struct Plans(Arc<RwLock<Vec<Kept>>>);

/// Variables with their values; none where there is no value.
type Sent = Vec<(Name, Option<Value>)>;

struct Kept {
    place: Place,
    /// The variables that the selection mentions, as they were sent.
    sent: Sent,
    /// Fields and variables of the selection.
    length: usize,
    plan: Arc<dyn Any + Send + Sync>,
}

/// A selection of a document, in one of its operations, for one type.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Another operation gives a variable another default.
    operation: Pos,
    selection: Pos,
    of: TypeId,
}

impl Plans {
    /// About how many bytes they take at most.
    pub const WEIGHT: usize = MOST * STEP;

    /// The plan of a selection, kept or read; none if it holds anything that the type does not write.
    pub(super) fn of<T: Hot>(ctx: &ContextSelectionSet<'_>) -> Option<Arc<Plan<T>>> {
        let Some(plans) = ctx.data_opt::<Self>() else { return Plan::of(ctx).map(Arc::new) };
        let place = Place { operation: ctx.query_env.operation.pos, selection: ctx.item.pos, of: TypeId::of::<T>() };
        if let Some(kept) = plans.find(place, &ctx.query_env.variables) {
            return Some(kept);
        }
        let plan = Arc::new(Plan::of(ctx)?);
        if let Some((sent, length)) = Mentions::of(ctx).and_then(|mentions| mentions.sent(&ctx.query_env.variables)) {
            plans.keep(Kept { place, sent, length, plan: Arc::clone(&plan) as _ });
        }
        Some(plan)
    }

    fn find<T: Hot>(&self, place: Place, variables: &Variables) -> Option<Arc<Plan<T>>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_same = |kept: &&Kept| {
            kept.place == place && kept.sent.iter().all(|(name, value)| variables.get(name) == value.as_ref())
        };
        Arc::clone(&kept.iter().find(is_same)?.plan).downcast().ok()
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The oldest make room.
    fn keep(&self, new: Kept) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().any(|kept| kept.place == new.place && kept.sent == new.sent) {
            return;
        }
        kept.push(new);
        let mut length: usize = kept.iter().map(|kept| kept.length).sum();
        while length > MOST {
            length -= kept.remove(0).length;
        }
    }
}

/// What a selection mentions, with its fragments.
struct Mentions {
    /// Variables, each once.
    names: Vec<Name>,
    /// How much more there may be.
    room: usize,
}

impl Mentions {
    /// None if it is long, or a key in it is.
    fn of(ctx: &ContextSelectionSet<'_>) -> Option<Self> {
        let mut mentions = Self { names: Vec::new(), room: MOST };
        mentions.selection(ctx, &ctx.item.node)?;
        Some(mentions)
    }

    /// The variables as they were sent, and how much is mentioned in all; none if a value takes much room.
    fn sent(self, variables: &Variables) -> Option<(Sent, usize)> {
        let length = MOST - self.room;
        let sent = self.names.into_iter().map(|name| match variables.get(&name).cloned() {
            Some(Value::List(_) | Value::Object(_) | Value::Binary(_)) => None,
            Some(Value::String(text)) if text.len() > LONGEST => None,
            value => Some((name, value)),
        });
        Some((sent.collect::<Option<_>>()?, length))
    }

    fn selection(&mut self, ctx: &ContextSelectionSet<'_>, set: &SelectionSet) -> Option<()> {
        for selection in &set.items {
            self.one_more()?;
            let below = match &selection.node {
                Selection::Field(field) => {
                    if field.node.response_key().node.len() > LONGEST {
                        return None;
                    }
                    for (_, value) in &field.node.arguments {
                        let note = |name| self.variable(name).map(|()| Value::Null).ok_or(());
                        value.node.clone().into_const_with(note).ok()?;
                    }
                    &field.node.selection_set.node
                }
                Selection::InlineFragment(fragment) => &fragment.node.selection_set.node,
                Selection::FragmentSpread(spread) => {
                    &ctx.query_env.fragments.get(&spread.node.fragment_name.node)?.node.selection_set.node
                }
            };
            self.selection(ctx, below)?;
        }
        Some(())
    }

    fn variable(&mut self, name: Name) -> Option<()> {
        if !self.names.contains(&name) {
            self.one_more()?;
            self.names.push(name);
        }
        Some(())
    }

    fn one_more(&mut self) -> Option<()> {
        self.room = self.room.checked_sub(1)?;
        Some(())
    }
}
