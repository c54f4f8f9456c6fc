//! What one may not see answers exactly as what does not exist: in the same words, after the same work.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use darkroom_testing::{Client, Person, TestApp, picture};
use serde_json::{Map, Value, json};

/// What there is that some may not see, by the kinds of ids.
struct Hidden {
    /// Why it is hidden.
    why: &'static str,
    username: Option<String>,
    /// Ids of each kind.
    ids: BTreeMap<&'static str, String>,
}

/// An id of the same kind and age that nobody has.
fn absent(id: &str) -> String {
    let (known, last) = id.split_at(id.len() - 4);
    let other = if last == "zzzz" { "yyyy" } else { "zzzz" };
    format!("{known}{other}")
}

/// A person with one of everything.
async fn person_with_everything(app: &TestApp, name: &str, admirer: &Person) -> (Person, Hidden) {
    let person = app.client().sign_up(name).await;
    let post = person.post_picture().await;
    let photo = person.photo(picture::jpeg(24, 30)).await;
    let story = person.story(&photo).await;
    app.run_jobs().await;
    let comment = person.comment(&post, "words").await;
    let collection = person.collection("shelf").await;
    person.save_post(&post).await;
    person.mutate("addToCollection", json!({ "collectionId": collection, "postId": post }), "").await.payload();
    admirer.like_post(&post).await;
    app.run_jobs().await;
    let upload = person.begin_upload(b"no picture yet", "image/jpeg").await;
    let own = "{ viewer { sessions { nodes { id } } notifications { nodes { id } } } }";
    let own = person.run(own, json!({})).await;
    let ids = BTreeMap::from([
        ("user", person.id.clone()),
        ("post", post),
        ("media", photo),
        ("story", story),
        ("comment", comment),
        ("collection", collection),
        ("upload", upload["id"].as_str().unwrap().to_owned()),
        ("session", own.text("/viewer/sessions/nodes/0/id")),
        ("notification", own.text("/viewer/notifications/nodes/0/id")),
    ]);
    (person, Hidden { why: "", username: Some(name.to_owned()), ids })
}

/// A world in which everything of some is hidden from the viewer, for several reasons.
async fn world(app: &TestApp) -> (Person, Vec<Hidden>) {
    let viewer = app.client().sign_up("viewer").await;
    let admirer = app.client().sign_up("admirer").await;
    let mut all = Vec::new();
    for why in ["blocks", "suspended", "private", "archived", "expired", "asked", "others"] {
        let (person, mut hidden) = person_with_everything(app, why, &admirer).await;
        hidden.why = why;
        // They saw it once, and have left their marks.
        viewer.like_post(&hidden.ids["post"]).await;
        viewer.save_post(&hidden.ids["post"]).await;
        viewer.mutate("likeComment", json!({ "commentId": hidden.ids["comment"] }), "").await.payload();
        let mut keep: Vec<&str> = hidden.ids.keys().copied().collect();
        match why {
            "blocks" => app.write_block(&person, &viewer).await,
            // Somebody who asked to follow, and is hidden since.
            "asked" => {
                viewer.set_private(true).await;
                person.follow(&viewer.id).await;
                app.write_suspension(&person, true).await;
            }
            "suspended" => app.write_suspension(&person, true).await,
            "private" => {
                person.set_private(true).await;
                keep.retain(|kind| *kind != "user");
            }
            "archived" => {
                person.mutate("archivePost", json!({ "postId": hidden.ids["post"] }), "").await.payload();
                keep = vec!["post", "comment"];
            }
            // Its time comes when it is asked for; what comes later lives longer than a day.
            "expired" => keep = vec!["story"],
            _ => keep = vec!["collection", "upload", "session", "notification"],
        }
        hidden.ids.retain(|kind, _| keep.contains(kind));
        if !hidden.ids.contains_key("user") {
            hidden.username = None;
        }
        all.push(hidden);
    }
    app.run_jobs().await;
    (viewer, all)
}

/// What is asked, with its variables.
type Question = (String, Value);

/// Every question in which an id of this kind stands.
fn questions(shape: &[Mutation], own: &BTreeMap<&'static str, String>, kind: &str, id: &str) -> Vec<Question> {
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let mut all = vec![(node.to_owned(), json!({ "id": id })), (nodes.to_owned(), json!({ "ids": [id, id] }))];
    if kind == "post" {
        // Ids deeper in the input than those that are found below.
        let seen = "mutation($id: ID!) { recordImpressions(input: { impressions: [{ postId: $id, dwellMs: 9000 }] }) {
            recordedCount userErrors { code field message } } }";
        all.push((seen.to_owned(), json!({ "id": id })));
    }
    if kind == "upload" {
        let of_viewer = "query($id: ID!) { viewer { upload(id: $id) { id altText parts { url } } } }";
        all.push((of_viewer.to_owned(), json!({ "id": id })));
    }
    for mutation in shape {
        for field in mutation.ids.iter().filter(|field| kind_of(mutation, field) == kind) {
            let mut input = Map::new();
            for required in mutation.required.iter().chain([field]) {
                let value = match own.get(kind_of(mutation, required)) {
                    _ if required == field => json!(id),
                    Some(own) => json!(own),
                    None => json!("words"),
                };
                let value = if required.ends_with("Ids") { json!([value]) } else { value };
                input.insert(required.clone(), value);
            }
            let query = format!(
                "mutation($input: {}!) {{ {}(input: $input) {{ userErrors {{ code field message }} }} }}",
                mutation.input, mutation.name
            );
            all.push((query, json!({ "input": input })));
        }
    }
    all
}

