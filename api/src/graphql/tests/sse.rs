//! Operations as event streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ::http::Request;
use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::test_edge;

fn ask(query: &str) -> Request<Body> {
    Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(Body::from(json!({ "query": query }).to_string()))
        .unwrap()
}

#[tokio::test]
async fn each_response_is_an_event_and_the_end_is_said() {
    let answer = test_edge().send(ask("subscription { count(to: 2) }")).await;
    assert_eq!(answer.header("content-type"), "text/event-stream; charset=utf-8");
    let expected = "event: next\ndata: {\"data\":{\"count\":1},\"extensions\":{\"cost\":{\"requested\":1,\"limit\":20000}}}\n\n\
                    event: next\ndata: {\"data\":{\"count\":2},\"extensions\":{\"cost\":{\"requested\":1,\"limit\":20000}}}\n\n\
                    event: complete\ndata:\n\n";
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn queries_and_errors_are_events_too() {
    let edge = test_edge();
    let answer = edge.send(ask("{ hello }")).await;
    assert!(answer.body.starts_with("event: next\ndata: {\"data\":{\"hello\":\"world\"},\"extensions\":{\"cost\":{\"requested\":1,\"limit\":20000}}}\n\nevent: complete"));
    for bad in ["{", "{ nothing }", "subscription { broken }"] {
        let answer = edge.send(ask(bad)).await;
        assert!(answer.body.starts_with("event: next\ndata: {\"errors\":["), "{bad}: {}", answer.body);
        assert!(answer.body.ends_with("event: complete\ndata:\n\n"), "{bad}: {}", answer.body);
    }
}

#[tokio::test]
async fn it_ends_with_the_session_and_with_the_server() {
    let edge = test_edge().timing(Duration::from_secs(10), Duration::from_millis(10));
    let mut request = ask("subscription { silence }");
    request.headers_mut().insert("authorization", "Bearer good".parse().unwrap());
    let mut body = edge.router().oneshot(request).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, ":\n\n");
    edge.live.store(false, Ordering::Relaxed);
    let rest = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(rest.contains("UNAUTHENTICATED") && rest.ends_with("event: complete\ndata:\n\n"), "{rest}");

    let body = edge.router().oneshot(ask("subscription { silence }")).await.unwrap().into_body();
    edge.edge.shutdown.cancel();
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(!rest.windows(8).any(|window| window == b"complete"));
}
