//! Too many operations, and operations that take too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ::http::Request;
use axum::body::Body;
use futures::future::select_all;
use serde_json::json;
use tokio::sync::Semaphore;

use super::socket::acknowledged;
use super::{Answer, ROOMY, TestEdge, test_edge};
use crate::graphql::load::{Bounds, Load};

/// Operations that wait for the test.
#[derive(Clone)]
pub(super) struct Gate {
    begun: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
    left: Arc<AtomicBool>,
}

impl Gate {
    fn closed() -> Self {
        Self { begun: Arc::default(), open: Arc::new(Semaphore::new(0)), left: Arc::default() }
    }

    /// What the field `wait` does.
    pub(super) async fn pass(&self) {
        let _left = OnDrop(&self.left);
        self.begun.fetch_add(1, Ordering::SeqCst);
        if let Ok(turn) = self.open.acquire().await {
            turn.forget();
        }
    }

    async fn are_begun(&self, count: usize) {
        let begun = async {
            while self.begun.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), begun).await.expect("operations that begin");
    }
}

/// Notes that it was dropped.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A server with these bounds, whose mutation `wait` waits at the gate.
fn bounded(bounds: Bounds) -> (Arc<TestEdge>, Gate) {
    let gate = Gate::closed();
    let mut edge = test_edge();
    edge.edge.gateway.gate = Some(gate.clone());
    edge.edge.load = Load::new(bounds);
    (Arc::new(edge), gate)
}

fn post(document: &str) -> Request<Body> {
    let body = json!({ "query": document }).to_string();
    let request = Request::post("/graphql").header("content-type", "application/json");
    request.header("accept", "application/graphql-response+json").body(Body::from(body)).unwrap()
}

fn spawn(edge: &Arc<TestEdge>, document: &'static str) -> tokio::task::JoinHandle<Answer> {
    let edge = Arc::clone(edge);
    tokio::spawn(async move { edge.send(post(document)).await })
}

#[tokio::test]
async fn beyond_places_and_queue_operations_are_sent_away_and_cheap_reads_are_not() {
    let (edge, gate) = bounded(Bounds { places: 2, reserved: 1, queue: 1, ..ROOMY });
    let running = [spawn(&edge, "mutation { wait }"), spawn(&edge, "mutation { wait }")];
    gate.are_begun(2).await;
    // One of the next two finds the only turn to wait; whichever does not is answered first.
    let others = [spawn(&edge, "mutation { wait }"), spawn(&edge, "mutation { wait }")];
    let (refused, _, waiting) = select_all(others).await;
    let refused = refused.unwrap();
    refused.assert_refused(503, "UNAVAILABLE");
    assert_eq!(refused.header("retry-after"), "1");
    let read = edge.send(post("{ hello }")).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, json!({ "data": { "hello": "world" } })));
    gate.open.add_permits(10);
    for answer in running.into_iter().chain(waiting) {
        assert_eq!(answer.await.unwrap().json(), json!({ "data": { "wait": true } }));
    }
}

#[tokio::test]
async fn when_nobody_can_be_taken_bodies_are_not_read() {
    let (edge, gate) = bounded(Bounds { places: 1, reserved: 0, queue: 0, ..ROOMY });
    let running = spawn(&edge, "mutation { wait }");
    gate.are_begun(1).await;
    let body = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let request = Request::post("/graphql").header("content-type", "application/json").body(body).unwrap();
    edge.send(request).await.assert_refused(503, "UNAVAILABLE");
    gate.open.add_permits(1);
    running.await.unwrap();
    assert_eq!(edge.send(post("{ hello }")).await.status, 200);
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let (edge, gate) = bounded(Bounds { places: 1, time: Duration::from_millis(50), ..ROOMY });
    let late = edge.send(post("mutation { wait }")).await;
    late.assert_refused(503, "UNAVAILABLE");
    assert!(late.message().contains("too long"), "{}", late.body);
    assert!(gate.left.load(Ordering::SeqCst), "its work was dropped");
    assert_eq!(edge.send(post("{ hello }")).await.status, 200, "its place is free");
}

#[tokio::test]
async fn a_client_who_leaves_gives_the_place_back() {
    let (edge, gate) = bounded(Bounds { places: 1, ..ROOMY });
    let running = spawn(&edge, "mutation { wait }");
    gate.are_begun(1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(gate.left.load(Ordering::SeqCst));
    assert_eq!(edge.send(post("mutation { touch }")).await.status, 200);
}

#[tokio::test]
async fn a_socket_is_told_in_a_message() {
    let (edge, gate) = bounded(Bounds { places: 1, reserved: 0, queue: 0, ..ROOMY });
    let running = spawn(&edge, "mutation { wait }");
    gate.are_begun(1).await;
    let mut client = acknowledged(&edge, json!({})).await;
    client.say(json!({ "id": "1", "type": "subscribe", "payload": { "query": "mutation { touch }" } })).await;
    let told = client.hear().await;
    assert_eq!((&told["type"], &told["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("UNAVAILABLE")));
    assert_eq!(told["payload"][0]["extensions"]["retryAfter"], 1);
    // A subscription takes no place.
    client
        .say(json!({ "id": "2", "type": "subscribe", "payload": { "query": "subscription { count(to: 1) }" } }))
        .await;
    assert_eq!(client.hear().await["payload"]["data"], json!({ "count": 1 }));
    gate.open.add_permits(1);
    running.await.unwrap();
}
