//! One person's way of asking: any server that is known, with or without a key, and what is to be made of the answer.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use darkroom_testing::reqwest::multipart::{Form, Part};
use darkroom_testing::reqwest::{self, RequestBuilder};
use serde_json::{Value, json};

use crate::book::{Beat, Shared};
use crate::site::Addresses;

/// An answer that takes longer is given up, as apps do.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request with a key is repeated for so long.
const PERSISTENCE: Duration = Duration::from_secs(120);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A document with its variables.
    Json(Value),
    /// One that takes the file `variables.file`.
    File { operations: Value, bytes: Vec<u8> },
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The payload of the only field.
    Done(Value),
    /// It was not done; the codes of why.
    Refused(Vec<String>),
    /// Nobody knows.
    Unsure,
}

/// Asks for one person.
pub(crate) struct Voice {
    http: reqwest::Client,
    addresses: Addresses,
    token: String,
    book: Shared,
    turn: AtomicUsize,
}

impl Body {
    /// The mutation `name` with its `input`, and what is selected of its payload.
    pub(crate) fn mutation(name: &str, input: &Value, selection: &str) -> Self {
        let (first, rest) = name.split_at(1);
        let query = format!(
            "mutation($input: {}{rest}Input!) {{ {name}(input: $input) {{ {selection} userErrors {{ code }} }} }}",
            first.to_uppercase()
        );
        Self::Json(json!({ "query": query, "variables": { "input": input } }))
    }

    /// An upload with this alternative text.
    pub(crate) fn upload(bytes: Vec<u8>, alt_text: &str) -> Self {
        let operations = json!({
            "query": "mutation($file: Upload!, $alt: String!) { uploadMedia(input: { file: $file, altText: $alt }) {
                media { id } userErrors { code } } }",
            "variables": { "file": null, "alt": alt_text },
        });
        Self::File { operations, bytes }
    }
}

impl Voice {
    /// Asks with a session's token.
    pub(crate) fn new(addresses: Addresses, token: &str, book: Shared) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { http, addresses, token: token.to_owned(), book, turn: AtomicUsize::new(0) }
    }

    /// The session's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Asks until the answer is known, with a key: what is done is done once however often it is asked. Without one it asks
    /// once.
    pub(crate) async fn mutate(&self, body: &Body, has_key: bool) -> Heard {
        if !has_key {
            return self.ask(body, None).await;
        }
        let (key, end) = (uuid::Uuid::new_v4().to_string(), Instant::now() + PERSISTENCE);
        loop {
            match self.ask(body, Some(&key)).await {
                Heard::Unsure if Instant::now() < end => tokio::time::sleep(PAUSE).await,
                heard => return heard,
            }
        }
    }

    /// Asks once, whichever server's turn it is.
    pub(crate) async fn ask(&self, body: &Body, key: Option<&str>) -> Heard {
        let begun = Instant::now();
        let (heard, beat) = match self.send(body, key).await {
            Ok((status, text)) => judge(status, &text),
            Err(_) => (Heard::Unsure, Beat::Unreachable),
        };
        self.book.open().beat(begun, beat);
        heard
    }

    async fn send(&self, body: &Body, key: Option<&str>) -> reqwest::Result<(u16, String)> {
        let request = self.http.post(self.url("/graphql")).bearer_auth(&self.token);
        let request = match body {
            Body::Json(json) => request.json(json),
            Body::File { operations, bytes } => file(request, operations, bytes),
        };
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// A URL of the server whose turn it is.
    pub(crate) fn url(&self, path: &str) -> String {
        let known = self.addresses.read().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        // Nobody there is as good as nobody who answers.
        let address = known.get(turn % known.len().max(1)).map_or("127.0.0.1:9".to_owned(), ToString::to_string);
        format!("http://{address}{path}")
    }

    /// The status of a link's target, wherever it leads.
    pub(crate) async fn status_of(&self, url: &str) -> Option<u16> {
        self.http.get(url).send().await.ok().map(|response| response.status().as_u16())
    }

    /// Runs a query that must succeed: after the fault.
    pub(crate) async fn query(&self, query: &str, variables: Value) -> Value {
        let body = Body::Json(json!({ "query": query, "variables": variables }));
        let (status, text) = self.send(&body, None).await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, no JSON: {text}"));
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }
}

fn file(request: RequestBuilder, operations: &Value, bytes: &[u8]) -> RequestBuilder {
    let form = Form::new()
        .text("operations", operations.to_string())
        .text("map", json!({ "0": ["variables.file"] }).to_string())
        .part("0", Part::bytes(bytes.to_vec()).file_name("a.jpg"));
    request.header("GraphQL-Require-Preflight", "1").multipart(form)
}

fn judge(status: u16, text: &str) -> (Heard, Beat) {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    let failed = match (status, code) {
        (400.., _) => Some(status),
        (_, Some("RATE_LIMITED")) => Some(429),
        (_, Some("UNAVAILABLE")) => Some(503),
        (_, Some(_)) => Some(500),
        (_, None) => None,
    };
    if let Some(status) = failed {
        // The key stands for another request: nobody here uses one twice.
        let heard = if status == 422 { Heard::Refused(vec!["KEY_DIFFERS".to_owned()]) } else { Heard::Unsure };
        return (heard, Beat::Failed(status));
    }
    let Some(payload) = answer["data"].as_object().and_then(|data| data.values().next()) else {
        return (Heard::Unsure, Beat::Failed(500));
    };
    let errors = payload["userErrors"].as_array();
    let codes: Vec<String> =
        errors.into_iter().flatten().map(|error| error["code"].as_str().unwrap_or_default().to_owned()).collect();
    let heard = if codes.is_empty() { Heard::Done(payload.clone()) } else { Heard::Refused(codes) };
    (heard, Beat::Good)
}
