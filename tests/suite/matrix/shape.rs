//! The schema as introspection tells it, and documents that ask for everything in it.

use std::collections::BTreeMap;

use darkroom_testing::Client;
use serde_json::{Value, json};

/// Entries of a list that is asked for: more than any list of the test's world holds.
const FIRST: usize = 10;

/// Entries of a list within a list.
const FIRST_WITHIN: usize = 4;

/// How many objects deep a document goes below the object it is about.
const DEPTH: usize = 2;

/// The types of the schema.
pub(crate) struct Shape {
    types: BTreeMap<String, Type>,
    /// The upload that everyone asks for.
    upload: String,
}

struct Type {
    kind: String,
    fields: Vec<Field>,
    /// Of an interface or a union: the object types that it can be.
    possible: Vec<String>,
}

/// A field of an object type.
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// The type it leads to, lists and non-null taken off.
    pub(crate) leads_to: String,
    arguments: Vec<Argument>,
}

struct Argument {
    name: String,
    is_required: bool,
}

impl Shape {
    /// Asks a server for its schema. Fields that need an upload's id are given this one.
    pub(crate) async fn of(client: &Client, upload: &str) -> Self {
        let named = "name kind ofType { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";
        let query = format!(
            "{{ __schema {{ types {{ kind name possibleTypes {{ name }} fields(includeDeprecated: true) {{
                name type {{ {named} }} args {{ name defaultValue type {{ kind }} }} }} }} }} }}"
        );
        let answer = client.run(&query, json!({})).await;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let types = list(answer.at("/__schema/types")).into_iter().map(|kind| {
            let fields = list(&kind["fields"]).into_iter().map(|field| Field {
                name: text(&field["name"]),
                leads_to: innermost(&field["type"]),
                arguments: list(&field["args"])
                    .iter()
                    .map(|argument| Argument {
                        name: text(&argument["name"]),
                        is_required: argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null(),
                    })
                    .collect(),
            });
            let possible = list(&kind["possibleTypes"]).iter().map(|one| text(&one["name"])).collect();
            (text(&kind["name"]), Type { kind: text(&kind["kind"]), fields: fields.collect(), possible })
        });
        Self { types: types.collect(), upload: upload.to_owned() }
    }

    /// The fields of an object type.
    pub(crate) fn fields(&self, name: &str) -> &[Field] {
        &self.types.get(name).unwrap_or_else(|| panic!("no type {name}")).fields
    }

    /// The object types that can be looked up by id.
    pub(crate) fn nodes(&self) -> &[String] {
        &self.types["Node"].possible
    }

    /// Selections that together ask an object of this type for everything: one for all of its scalars, and one for each
    /// field that leads to objects.
    pub(crate) fn everything(&self, name: &str) -> Vec<String> {
        let (leaves, branches) = self.split(name);
        let scalars = leaves.iter().map(|field| self.call(name, field, FIRST)).collect::<String>();
        let id = if leaves.iter().any(|field| field.name == "id") { "id" } else { "" };
        let deeper = branches.iter().map(|field| {
            let call = self.call(name, field, FIRST);
            format!("__typename {id} {call}{{ {} }} ", self.selection(&field.leads_to, DEPTH - 1))
        });
        std::iter::once(format!("__typename {scalars}")).chain(deeper).collect()
    }

    /// Every scalar of a type, and of the objects it leads to.
    fn selection(&self, name: &str, depth: usize) -> String {
        let kind = &self.types[name];
        if !kind.possible.is_empty() {
            let each = kind.possible.iter().map(|one| format!("... on {one} {{ {} }} ", self.selection(one, depth)));
            return each.collect();
        }
        let (leaves, branches) = self.split(name);
        let mut selection = "__typename ".to_owned();
        selection.extend(leaves.iter().map(|field| self.call(name, field, FIRST_WITHIN)));
        for field in branches {
            // Steps within a list are no steps into the graph; an edge's node stands among the nodes, too.
            let is_list = name.ends_with("Connection") || name.ends_with("Edge");
            let below = match (is_list, field.name.as_str()) {
                (true, "node") => "__typename".to_owned(),
                (true, _) => self.selection(&field.leads_to, depth),
                (false, _) if depth > 0 => self.selection(&field.leads_to, depth - 1),
                (false, _) => continue,
            };
            selection += &format!("{}{{ {below} }} ", self.call(name, field, FIRST_WITHIN));
        }
        selection
    }

    fn split(&self, name: &str) -> (Vec<&Field>, Vec<&Field>) {
        self.fields(name)
            .iter()
            .partition(|field| matches!(self.types[&field.leads_to].kind.as_str(), "SCALAR" | "ENUM"))
    }

    /// The field with what it must be given.
    fn call(&self, parent: &str, field: &Field, first: usize) -> String {
        let mut arguments = Vec::new();
        for argument in &field.arguments {
            match argument.name.as_str() {
                "first" => arguments.push(format!("first: {first}")),
                "id" if (parent, field.name.as_str()) == ("Viewer", "upload") => {
                    arguments.push(format!("id: \"{}\"", self.upload));
                }
                other if argument.is_required => {
                    panic!("{parent}.{} needs an argument {other}: teach the matrix what to give it", field.name)
                }
                _ => {}
            }
        }
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        format!("{}{arguments} ", field.name)
    }
}

fn innermost(kind: &Value) -> String {
    if kind["ofType"].is_object() {
        innermost(&kind["ofType"])
    } else {
        kind["name"].as_str().unwrap_or_default().to_owned()
    }
}
