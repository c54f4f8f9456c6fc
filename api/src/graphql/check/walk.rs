//! One walk over a parsed document: what there is of everything after expansion, and the expression of its cost.
//!
//! Fragments come in topological order, so each is looked at once, by which time all that it spreads is known: what is a
//! bomb when it is expanded is some additions here. Recursion follows the text's own nesting only, which `token` bounds.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet, TypeCondition,
};
use async_graphql::{Name, Pos, Positioned, ServerError};

use super::cost::{Costs, Factor, Id, Sum, Sums, length};
use super::shape::Shape;
use super::{Limits, exceeded};
use crate::graphql::operation::coded;

/// What a selection holds after expansion.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    fields: u64,
    aliases: u64,
    directives: u64,
    /// Fields of the selection itself.
    top: u64,
    depth: u64,
    levels: u64,
    /// Fields that describe the schema, times the lengths of the lists around them.
    described: u64,
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.levels = self.levels.max(other.levels);
        self.described = self.described.saturating_add(other.described);
    }
}

struct Walk<'a> {
    shape: &'a Shape,
    limits: &'a Limits,
    sums: Sums,
    /// Fragments that have been looked at.
    fragments: HashMap<&'a str, (Id, Count)>,
    /// Defaults of the variables of the only operation. A fragment's variables are its operation's, and several operations
    /// may declare them differently: then a variable that is not sent counts as the schema's default.
    defaults: HashMap<&'a str, u64>,
    wrong_names: u64,
}

/// Looks at a document.
///
/// # Errors
/// A request error: a limit is exceeded, or a fragment spreads itself.
pub(super) fn walk(document: &ExecutableDocument, shape: &Shape, limits: &Limits) -> Result<Costs, ServerError> {
    let operations: Vec<_> = document.operations.iter().collect();
    within("operations", "The document has too many operations", operations.len(), limits.operations, None)?;
    within("fragments", "The document has too many fragments", document.fragments.len(), limits.fragments, None)?;
    let mut walk = Walk::new(document, shape, limits);
    for (name, fragment) in in_order(document)? {
        walk.fragment(name, fragment)?;
    }
    let mut whole = Count::default();
    let mut ids = Vec::with_capacity(operations.len());
    for (name, operation) in operations {
        let (sum, count) = walk.operation(&operation.node, operation.pos)?;
        whole.add(&count);
        ids.push((name.cloned(), walk.sums.keep(sum)));
    }
    let within = |name, what, found: u64, most: usize| match found > most as u64 {
        true => Err(exceeded(name, what, found, most as u64, None)),
        false => Ok(()),
    };
    within("depth", "The document has too many fields inside one another", whole.depth, limits.depth)?;
    within("levels", "The document has too many selections inside one another", whole.levels, limits.levels)?;
    within("fields", "The document has too many fields", whole.fields, limits.fields)?;
    within("aliases", "The document has too many aliases", whole.aliases, limits.aliases)?;
    within("directives", "The document has too many directives", whole.directives, limits.directives)?;
    let described = if limits.introspection { usize::try_from(shape.introspection).unwrap_or(usize::MAX) } else { 0 };
    within("introspection", "The document asks for too much of the schema", whole.described, described)?;
    let wrong = "The document names too many fields, arguments and types that the schema does not have";
    within("wrongNames", wrong, walk.wrong_names, limits.wrong_names)?;
    Ok(Costs::new(walk.sums, ids))
}

/// What a document of ours asks for about the schema.
pub(super) fn described(document: &ExecutableDocument, shape: &Shape) -> u64 {
    let limits = Limits::default();
    let mut walk = Walk::new(document, shape, &limits);
    for (name, fragment) in in_order(document).unwrap_or_default() {
        let _ = walk.fragment(name, fragment);
    }
    let operations = document.operations.iter();
    let counts = operations.filter_map(|(_, operation)| walk.operation(&operation.node, operation.pos).ok());
    counts.map(|(_, count)| count.described).sum()
}

