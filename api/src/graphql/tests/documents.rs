//! Documents on their way through the edge: cost, persisted ones, what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::Request as HttpRequest;
use async_graphql::{Data, Executor, Request, Response, Variables};
use axum::body::Body;
use futures::stream::BoxStream;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, TestEdge, schema, test_edge};
use crate::graphql::persisted::{Automatic, Listed, Persisted, Trusted};

async fn post(edge: &TestEdge, body: Value) -> Answer {
    post_as(edge, body, "application/json").await
}

async fn post_as(edge: &TestEdge, body: Value, accept: &str) -> Answer {
    let request = HttpRequest::post("/graphql").header("content-type", "application/json").header("accept", accept);
    edge.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn get(edge: &TestEdge, name: &str, value: &str) -> Answer {
    let query: String = url_encode(value);
    edge.send(HttpRequest::get(format!("/graphql?{name}={query}")).body(Body::empty()).unwrap()).await
}

fn url_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

fn sha(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn automatic() -> TestEdge {
    let mut edge = test_edge();
    let automatic = Automatic::new(1 << 20, darkroom_platform::Cache::new(None), 60);
    edge.edge.documents = schema::documents(Persisted::Automatic(automatic));
    edge
}

#[tokio::test]
async fn every_answer_says_its_cost() {
    let edge = test_edge();
    for _ in 0..2 {
        let answer = post(&edge, json!({ "query": "{ hello again: hello }" })).await;
        assert_eq!(answer.cost(), json!({ "requested": 2, "limit": 20_000 }));
        let failed = post(&edge, json!({ "query": "{ fails }" })).await;
        assert_eq!(failed.cost()["requested"], 1, "{}", failed.body);
    }
    let refused = post(&edge, json!({ "query": "{ nothing }" })).await;
    assert!(refused.cost().is_null(), "{}", refused.body);
    let events = post_as(&edge, json!({ "query": "subscription { count(to: 2) }" }), "text/event-stream").await;
    assert_eq!(events.body.matches(r#""cost":{"requested":1,"limit":20000}"#).count(), 2, "{}", events.body);
}

/// Validates, and counts how often it is asked to.
#[derive(Clone)]
struct Counting(schema::TestSchema, Arc<AtomicUsize>);

impl Executor for Counting {
    async fn execute(&self, request: Request) -> Response {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.execute(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, data)
    }
}

#[tokio::test]
async fn a_document_is_validated_once_for_all_texts_and_for_each_other_value() {
    let validator = Counting(schema::validator(), Arc::default());
    let documents = schema::documents(Persisted::Off);
    let validated = async |variables: Value| {
        let query = "query($text: String!, $really: Boolean) { echo(text: $text) panics(really: $really) }";
        let mut request = Request::new(query).variables(Variables::from_json(variables));
        let before = validator.1.load(Ordering::Relaxed);
        let admitted = documents.admit(&validator, &mut request).await;
        (admitted.is_ok(), validator.1.load(Ordering::Relaxed) - before)
    };
    assert_eq!(validated(json!({ "text": "one", "really": false })).await, (true, 1));
    for text in ["one", "two", "", &"long ".repeat(1000)] {
        assert_eq!(validated(json!({ "text": text, "really": false })).await, (true, 0), "{text}");
    }
    assert_eq!(validated(json!({ "text": "one", "really": true })).await, (true, 1), "no text");
    assert_eq!(validated(json!({ "text": "one", "really": null })).await.1, 1, "no text, and no value");
    for wrong in [
        json!({ "text": null }),
        json!({ "text": 1 }),
        json!({ "text": ["one"] }),
        json!({ "text": "one", "really": "yes" }),
    ] {
        assert_eq!(validated(wrong.clone()).await, (false, 1), "{wrong}");
        assert_eq!(validated(wrong.clone()).await, (false, 1), "again: {wrong}");
    }
    assert_eq!(validated(json!({ "text": "three", "really": true })).await, (true, 0));
}

#[tokio::test]
async fn what_asks_for_too_much_is_a_request_error() {
    let edge = test_edge();
    let query = format!("{{ {} }}", "hello ".repeat(51));
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        let answer = post_as(&edge, json!({ "query": query }), accept).await;
        answer.assert_refused(status, "TOO_COMPLEX");
        let extensions = &answer.json()["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["limit"], &extensions["found"], &extensions["most"]),
            (&json!("rootFields"), &json!(51), &json!(50))
        );
    }
    get(&edge, "query", &query).await.assert_refused(200, "TOO_COMPLEX");
    let events = post_as(&edge, json!({ "query": query }), "text/event-stream").await;
    assert!(
        events.body.contains("TOO_COMPLEX") && events.body.ends_with("event: complete\ndata:\n\n"),
        "{}",
        events.body
    );
}

#[tokio::test]
async fn errors_are_capped() {
    let answer = post(&test_edge(), json!({ "query": format!("{{ {} }}", "hello { x } ".repeat(50)) })).await;
    let wrong = answer.json()["errors"].as_array().unwrap().len();
    assert!((1..=100).contains(&wrong), "{wrong}");
}

#[tokio::test]
async fn a_client_of_apollos_protocol_gets_by() {
    let edge = automatic();
    let text = "query($t: String!) { echo(text: $t) }";
    let hash = sha(text);
    let named = |t: &str| json!({ "variables": { "t": t }, "extensions": persisted(&hash) });
    let unknown = post(&edge, named("a")).await;
    unknown.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(unknown.message(), "PersistedQueryNotFound");
    let mut whole = named("b");
    whole["query"] = json!(text);
    assert_eq!(post(&edge, whole).await.json()["data"], json!({ "echo": "b" }));
    assert_eq!(post(&edge, named("c")).await.json()["data"], json!({ "echo": "c" }));
    let by_id = post(&edge, json!({ "documentId": format!("sha256:{hash}"), "variables": { "t": "d" } })).await;
    assert_eq!(by_id.json()["data"], json!({ "echo": "d" }));
}

#[tokio::test]
async fn hashes_work_by_url_and_never_for_mutations() {
    let edge = automatic();
    let (query, mutation) = ("{ hello }", "mutation { ignore(file: \"x\") }");
    for text in [query, mutation] {
        post(&edge, json!({ "query": text, "extensions": persisted(&sha(text)) })).await;
    }
    let by_url = get(&edge, "extensions", &persisted(&sha(query)).to_string()).await;
    assert_eq!(by_url.json()["data"], json!({ "hello": "world" }));
    assert_eq!(get(&edge, "documentId", &sha(query)).await.json()["data"], json!({ "hello": "world" }));
    get(&edge, "extensions", &persisted(&sha(mutation)).to_string()).await.assert_refused(405, "INVALID");
}

#[tokio::test]
async fn a_document_that_is_not_valid_is_not_kept_under_its_hash() {
    let edge = automatic();
    for text in ["{ nothing }", "{", "{ hello ...F } fragment F on Query { ...F }"] {
        let whole = json!({ "query": text, "extensions": persisted(&sha(text)) });
        assert!(post(&edge, whole).await.json().get("data").is_none());
        let named = json!({ "extensions": persisted(&sha(text)) });
        post(&edge, named).await.assert_refused(200, "PERSISTED_QUERY_NOT_FOUND");
    }
}

#[tokio::test]
async fn where_hashes_are_off_a_client_is_told_so() {
    let named = json!({ "extensions": persisted(&sha("{ hello }")) });
    let answer = post(&test_edge(), named).await;
    answer.assert_refused(200, "PERSISTED_QUERY_NOT_SUPPORTED");
    assert_eq!(answer.message(), "PersistedQueryNotSupported");
}

#[tokio::test]
async fn where_documents_are_listed_other_texts_are_forbidden() {
    let mut edge = test_edge();
    let listed = Listed { name: "greet".to_owned(), text: "{ hello }".to_owned(), operation: None };
    edge.edge.documents = schema::documents(Persisted::Trusted(Trusted::new(vec![listed])));
    assert_eq!(post(&edge, json!({ "documentId": "greet" })).await.json()["data"], json!({ "hello": "world" }));
    assert_eq!(post(&edge, json!({ "query": "{ hello }" })).await.json()["data"], json!({ "hello": "world" }));
    for (accept, status) in [("application/json", 200), ("application/graphql-response+json", 400)] {
        post_as(&edge, json!({ "query": "{ me }" }), accept).await.assert_refused(status, "FORBIDDEN");
    }
    let events = post_as(&edge, json!({ "query": "subscription { silence }" }), "text/event-stream").await;
    assert!(events.body.contains("FORBIDDEN"), "{}", events.body);
}

/// The second time a text comes, what it costs with other variables is still found, and so is what is missing.
#[tokio::test]
async fn a_kept_document_is_still_examined() {
    let edge = test_edge();
    let text = "query($t: String!) { echo(text: $t) }";
    for t in ["a", "b"] {
        let answer = post(&edge, json!({ "query": text, "variables": { "t": t } })).await;
        assert_eq!(answer.json()["data"], json!({ "echo": t }));
    }
    post(&edge, json!({ "query": text })).await.assert_refused(200, "INVALID");
    // The executor would not look, and answer with data that is null.
    for _ in 0..2 {
        let wrong = post(&edge, json!({ "query": text, "variables": { "t": ["a"] } })).await;
        assert!(wrong.json().get("data").is_none() && wrong.json()["errors"].is_array(), "{}", wrong.body);
    }
    let answer = post(&edge, json!({ "query": text, "variables": { "t": "b" } })).await;
    assert_eq!(answer.json()["data"], json!({ "echo": "b" }));
    let many = json!({ "query": text, "variables": { "t": vec!["a"; 1000] } });
    post(&edge, many).await.assert_refused(200, "TOO_COMPLEX");
}