/// A mutation that takes ids.
struct Mutation {
    name: String,
    input: String,
    ids: Vec<String>,
    required: Vec<String>,
}

/// The kind of thing that an argument names.
fn kind_of(mutation: &Mutation, field: &str) -> &'static str {
    match field {
        "userId" => "user",
        "postId" => "post",
        "mediaId" | "mediaIds" | "avatarMediaId" => "media",
        "storyId" => "story",
        "commentId" | "replyToId" => "comment",
        "collectionId" => "collection",
        "uploadId" => "upload",
        "sessionId" => "session",
        "upToId" => "notification",
        _ if mutation.ids.iter().any(|id| id == field) => panic!("{}: which kind is {field}?", mutation.name),
        _ => "",
    }
}

/// Every mutation that takes ids, as the server tells.
async fn mutations(client: &Client) -> Vec<Mutation> {
    let named = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ mutationType {{ fields {{ name args {{ type {{ ofType {{ name inputFields {{ name
            type {{ {named} }} }} }} }} }} }} }} }} }}"
    );
    let answer = client.run(&query, json!({})).await;
    let mut all = Vec::new();
    for field in answer.at("/__schema/mutationType/fields").as_array().unwrap() {
        let input = &field["args"][0]["type"]["ofType"];
        let mut mutation = Mutation {
            name: field["name"].as_str().unwrap().to_owned(),
            input: input["name"].as_str().unwrap_or_default().to_owned(),
            ids: Vec::new(),
            required: Vec::new(),
        };
        for argument in input["inputFields"].as_array().into_iter().flatten() {
            let name = argument["name"].as_str().unwrap().to_owned();
            if argument["type"]["kind"] == "NON_NULL" {
                mutation.required.push(name.clone());
            }
            let mut innermost = &argument["type"];
            while !innermost["ofType"].is_null() {
                innermost = &innermost["ofType"];
            }
            if innermost["name"] == "ID" {
                mutation.ids.push(name);
            }
        }
        if !mutation.ids.is_empty() {
            all.push(mutation);
        }
    }
    all
}

/// What a client gets, without what names the request, and what the database was asked for it.
async fn asked(app: &TestApp, client: &Client, (query, variables): &Question) -> (String, Vec<String>) {
    app.app.settle().await;
    app.statements.start();
    let mut answer = client.run(query, variables.clone()).await;
    app.app.settle().await;
    let statements = app.statements.stop().into_iter().map(|statement| statement.sql).collect();
    for error in answer.body["errors"].as_array_mut().into_iter().flatten() {
        error["extensions"].as_object_mut().map(|extensions| extensions.remove("requestId"));
    }
    (format!("{} {}", answer.status, answer.body), statements)
}

#[tokio::test]
async fn what_is_hidden_answers_as_what_does_not_exist() {
    let app = TestApp::start().await;
    let (viewer, hidden) = world(&app).await;
    let shape = mutations(&viewer).await;
    assert!(shape.len() > 30, "{} mutations take ids", shape.len());
    let (_, own) = person_with_everything(&app, "own", &viewer).await;
    let mut own = own.ids;
    own.insert("collection", viewer.collection("mine").await);
    app.run_jobs().await;
    let mut differences = Vec::new();
    let mut compare = async |client: &Client, why: &str, one: Question, other: Question| {
        let (seen, unseen) = (asked(&app, client, &one).await, asked(&app, client, &other).await);
        if seen.0 != unseen.0 {
            differences.push(format!("{why}: {}\n  {}\n  {}", one.0, seen.0, unseen.0));
        }
        if seen.1 != unseen.1 {
            differences.push(format!("{why}: {}\n  {:#?}\n  {:#?}", one.0, seen.1, unseen.1));
        }
    };
    let mut count = 0;
    for one in &hidden {
        if one.why == "expired" {
            app.clock.advance(TimeDelta::days(1));
        }
        let by_name = "query($name: String!) { user(username: $name) { id bio posts { nodes { id } } } }";
        if let Some(username) = &one.username {
            let question = |name: &str| (by_name.to_owned(), json!({ "name": name }));
            compare(&viewer, one.why, question(username), question("nobody")).await;
        }
        for (kind, id) in &one.ids {
            let seen = questions(&shape, &own, kind, id).into_iter();
            for (seen, unseen) in seen.zip(questions(&shape, &own, kind, &absent(id))) {
                count += 1;
                compare(&viewer, one.why, seen, unseen).await;
            }
        }
    }
    assert!(count > 100, "{count} questions");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    app.abandon().await;
}
