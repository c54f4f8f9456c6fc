//! The edge over a schema of the tests' own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod documents;
mod http;
mod load;
mod schema;
mod serving;
mod socket;
mod sse;
mod upload;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::http::request::Parts;
use ::http::{HeaderMap, Request as HttpRequest, StatusCode};
use async_graphql::{Request, Response};
use axum::Router;
use axum::body::Body;
use darkroom_platform::config::{Networks, Origins};
use darkroom_service::idempotency::Keeper;
use darkroom_service::rate::Charge;
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::browsers::Browsers;
use crate::graphql::gateway::{BodyLimits, Caller, Edge, Gateway, Timing};
use crate::graphql::load::{Bounds, Load};
use crate::graphql::persisted::Persisted;
use crate::refusal::Refusal;
use schema::TestSchema;

/// Largest JSON body of the tests.
const REQUEST_MAX: u64 = 100_000;

/// Bounds that no test meets unawares.
const ROOMY: Bounds =
    Bounds { places: 1000, reserved: 0, queue: 0, patience: Duration::from_secs(60), time: Duration::from_secs(60) };

#[derive(Clone)]
struct TestGateway {
    schema: TestSchema,
    validator: TestSchema,
    upload_max: u64,
    pace: u64,
    live: Arc<AtomicBool>,
    origins: Origins,
    gate: Option<load::Gate>,
}

impl Gateway for TestGateway {
    type Executor = TestSchema;
    type Validator = TestSchema;
    type Viewer = String;

    fn executor(&self) -> &TestSchema {
        &self.schema
    }

    fn validator(&self) -> &TestSchema {
        &self.validator
    }

    async fn authenticate(&self, token: &str) -> Result<Option<String>, Refusal> {
        match token {
            "good" => Ok(Some("ada".to_owned())),
            "away" => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Try again.")),
            _ => Ok(None),
        }
    }

    async fn is_live(&self, _: &String) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    fn address(&self, _: &Parts) -> IpAddr {
        IpAddr::from([192, 0, 2, 1])
    }

    async fn charge(&self, _: Option<&String>, _: IpAddr, _: u64) -> Option<Charge> {
        None
    }

    fn prepare(&self, request: Request, caller: Caller<String>) -> Request {
        let request = request.data(caller);
        match &self.gate {
            Some(gate) => request.data(gate.clone()),
            None => request,
        }
    }

    fn keeper(&self, _: Option<&String>) -> Option<Keeper> {
        None
    }

    fn mask(&self, mut response: Response, request_id: &str) -> Response {
        for error in &mut response.errors {
            error.extensions.get_or_insert_default().set("requestId", request_id);
        }
        response
    }

    fn limits(&self) -> BodyLimits {
        BodyLimits { request: REQUEST_MAX, upload: self.upload_max, pace: self.pace }
    }

    fn spool_dir(&self) -> PathBuf {
        std::env::temp_dir()
    }

    fn public_url(&self) -> String {
        "https://photos.example.com".to_owned()
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}

/// A server of the tests, its parts at hand.
struct TestEdge {
    edge: Edge<TestGateway>,
    live: Arc<AtomicBool>,
}

fn test_edge() -> TestEdge {
    let live = Arc::new(AtomicBool::new(true));
    let (schema, validator) = (schema::build(), schema::validator());
    let origins = Origins::Listed(vec!["https://app.example.org".to_owned()]);
    let gateway =
        TestGateway { schema, validator, upload_max: 100 << 20, pace: 0, live: Arc::clone(&live), origins, gate: None };
    let documents = schema::documents(Persisted::Off);
    let load = Load::new(ROOMY);
    let edge = Edge::new(gateway, documents, load, CancellationToken::new(), TaskTracker::new());
    TestEdge { edge, live }
}

impl TestEdge {
    fn upload_max(mut self, bytes: u64) -> Self {
        self.edge.gateway.upload_max = bytes;
        self
    }

    fn timing(mut self, init: Duration, beat: Duration) -> Self {
        self.edge.timing = Timing { init, beat, ..Timing::default() };
        self
    }

    fn router(&self) -> Router {
        let browsers = Browsers { origins: self.edge.gateway.origins.clone(), hsts_seconds: 0 };
        crate::wrap(super::routes(self.edge.clone()), &browsers, Networks::default())
    }

    async fn send(&self, request: HttpRequest<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }
}

/// A response, read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// The body, without the cost that every answer tells.
    fn json(&self) -> serde_json::Value {
        let mut json: serde_json::Value =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body));
        json.as_object_mut().and_then(|json| json.remove("extensions"));
        json
    }

    /// The cost that the answer tells; null if it tells none.
    fn cost(&self) -> serde_json::Value {
        let mut json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["extensions"]["cost"].take()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// It is an error in GraphQL's form with this status and code.
    #[track_caller]
    fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        let json = self.json();
        assert_eq!(json["errors"][0]["extensions"]["code"], code, "{json}");
        assert_eq!(json["errors"][0]["extensions"]["requestId"], self.header("x-request-id"), "{json}");
        assert!(!self.message().is_empty() && json.get("data").is_none(), "{json}");
    }
}