/// The fragments, each after all that it spreads.
fn in_order(document: &ExecutableDocument) -> Result<Vec<(&str, &Positioned<FragmentDefinition>)>, ServerError> {
    let mut waiting: HashMap<&str, usize> = HashMap::new();
    let mut users: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut ready = Vec::new();
    for (name, fragment) in &document.fragments {
        let name = name.as_str();
        let mut spread = HashSet::new();
        spreads(&fragment.node.selection_set.node, &mut spread);
        // What is not there, validation names.
        spread.retain(|name| document.fragments.contains_key(*name));
        if spread.is_empty() {
            ready.push(name);
        } else {
            waiting.insert(name, spread.len());
        }
        for other in spread {
            users.entry(other).or_default().push(name);
        }
    }
    let mut order = Vec::with_capacity(document.fragments.len());
    while let Some(name) = ready.pop() {
        if let Some(fragment) = document.fragments.get(name) {
            order.push((name, fragment));
        }
        for user in users.remove(name).unwrap_or_default() {
            if let Some(others) = waiting.get_mut(user) {
                *others -= 1;
                if *others == 0 {
                    waiting.remove(user);
                    ready.push(user);
                }
            }
        }
    }
    match waiting.keys().min() {
        None => Ok(order),
        Some(name) => {
            let mut error = coded("INVALID", format!("The fragment \"{name}\" spreads itself, or one that does."));
            error.locations.extend(document.fragments.get(*name).map(|fragment| fragment.pos));
            Err(error)
        }
    }
}

fn spreads<'a>(set: &'a SelectionSet, found: &mut HashSet<&'a str>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => spreads(&field.node.selection_set.node, found),
            Selection::InlineFragment(fragment) => spreads(&fragment.node.selection_set.node, found),
            Selection::FragmentSpread(spread) => {
                found.insert(spread.node.fragment_name.node.as_str());
            }
        }
    }
}

fn within(name: &'static str, what: &str, found: usize, most: usize, position: Option<Pos>) -> Result<(), ServerError> {
    if found > most { Err(exceeded(name, what, found as u64, most as u64, position)) } else { Ok(()) }
}

impl<'a> Walk<'a> {
    fn new(document: &'a ExecutableDocument, shape: &'a Shape, limits: &'a Limits) -> Self {
        let mut operations = document.operations.iter();
        let only = operations.next().filter(|_| operations.next().is_none());
        let definitions = only.iter().flat_map(|(_, operation)| &operation.node.variable_definitions);
        let defaults = definitions.filter_map(|variable| {
            let default = variable.node.default_value.as_ref()?;
            Some((variable.node.name.node.as_str(), length(&default.node)?))
        });
        let defaults = defaults.collect();
        Self { shape, limits, sums: Sums::default(), fragments: HashMap::new(), defaults, wrong_names: 0 }
    }

    fn fragment(&mut self, name: &'a str, fragment: &'a Positioned<FragmentDefinition>) -> Result<(), ServerError> {
        let definition = &fragment.node;
        let directives = self.directives(&definition.directives, fragment.pos)?;
        let on = self.condition(Some(&definition.type_condition));
        let (sum, mut count) = self.selection(&definition.selection_set.node, on)?;
        count.directives = count.directives.saturating_add(directives);
        let id = self.sums.keep(sum);
        self.fragments.insert(name, (id, count));
        Ok(())
    }

    fn operation(&mut self, operation: &'a OperationDefinition, at: Pos) -> Result<(Sum, Count), ServerError> {
        let variables = &operation.variable_definitions;
        within("variables", "The operation has too many variables", variables.len(), self.limits.variables, Some(at))?;
        let mut directives = self.directives(&operation.directives, at)?;
        for variable in variables {
            directives += self.directives(&variable.node.directives, variable.pos)?;
        }
        let (sum, mut count) = self.selection(&operation.selection_set.node, self.shape.root(operation.ty))?;
        count.directives = count.directives.saturating_add(directives);
        let most = match operation.ty {
            OperationType::Mutation => self.limits.mutations,
            OperationType::Query | OperationType::Subscription => self.limits.root_fields,
        };
        if count.top > most as u64 {
            let what = format!("The {} begins with too many fields", operation.ty);
            return Err(exceeded("rootFields", &what, count.top, most as u64, Some(at)));
        }
        Ok((sum, count))
    }

