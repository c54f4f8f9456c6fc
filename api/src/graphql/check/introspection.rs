//! The types that describe a schema, and what asking for them may cost.
//!
//! They are no part of the schema's own types, and their lists are as long as the schema is large: `types` gives them all,
//! and each field's type has fields again. Descriptions cost no look-up, so they have a budget of their own: what the
//! question costs that every tool asks, and half as much again.

use std::collections::HashMap;

use super::shape::{Field, Shape, Type};
use super::walk;

/// What tools ask: everything about every type.
pub(super) const USUAL: &str = "query { __schema { description queryType { name } mutationType { name } subscriptionType { name }
    types { ...Type } directives { name description isRepeatable locations args(includeDeprecated: true) { ...Input } } } }
    fragment Type on __Type { kind name description specifiedByURL isOneOf
        fields(includeDeprecated: true) {
            name description args(includeDeprecated: true) { ...Input } type { ...Named } isDeprecated deprecationReason }
        inputFields(includeDeprecated: true) { ...Input } interfaces { ...Named }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...Named } }
    fragment Input on __InputValue { name description type { ...Named } defaultValue isDeprecated deprecationReason }
    fragment Named on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

/// A field: its name, the type it gives, how many, its arguments.
type Described = (&'static str, Option<&'static str>, u64, &'static [&'static str]);

/// Adds the types that describe the schema, and the two fields that lead to them.
pub(super) fn add(
    types: &mut Vec<Type>,
    places: &mut HashMap<String, usize>,
    query: Option<usize>,
    (possible, interfaces): (u64, u64),
) {
    const DEPRECATED: &[&str] = &["includeDeprecated"];
    let all = types.len() as u64 + 8;
    let fields = usual_fields(types);
    let kinds: [(&str, &[Described]); 6] = [
        (
            "__Schema",
            &[
                ("description", None, 1, &[]),
                ("types", Some("__Type"), all, &[]),
                ("queryType", Some("__Type"), 1, &[]),
                ("mutationType", Some("__Type"), 1, &[]),
                ("subscriptionType", Some("__Type"), 1, &[]),
                ("directives", Some("__Directive"), 5, &[]),
            ],
        ),
        (
            "__Type",
            &[
                ("kind", None, 1, &[]),
                ("name", None, 1, &[]),
                ("description", None, 1, &[]),
                ("specifiedByURL", None, 1, &[]),
                ("isOneOf", None, 1, &[]),
                ("fields", Some("__Field"), fields, DEPRECATED),
                ("inputFields", Some("__InputValue"), 2, DEPRECATED),
                ("interfaces", Some("__Type"), interfaces, &[]),
                ("possibleTypes", Some("__Type"), possible, &[]),
                ("enumValues", Some("__EnumValue"), 2, DEPRECATED),
                ("ofType", Some("__Type"), 1, &[]),
            ],
        ),
        (
            "__Field",
            &[
                ("name", None, 1, &[]),
                ("description", None, 1, &[]),
                ("args", Some("__InputValue"), 1, DEPRECATED),
                ("type", Some("__Type"), 1, &[]),
                ("isDeprecated", None, 1, &[]),
                ("deprecationReason", None, 1, &[]),
            ],
        ),
        (
            "__InputValue",
            &[
                ("name", None, 1, &[]),
                ("description", None, 1, &[]),
                ("type", Some("__Type"), 1, &[]),
                ("defaultValue", None, 1, &[]),
                ("isDeprecated", None, 1, &[]),
                ("deprecationReason", None, 1, &[]),
            ],
        ),
        (
            "__EnumValue",
            &[
                ("name", None, 1, &[]),
                ("description", None, 1, &[]),
                ("isDeprecated", None, 1, &[]),
                ("deprecationReason", None, 1, &[]),
            ],
        ),
        (
            "__Directive",
            &[
                ("name", None, 1, &[]),
                ("description", None, 1, &[]),
                ("isRepeatable", None, 1, &[]),
                ("locations", None, 1, &[]),
                ("args", Some("__InputValue"), 1, DEPRECATED),
            ],
        ),
    ];
    for (name, _) in kinds {
        places.insert(name.to_owned(), types.len());
        types.push(Type { describes: true, ..Type::default() });
    }
    let place = |name: Option<&str>| name.and_then(|name| places.get(name).copied());
    for (name, described) in kinds {
        let Some(kind) = place(Some(name)).and_then(|place| types.get_mut(place)) else { continue };
        let fields = described
            .iter()
            .map(|&(name, of, times, arguments)| (name.to_owned(), Field::fixed(place(of), times, arguments)));
        kind.fields = fields.collect();
    }
    if let Some(query) = query.and_then(|query| types.get_mut(query)) {
        query.fields.insert("__schema".to_owned(), Field::fixed(place(Some("__Schema")), 1, &[]));
        query.fields.insert("__type".to_owned(), Field::fixed(place(Some("__Type")), 1, &["name"]));
    }
}

/// How many fields a field's type has, in the mean over all fields, or a type, if that is more: what each turn of a circular
/// question multiplies by.
fn usual_fields(types: &[Type]) -> u64 {
    let of_type = |place: usize| types.get(place).map_or(0, |kind| kind.fields.len());
    let fields = types.iter().flat_map(|kind| kind.fields.values());
    let (count, below) =
        fields.fold((0_usize, 0_usize), |(count, below), field| (count + 1, below + field.of.map_or(0, of_type)));
    let a_type = count.div_ceil(types.len().max(1));
    (below.div_ceil(count.max(1)).max(a_type) as u64).max(1)
}

/// What a document may ask for about the schema.
pub(super) fn allowance(shape: &Shape) -> u64 {
    let usual = async_graphql::parser::parse_query(USUAL).ok();
    let asked = usual.map_or(0, |document| walk::described(&document, shape));
    asked.saturating_add(asked / 2)
}
