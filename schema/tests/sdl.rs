//! The SDL is the contract: it is checked in, and a stranger can use it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use async_graphql::Response;

/// `just schema` writes the file; whoever changes the API sees the change in the diff.
fn is_checked_in(name: &str, sdl: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("DARKROOM_WRITE_SDL").is_some() {
        std::fs::write(&path, sdl).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == sdl, "schema/{name} is out of date: run `just schema`");
}

#[test]
fn the_checked_in_sdl_is_the_schemas() {
    is_checked_in("schema.graphql", &darkroom_schema::sdl());
    is_checked_in("admin.graphql", &darkroom_schema::admin::sdl());
}

const EVERYTHING: &str = "{ __schema { types { name description
    fields(includeDeprecated: true) { name description args { name description } }
    inputFields { name description } enumValues(includeDeprecated: true) { name description } } } }";

/// Every type, field, argument and enum value says what it is.
#[tokio::test]
async fn everything_has_a_description() {
    everything_is_described(darkroom_schema::introspect(EVERYTHING).await);
    everything_is_described(darkroom_schema::admin::introspect(EVERYTHING).await);
}

fn everything_is_described(response: Response) {
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let data = response.data.into_json().unwrap();
    let mut silent = Vec::new();
    for kind in data["__schema"]["types"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        // `ID` is the library's, and says nothing.
        if name.starts_with("__") || name == "ID" {
            continue;
        }
        let mut note = |path: String, thing: &serde_json::Value| {
            if thing["description"].as_str().unwrap_or_default().is_empty() {
                silent.push(path);
            }
        };
        note(name.to_owned(), kind);
        for list in ["fields", "inputFields", "enumValues"] {
            for member in kind[list].as_array().unwrap_or(&Vec::new()) {
                let path = format!("{name}.{}", member["name"].as_str().unwrap());
                note(path.clone(), member);
                for argument in member["args"].as_array().unwrap_or(&Vec::new()) {
                    note(format!("{path}({})", argument["name"].as_str().unwrap()), argument);
                }
            }
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}