    fn selection(&mut self, set: &'a SelectionSet, on: Option<usize>) -> Result<(Sum, Count), ServerError> {
        let (mut sum, mut count) = (Sum::default(), Count::default());
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, field.pos, on, &mut sum, &mut count)?,
                Selection::InlineFragment(fragment) => {
                    let directives = self.directives(&fragment.node.directives, fragment.pos)?;
                    let on = match &fragment.node.type_condition {
                        None => on,
                        condition => self.condition(condition.as_ref()),
                    };
                    let (of_fragment, below) = self.selection(&fragment.node.selection_set.node, on)?;
                    sum.join(of_fragment);
                    count.add(&below);
                    count.top = count.top.saturating_add(below.top);
                    count.directives = count.directives.saturating_add(directives);
                }
                Selection::FragmentSpread(spread) => {
                    let directives = self.directives(&spread.node.directives, spread.pos)?;
                    count.directives = count.directives.saturating_add(directives);
                    let name = spread.node.fragment_name.node.as_str();
                    if let Some((id, below)) = self.fragments.get(name) {
                        sum.spread(*id, &self.sums);
                        count.add(below);
                        count.top = count.top.saturating_add(below.top);
                    }
                }
            }
        }
        count.levels = count.levels.saturating_add(u64::from(!set.items.is_empty()));
        Ok((sum, count))
    }

    fn field(
        &mut self,
        field: &'a Field,
        at: Pos,
        on: Option<usize>,
        sum: &mut Sum,
        count: &mut Count,
    ) -> Result<(), ServerError> {
        let directives = self.directives(&field.directives, at)?;
        let shape = self.shape;
        let owner = on.and_then(|place| shape.at(place));
        let name = field.name.node.as_str();
        let known = owner.and_then(|owner| owner.fields.get(name));
        match known {
            Some(known) => {
                let takes = |name: &str| known.arguments.iter().any(|known| known == name);
                self.wrong_names += field.arguments.iter().filter(|(name, _)| !takes(&name.node)).count() as u64;
            }
            None if owner.is_some() && name != "__typename" => self.wrong_names += 1,
            None => {}
        }
        let times = known.map_or(Factor::Fixed(1), |known| known.times(field, |name| self.defaults.get(name).copied()));
        let (below, inner) = self.selection(&field.selection_set.node, known.and_then(|known| known.of))?;
        if owner.is_some_and(|owner| owner.describes) {
            let length = if let Factor::Fixed(length) = times { length } else { 1 };
            let described = inner.described.saturating_mul(length).saturating_add(1);
            count.add(&Count { described, ..inner });
        } else {
            sum.add_field(below, times, &mut self.sums);
            count.add(&inner);
        }
        count.fields = count.fields.saturating_add(1);
        count.top = count.top.saturating_add(1);
        count.aliases = count.aliases.saturating_add(u64::from(field.alias.is_some()));
        count.directives = count.directives.saturating_add(directives);
        count.depth = count.depth.max(inner.depth.saturating_add(1));
        Ok(())
    }

    /// The type that a fragment is for.
    fn condition(&mut self, condition: Option<&Positioned<TypeCondition>>) -> Option<usize> {
        let name: &Name = &condition?.node.on.node;
        let place = self.shape.named(name);
        self.wrong_names += u64::from(place.is_none());
        place
    }

    /// How many there are, of at most so many in one place.
    fn directives(&self, directives: &[Positioned<Directive>], at: Pos) -> Result<u64, ServerError> {
        let most = self.limits.directives_at_once;
        within("directivesAtOnce", "Too many directives stand in one place", directives.len(), most, Some(at))?;
        Ok(directives.len() as u64)
    }
}
