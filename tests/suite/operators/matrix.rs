//! Every field and mutation of the operators' schema, found by asking it, as each kind of person who is no operator.

use darkroom_entity::{account, job};
use darkroom_service::job::Queue;
use darkroom_service::operator::{self, Actor};
use darkroom_testing::{Client, TestApp, uuid_of};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use super::{appoint, give_up};

/// What fields are given: the id of a photo, that of its dead job, a person's name.
struct Given {
    photo: String,
    job: String,
    person: &'static str,
}

/// A document for each root field, with what it must be given and one scalar of what it gives.
async fn documents(client: &Client, given: &Given) -> Vec<(String, String)> {
    let of = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ queryType {{ name }} types {{ kind name enumValues {{ name }} inputFields {{ name defaultValue type {{ {of} }} }}
            fields {{ name type {{ {of} }} args {{ name defaultValue type {{ {of} }} }} }} }} }} }}"
    );
    let answer = client.operate(&query, json!({})).await;
    let types = answer.at("/__schema/types").as_array().unwrap().clone();
    let mut documents = Vec::new();
    for (kind, root) in [("query", "Query"), ("mutation", "Mutation")] {
        let root = types.iter().find(|one| one["name"] == root).unwrap();
        for field in root["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let arguments = arguments(&types, name, &field["args"], given);
            let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
            let below = if kind == "query" { "__typename" } else { "userErrors { code message }" };
            documents.push((name.to_owned(), format!("{kind} {{ {name}{arguments} {{ {below} }} }}")));
        }
    }
    documents
}

fn arguments(types: &[Value], field: &str, arguments: &Value, given: &Given) -> String {
    let all = arguments.as_array().unwrap().iter();
    let required = all.filter(|one| one["type"]["kind"] == "NON_NULL" && one["defaultValue"].is_null());
    let each = required.map(|one| {
        let name = one["name"].as_str().unwrap();
        format!("{name}: {}", value(types, field, name, &one["type"]["ofType"], given))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn value(types: &[Value], field: &str, name: &str, kind: &Value, given: &Given) -> String {
    let of = types.iter().find(|one| one["name"] == kind["name"]).unwrap();
    match (of["kind"].as_str().unwrap(), name) {
        ("INPUT_OBJECT", _) => format!("{{ {} }}", arguments(types, field, &of["inputFields"], given)),
        // The last: no job of this test waits there.
        ("ENUM", _) => of["enumValues"].as_array().unwrap().last().unwrap()["name"].as_str().unwrap().to_owned(),
        (_, "id") if field == "media" => format!("\"{}\"", given.photo),
        (_, "id" | "jobId") => format!("\"{}\"", given.job),
        (_, "isOn") => "false".to_owned(),
        (_, "username") => format!("\"{}\"", given.person),
        _ => panic!("nothing to give to {name}: teach the matrix what"),
    }
}

/// Everything that operators change.
async fn state(app: &TestApp) -> String {
    let jobs = job::Entity::find().order_by_asc(job::Column::Id).all(app.app.rows()).await.unwrap();
    let people = account::Entity::find().order_by_asc(account::Column::Id).all(app.app.rows()).await.unwrap();
    let (pauses, actions) = (app.rows("queue_pause").await, app.rows("operator_action").await);
    format!("{jobs:?} {people:?} {pauses} {actions}")
}

/// The answer without what differs each time.
fn bare(mut body: Value) -> Value {
    body["errors"][0]["extensions"]["requestId"] = Value::Null;
    body
}

#[tokio::test]
async fn for_everybody_else_nothing_is_there() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let member = app.client().sign_up("member").await;
    let former = appoint(&app, "former").await;
    operator::revoke(&app.app, "former").await.unwrap();
    let suspended = appoint(&app, "suspended").await;
    darkroom_service::account::suspend(&app.app, Actor::Machine, "suspended").await.unwrap();
    app.client().sign_up("ben").await;
    let photo = member.photo(darkroom_testing::picture::jpeg(8, 8)).await;
    let dead = give_up(&app, Queue::Interactive, "media.process").await;
    let listed = ada.operate("{ jobs { nodes { id } } }", json!({})).await;
    let given = Given { photo, job: listed.text("/jobs/nodes/0/id"), person: "ben" };
    assert_eq!(uuid_of(&given.job), dead[0]);

    let documents = documents(&ada, &given).await;
    assert!(documents.len() >= 13, "{documents:?}");
    let nowhere = app.client().http().post(app.client().url("/nowhere")).json(&json!({ "query": "{ a }" }));
    let nowhere = nowhere.send().await.unwrap();
    let headers = |answer: &darkroom_testing::reqwest::Response| {
        let mut names: Vec<_> = answer.headers().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        (answer.status(), names)
    };
    let (expected, body) = (headers(&nowhere), bare(nowhere.json().await.unwrap()));
    let before = state(&app).await;
    let outsiders = [
        ("nobody", app.client()),
        ("a broken token", app.client().with_token("x")),
        ("a member", member.client.clone()),
        ("a former operator", former.client.clone()),
        ("a suspended operator", suspended.client.clone()),
    ];
    for (who, client) in &outsiders {
        for (name, document) in &documents {
            let answer = client.operate_raw(document).await;
            assert_eq!(headers(&answer), expected, "{who}: {name}");
            assert_eq!(bare(answer.json().await.unwrap()), body, "{who}: {name}");
        }
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            let method: darkroom_testing::reqwest::Method = method.parse().unwrap();
            let there = client.http().request(method.clone(), client.url("/admin/graphql")).send().await.unwrap();
            let nowhere = client.http().request(method.clone(), client.url("/nowhere")).send().await.unwrap();
            assert_eq!(headers(&there), headers(&nowhere), "{who}: {method}");
        }
    }
    assert_eq!(state(&app).await, before, "nothing was changed");

    // The documents were good ones: to an operator each of them does something.
    for (name, document) in &documents {
        let answer = ada.operate(document, json!({})).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let given = answer.data()[name].clone();
        if document.starts_with("mutation") {
            let used_up = name == "cancelJob" || name == "retryJob";
            assert!(used_up || given["userErrors"] == json!([]), "{name}: {given}");
        }
    }
    assert_ne!(state(&app).await, before);
    let by_url = ada.http().get(ada.url("/admin/graphql?query=%7Bviewer%7Bid%7D%7D"));
    let by_url = by_url.bearer_auth(&ada.token).send().await.unwrap();
    assert_eq!(by_url.status(), 405);
    app.abandon().await;
}
