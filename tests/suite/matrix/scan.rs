//! Asks everything as one viewer, and looks for what is not theirs to see.

use std::collections::BTreeSet;

use darkroom_testing::Client;
use serde_json::{Value, json};

use super::oracle::sees;
use super::shape::Shape;
use super::world::{Thing, Viewer, World};

/// Answers to everything that one viewer can ask.
pub(crate) struct Scan {
    /// What was asked for, and every text that came back.
    answers: Vec<(String, String)>,
    /// Fields that came back with something in them, as `Type.field`.
    pub(crate) filled: BTreeSet<String>,
}

impl Scan {
    /// Asks. What is asked for is found in the schema; only arguments that a field can't do without are known here.
    pub(crate) async fn run(world: &World, shape: &Shape, client: &Client) -> Self {
        let mut scan = Self { answers: Vec::new(), filled: BTreeSet::new() };
        let ids: Vec<&String> =
            world.authors.iter().flat_map(|author| &author.things).filter_map(|thing| thing.id.as_ref()).collect();
        for node in shape.nodes() {
            let prefix = format!("{}_", node.to_lowercase());
            let ids: Vec<&&String> = ids.iter().filter(|id| id.starts_with(&prefix)).collect();
            for selection in shape.everything(node) {
                let query = format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {node} {{ {selection} }} }} }}");
                // As many as the limit on complexity allows: a notification leads to people, and they to everything.
                for some in ids.chunks(if node == "Notification" { 1 } else { 4 }) {
                    scan.ask(client, &query, json!({ "ids": some })).await;
                }
            }
        }
        for root in shape.fields("Query") {
            match root.name.as_str() {
                "node" | "nodes" => {}
                "user" => {
                    for author in &world.authors {
                        let query = format!(
                            "{{ user(username: \"{}\") {{ __typename id fullName }} }}",
                            author.person.username
                        );
                        scan.ask(client, &query, json!({})).await;
                    }
                }
                "feed" => {
                    for mode in ["FOLLOWING", "RANKED"] {
                        for selection in shape.everything(&root.leads_to) {
                            let query = format!("{{ feed(mode: {mode}, first: 20) {{ {selection} }} }}");
                            scan.ask(client, &query, json!({})).await;
                        }
                    }
                }
                other => {
                    for selection in shape.everything(&root.leads_to) {
                        scan.ask(client, &format!("{{ {other} {{ {selection} }} }}"), json!({})).await;
                    }
                }
            }
        }
        scan
    }

    async fn ask(&mut self, client: &Client, query: &str, variables: Value) {
        let answer = client.run(query, variables).await;
        if let Some(errors) = answer.body.get("errors") {
            let code = errors[0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(matches!(code, "UNAUTHENTICATED" | "NOT_FOUND"), "{query}: {}", answer.body);
        }
        self.note(&answer.body["data"]);
        self.answers.push((query.to_owned(), answer.body.to_string()));
    }

    fn note(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(name) = object.get("__typename").and_then(Value::as_str) {
                    let filled = object.iter().filter(|(_, value)| !value.is_null() && **value != json!([]));
                    self.filled.extend(filled.map(|(field, _)| format!("{name}.{field}")));
                }
                object.values().for_each(|value| self.note(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.note(value)),
            _ => {}
        }
    }

    /// Everything that came back and is not this viewer's to see, with the document that brought it.
    pub(crate) fn leaks(&self, world: &World, viewer: &Viewer) -> Vec<String> {
        let mut leaks = Vec::new();
        for (thing, is_seen) in judged(world, viewer) {
            if is_seen {
                continue;
            }
            for mark in thing.marks.iter().chain(&thing.id) {
                if let Some((query, _)) = self.answers.iter().find(|(_, text)| text.contains(mark.as_str())) {
                    let query: String = query.chars().take(160).collect();
                    leaks.push(format!("{} sees {} ({mark}) by {query} …", viewer.name, thing.name));
                }
            }
        }
        leaks
    }
}

/// Every thing, and whether this viewer may see it.
pub(crate) fn judged<'a>(world: &'a World, viewer: &'a Viewer) -> impl Iterator<Item = (&'a Thing, bool)> {
    world.authors.iter().zip(&viewer.relations).flat_map(|(author, relation)| {
        author.things.iter().map(|thing| (thing, sees(*relation, author.standing, thing.kind)))
    })
}
