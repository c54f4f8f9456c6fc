//! Documents by their names: what one server was sent another one knows, and what a list holds is all that runs.

use darkroom_testing::{Client, Mode, TestApp, mode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

async fn send(client: &Client, body: Value) -> Value {
    client.http().post(client.url("/graphql")).json(&body).send().await.unwrap().json().await.unwrap()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_hash_is_known_to_every_server() {
    let app = TestApp::start().await;
    let (other, _) = app.beside().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let beside = Client::new(listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn(darkroom_api::serve(other.clone(), listener, stop.clone()));

    // printf %s '{ instance { version } }' | sha256sum
    let hash = "5c9e8e083c83dd1aa8d7c8a4dab6f284c5d8e80e27ea416d9f97260798a2139d";
    let named = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    assert_eq!(code(&send(&beside, named.clone()).await), "PERSISTED_QUERY_NOT_FOUND");
    let mut whole = named.clone();
    whole["query"] = json!("{ instance { version } }");
    assert!(send(&app.client(), whole).await["data"]["instance"]["version"].is_string());
    assert!(send(&app.client(), named.clone()).await["data"]["instance"]["version"].is_string());
    let elsewhere = send(&beside, named).await;
    match mode() {
        Mode::Clustered => assert!(elsewhere["data"]["instance"]["version"].is_string(), "{elsewhere}"),
        // A process that is alone has its own memory.
        Mode::Embedded => assert_eq!(code(&elsewhere), "PERSISTED_QUERY_NOT_FOUND"),
    }
    stop.cancel();
    server.await.unwrap().unwrap();
    other.database.close().await.unwrap();
    app.finish().await;
}

#[tokio::test]
async fn only_listed_documents_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("documents.json");
    let version = "query Version { instance { version } }";
    let listen = "subscription Feed { feedUpdated { newPostCount } }";
    let listed = json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        { "id": "1", "name": "Version", "type": "query", "body": version },
        { "id": "2", "name": "Feed", "type": "subscription", "body": listen },
    ] });
    std::fs::write(&file, listed.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let settings = [("DARKROOM_GRAPHQL_DOCUMENTS", "trusted"), ("DARKROOM_GRAPHQL_DOCUMENTS_FILE", file)];
    let app = TestApp::start_with(&settings).await;
    let client = app.client();
    for good in [json!({ "documentId": "1" }), json!({ "query": version })] {
        assert!(send(&client, good).await["data"]["instance"]["version"].is_string());
    }
    for other in ["{ instance { version } }", "{ __schema { queryType { name } } }", "{ instance { vrsion } }", "{"] {
        let answer = send(&client, json!({ "query": other })).await;
        assert_eq!(code(&answer), "FORBIDDEN", "{answer}");
        assert!(!answer.to_string().contains("Did you mean"), "{answer}");
    }
    assert_eq!(code(&send(&client, json!({ "documentId": "3" })).await), "PERSISTED_QUERY_NOT_FOUND");
    // Nobody is signed in, which is for the listed document to be told.
    assert_eq!(client.subscribe(listen, json!({})).await.refusal().await, "UNAUTHENTICATED");
    assert_eq!(
        client.subscribe("subscription { feedUpdated { since } }", json!({})).await.refusal().await,
        "FORBIDDEN"
    );
    let front = client.http().get(client.url("/")).header("accept", "text/html").send().await.unwrap();
    assert_eq!(front.headers()["content-type"], "application/json");
    app.finish().await;
}
