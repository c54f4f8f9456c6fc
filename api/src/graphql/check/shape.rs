//! The schema as far as the check needs it: which fields a type has, of which type they are, and how long their lists are.
//!
//! It is read from the types themselves, once at the start. Nothing is guessed from a name but what `docs/api.md` fixes:
//! `first` and `last` say how much of a list is wanted, and a type with a `pageInfo` is a page, whose own lists are no
//! longer than that.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{Field as Asked, OperationType};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{ObjectType, SubscriptionType, Value};

use super::cost::{Factor, length};
use super::introspection;

/// How long a list counts that does not say how much of it is wanted: photos of a post, people mentioned, live stories.
const LIST: u64 = 3;

/// The schema's types. A type is named by its place.
#[derive(Debug)]
pub(crate) struct Shape {
    types: Vec<Type>,
    by_name: HashMap<String, usize>,
    roots: [Option<usize>; 3],
    /// What introspection may ask for, by its own reckoning.
    pub(super) introspection: u64,
}

/// A type that has fields, or stands for such.
#[derive(Debug, Default)]
pub(super) struct Type {
    /// Its fields by their names.
    pub(super) fields: HashMap<String, Field>,
    /// Whether it describes the schema itself.
    pub(super) describes: bool,
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Field {
    /// The type of what it gives; none if that has no fields.
    pub(super) of: Option<usize>,
    /// The arguments that it takes.
    pub(super) arguments: Vec<String>,
    length: Length,
}

/// How many a field gives.
#[derive(Debug)]
enum Length {
    Fixed(u64),
    /// As one of these arguments says, or else so many.
    Said {
        by: Vec<(String, Option<u64>)>,
        otherwise: u64,
    },
}

impl Shape {
    /// Of a schema with these roots.
    pub(crate) fn of<Q: ObjectType, M: ObjectType, S: SubscriptionType>() -> Self {
        let mut registry = Registry::default();
        Q::create_type_info(&mut registry);
        M::create_type_info(&mut registry);
        S::create_type_info(&mut registry);
        let names: Vec<&String> = registry.types.keys().collect();
        let mut by_name: HashMap<String, usize> =
            names.iter().enumerate().map(|(at, name)| ((*name).clone(), at)).collect();
        let mut types: Vec<Type> = names
            .iter()
            .map(|name| {
                let is_page = registry.types[*name].field_by_name("pageInfo").is_some();
                let fields = registry.types[*name].fields().into_iter().flatten();
                let fields = fields.map(|(name, field)| (name.clone(), read(field, is_page, &registry, &by_name)));
                Type { fields: fields.collect(), describes: false }
            })
            .collect();
        let root = |name: std::borrow::Cow<'static, str>| by_name.get(name.as_ref()).copied();
        let roots = [root(Q::type_name()), root(M::type_name()), root(S::type_name())];
        introspection::add(&mut types, &mut by_name, roots[0], related(&registry));
        let mut shape = Self { types, by_name, roots, introspection: 0 };
        shape.introspection = introspection::allowance(&shape);
        shape
    }

    /// A type by its place.
    pub(super) fn at(&self, place: usize) -> Option<&Type> {
        self.types.get(place)
    }

    /// The place of a type that has fields, or stands for such.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The type whose fields such operations begin with.
    pub(super) fn root(&self, kind: OperationType) -> Option<usize> {
        self.roots[match kind {
            OperationType::Query => 0,
            OperationType::Mutation => 1,
            OperationType::Subscription => 2,
        }]
    }
}

impl Field {
    /// A field without arguments that gives so many.
    pub(super) fn fixed(of: Option<usize>, times: u64, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&name| name.to_owned()).collect();
        Self { of, arguments, length: Length::Fixed(times) }
    }

    /// How many it gives when it is asked for like this; `default` knows what variables say that are not sent.
    pub(super) fn times(&self, asked: &Asked, default: impl Fn(&str) -> Option<u64>) -> Factor {
        let (by, otherwise) = match &self.length {
            Length::Fixed(times) => return Factor::Fixed(*times),
            Length::Said { by, otherwise } => (by, otherwise),
        };
        let said = by.iter().find_map(|(name, own)| {
            let otherwise = own.unwrap_or(*otherwise);
            let mut variable = None;
            let value = asked.get_argument(name)?.node.clone().into_const_with(|name| {
                variable = Some(name);
                Ok::<_, Infallible>(Value::Null)
            });
            let Ok(value) = value;
            Some(match (&value, variable) {
                (Value::Null, Some(name)) => {
                    let default = default(&name).unwrap_or(otherwise);
                    Factor::Variable { name, default }
                }
                _ => Factor::Fixed(length(&value).unwrap_or(otherwise)),
            })
        });
        said.unwrap_or(Factor::Fixed(*otherwise))
    }
}

/// The most types that an abstract type can be, and the most interfaces that a type has: who asks from one to the other and
/// back goes through the largest each time.
fn related(registry: &Registry) -> (u64, u64) {
    let possible = registry.types.values().map(|kind| match kind {
        MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. } => possible_types.len(),
        _ => 0,
    });
    let interfaces = registry.implements.values().map(|interfaces| interfaces.len());
    (possible.max().unwrap_or(0).max(1) as u64, interfaces.max().unwrap_or(0).max(1) as u64)
}

fn read(field: &MetaField, is_page: bool, registry: &Registry, places: &HashMap<String, usize>) -> Field {
    let base = MetaTypeName::concrete_typename(&field.ty);
    let composite = registry.types.get(base).is_some_and(|base| base.is_composite());
    let of = composite.then(|| places.get(base).copied()).flatten();
    let arguments = field.args.keys().cloned().collect();
    let default = |name: &str| {
        let number = field.args.get(name)?.default_value.as_ref()?;
        number.parse().ok()
    };
    let is_list = field.ty.contains('[');
    let mut by: Vec<(String, Option<u64>)> = ["first", "last"]
        .into_iter()
        .filter(|name| field.args.contains_key(*name))
        .map(|name| (name.to_owned(), default(name)))
        .collect();
    if by.is_empty() && is_list {
        // As many as are asked for by name: `nodes(ids:)`.
        let lists = field.args.iter().filter(|(_, argument)| argument.ty.starts_with('['));
        by.extend(lists.map(|(name, _)| (name.clone(), None)));
    }
    let otherwise = match by.iter().find_map(|(_, default)| *default) {
        Some(default) => default,
        None if is_list && !is_page => LIST,
        None => 1,
    };
    let length = if by.is_empty() { Length::Fixed(otherwise) } else { Length::Said { by, otherwise } };
    Field { of, arguments, length }
}
