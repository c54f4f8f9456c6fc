//! GraphQL over HTTP: forms, statuses, and errors that are JSON whatever happens.

use ::http::{Request, StatusCode};
use axum::body::Body;
use futures::stream;
use serde_json::json;

use super::{REQUEST_MAX, test_edge};

const GRAPHQL: &str = "application/graphql-response+json";

fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql").header("content-type", "application/json").body(body.into()).unwrap()
}

fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

fn accepting(mut request: Request<Body>, accept: &str) -> Request<Body> {
    request.headers_mut().insert("accept", accept.parse().unwrap());
    request
}

#[tokio::test]
async fn answers_in_the_form_that_was_asked_for() {
    let edge = test_edge();
    for (accept, expected) in [
        (GRAPHQL, "application/graphql-response+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let answer = edge.send(accepting(post(query("{ hello }")), accept)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), expected, "{accept}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.json(), json!({ "data": { "hello": "world" } }));
    }
}

#[tokio::test]
async fn what_was_not_begun_has_no_data_and_is_a_400_where_the_form_says_so() {
    let edge = test_edge();
    let variables = json!({ "query": "query($t: String!) { echo(text: $t) }", "variables": {} }).to_string();
    for body in [query("{"), query("{ nothing }"), variables, query("subscription { silence }")] {
        let modern = edge.send(accepting(post(body.clone()), GRAPHQL)).await;
        assert_eq!(modern.status, StatusCode::BAD_REQUEST, "{body}");
        let legacy = edge.send(accepting(post(body.clone()), "application/json")).await;
        assert_eq!(legacy.status, StatusCode::OK, "{body}");
        for answer in [modern, legacy] {
            assert!(answer.json().get("data").is_none(), "{}", answer.body);
            assert!(!answer.message().is_empty());
        }
    }
}

#[tokio::test]
async fn what_failed_while_it_ran_is_a_200_with_data() {
    let answer = test_edge().send(accepting(post(query("{ hello fails }")), GRAPHQL)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["data"], serde_json::Value::Null);
    assert_eq!(answer.message(), "it failed");
}

#[tokio::test]
async fn every_refusal_is_json() {
    let edge = test_edge();
    let with = |name: &'static str, value: &'static str| {
        let mut request = post(query("{ hello }"));
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let cases = [
        (post(""), 400, "INVALID"),
        (post("{"), 400, "INVALID"),
        (post("{}"), 400, "INVALID"),
        (post(format!("[{}]", query("{ hello }"))), 400, "INVALID"),
        (with("content-type", "text/plain"), 415, "INVALID"),
        (with("content-encoding", "gzip"), 415, "INVALID"),
        (with("accept", "image/png"), 406, "INVALID"),
        (with("authorization", "Bearer bad"), 401, "UNAUTHENTICATED"),
        (with("authorization", "Basic YTpi"), 401, "UNAUTHENTICATED"),
        (with("authorization", "Bearer away"), 503, "UNAVAILABLE"),
        (post(query("{ panics }")), 500, "INTERNAL"),
        (Request::put("/graphql").body(Body::empty()).unwrap(), 405, "INVALID"),
        (Request::get("/graphql").body(Body::empty()).unwrap(), 400, "INVALID"),
        (Request::get("/graphql/ws").body(Body::empty()).unwrap(), 426, "INVALID"),
        (Request::get("/elsewhere").body(Body::empty()).unwrap(), 404, "NOT_FOUND"),
    ];
    for (request, status, code) in cases {
        edge.send(request).await.assert_refused(status, code);
    }
    let missing = Request::post("/graphql").body(Body::from(query("{ hello }"))).unwrap();
    edge.send(missing).await.assert_refused(415, "INVALID");
}

#[tokio::test]
async fn a_batch_is_refused_with_a_reason() {
    let answer = test_edge().send(post(format!(" [{}]", query("{ hello }")))).await;
    assert!(answer.message().contains("Batches"), "{}", answer.message());
}

#[tokio::test]
async fn refusals_keep_the_form_and_name_what_is_needed() {
    let edge = test_edge();
    let answer = edge.send(accepting(post("{"), GRAPHQL)).await;
    assert_eq!(answer.header("content-type"), "application/graphql-response+json; charset=utf-8");
    let answer = edge.send(Request::put("/graphql").body(Body::empty()).unwrap()).await;
    let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    let mut request = post(query("{ hello }"));
    request.headers_mut().insert("authorization", "Bearer old".parse().unwrap());
    assert_eq!(edge.send(request).await.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn the_viewer_comes_from_the_token() {
    let edge = test_edge();
    let mut request = post(query("{ me }"));
    request.headers_mut().insert("authorization", "Bearer good".parse().unwrap());
    assert_eq!(edge.send(request).await.json(), json!({ "data": { "me": "ada" } }));
    assert_eq!(edge.send(post(query("{ me }"))).await.json(), json!({ "data": { "me": null } }));
}

#[tokio::test]
async fn by_get_only_queries() {
    let edge = test_edge();
    let get = |text: &str| Request::get(format!("/graphql?query={text}")).body(Body::empty()).unwrap();
    assert_eq!(edge.send(get("%7Bhello%7D")).await.json(), json!({ "data": { "hello": "world" } }));
    let answer = edge.send(get("mutation%7Btouch%7D")).await;
    answer.assert_refused(405, "INVALID");
    assert_eq!(answer.header("allow"), "POST");
    let two = "query%20a%7Bhello%7D%20mutation%20b%7Btouch%7D";
    edge.send(get(&format!("{two}&operationName=b"))).await.assert_refused(405, "INVALID");
    assert_eq!(edge.send(get(&format!("{two}&operationName=a"))).await.json()["data"]["hello"], "world");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_announced_or_not() {
    let edge = test_edge();
    let mut announced = post(Body::from_stream(stream::pending::<Result<&'static str, std::io::Error>>()));
    announced.headers_mut().insert("content-length", (REQUEST_MAX + 1).into());
    // Nothing of the body ever comes: the answer must not wait for it.
    edge.send(announced).await.assert_refused(413, "INVALID");

    let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 1000])));
    edge.send(post(Body::from_stream(chunks))).await.assert_refused(413, "INVALID");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let chunks = stream::iter([Ok("{\"query\""), Err(std::io::Error::other("gone"))]);
    test_edge().send(post(Body::from_stream(chunks))).await.assert_refused(400, "INVALID");
}

#[tokio::test]
async fn the_request_id_is_the_clients_or_a_fresh_one() {
    let edge = test_edge();
    let mut request = post("{");
    request.headers_mut().insert("x-request-id", "trace-7".parse().unwrap());
    let answer = edge.send(request).await;
    assert_eq!(answer.header("x-request-id"), "trace-7");
    answer.assert_refused(400, "INVALID");
    assert_eq!(edge.send(post("{")).await.header("x-request-id").len(), 32);
}

#[tokio::test]
async fn long_json_is_compressed_for_those_who_take_it() {
    let edge = test_edge();
    let body = json!({ "query": format!("{{ echo(text: \"{}\") }}", "a".repeat(5000)) }).to_string();
    let mut request = post(body);
    request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
    let response = tower::ServiceExt::oneshot(edge.router(), request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
}
