//! A selection, read once: which keys, in which order, and how each value is written.

use std::cell::Cell;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Context, ContextSelectionSet};
use darkroom_service::App;
use darkroom_service::card::LinkWindow;

use super::{Hot, json};

/// What all values of one list are written with.
pub(crate) struct Writing<'a> {
    pub(crate) app: &'a App,
    /// For how long links are signed.
    pub(crate) links: LinkWindow,
    given_up: Cell<bool>,
}

impl<'a> Writing<'a> {
    pub(crate) fn now(app: &'a App) -> Self {
        Self { app, links: LinkWindow::now(app), given_up: Cell::new(false) }
    }

    /// Says, from within a step, that a value would have to be looked up after all: the whole list takes the ordinary way, and
    /// whatever was written is thrown away.
    pub(crate) fn give_up(&self) {
        self.given_up.set(true);
    }

    /// Whether one did.
    pub(crate) fn has_given_up(&self) -> bool {
        self.given_up.get()
    }
}

/// Writes one field's value.
pub(crate) type Step<S> = Box<dyn Fn(&S, &Writing<'_>, &mut Vec<u8>) + Send + Sync>;

/// The step of a field that needs nothing but its object.
pub(crate) fn step<S>(write: impl Fn(&S, &mut Vec<u8>) + Send + Sync + 'static) -> Option<Step<S>> {
    Some(Box::new(move |source, _, out| write(source, out)))
}

/// How the objects of one list are written. Good for a selection and the variables that it mentions, and for nothing else of a request:
/// whose it is, and when, comes with [`Writing`].
pub(crate) struct Plan<T: Hot> {
    /// The key as it is written, `"likes":`, and what comes after it.
    fields: Vec<(Vec<u8>, Step<T::Source>)>,
}

impl<T: Hot> Plan<T> {
    /// Reads the selection; none if it holds anything that the type does not write.
    pub(crate) fn of(ctx: &ContextSelectionSet<'_>) -> Option<Self> {
        let mut reading = Reading { ctx, plan: Self { fields: Vec::new() }, read: Vec::new() };
        reading.read(&ctx.item.node)?;
        Some(reading.plan)
    }

    /// As [`Plan::of`], of what is selected below a field of another type's plan.
    pub(crate) fn below(field: &Context<'_>) -> Option<Self> {
        Self::of(&field.with_selection_set(&field.item.node.selection_set))
    }

    /// Writes one object.
    pub(crate) fn write(&self, source: &T::Source, with: &Writing<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        for (at, (key, step)) in self.fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            step(source, with, out);
        }
        out.push(b'}');
    }

    /// Writes a list of them.
    pub(crate) fn write_list(&self, sources: &[T::Source], with: &Writing<'_>, out: &mut Vec<u8>) {
        json::list(out, sources, |out, source| self.write(source, with, out));
    }
}

struct Reading<'a, T: Hot> {
    ctx: &'a ContextSelectionSet<'a>,
    plan: Plan<T>,
    read: Vec<&'a Field>,
}

impl<'a, T: Hot> Reading<'a, T> {
    /// Fields that `@skip` or `@include` leave out are no longer in it: the executor removes them before it begins.
    fn read(&mut self, set: &'a SelectionSet) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, &self.ctx.with_field(field))?,
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.fragment(on, &fragment.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.ctx.query_env.fragments.get(&spread.node.fragment_name.node)?;
                    let on = fragment.node.type_condition.node.on.node.as_str();
                    self.fragment(Some(on), &fragment.node.selection_set.node)?;
                }
            }
        }
        Some(())
    }

    /// A fragment on the type itself or on an interface of it.
    fn fragment(&mut self, on: Option<&str>, set: &'a SelectionSet) -> Option<()> {
        let own = T::type_name();
        let implements = |interface| self.ctx.schema_env.registry.implements.get(&*own)?.get(interface).map(|_| ());
        match on {
            Some(on) if on != own && implements(on).is_none() => None,
            _ => self.read(set),
        }
    }

    fn field(&mut self, field: &'a Field, ctx: &Context<'_>) -> Option<()> {
        let key = field.response_key().node.as_str();
        if let Some(before) = self.read.iter().find(|before| before.response_key().node.as_str() == key) {
            // The same value, which stands there already. Arguments and objects would have to be compared and merged.
            let is_same = before.name.node == field.name.node
                && [*before, field]
                    .iter()
                    .all(|one| one.arguments.is_empty() && one.selection_set.node.items.is_empty());
            return is_same.then_some(());
        }
        let step = match field.name.node.as_str() {
            "__typename" => step(|_, out| json::text(out, &T::type_name()))?,
            _ => T::field(ctx)?,
        };
        // Names are ASCII letters, digits and underscores.
        self.plan.fields.push((format!("\"{key}\":").into_bytes(), step));
        self.read.push(field);
        Some(())
    }
}
