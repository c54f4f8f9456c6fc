//! Mutations with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): carried out once, answered the same for a day.
//!
//! What is done once, and what a crash leaves, is the service's matter (`darkroom_service::idempotency`); here is HTTP: the
//! header, what tells one request from another, waiting, statuses.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Response, Value};
use darkroom_platform::metrics::Outcome;
use darkroom_schema::under_key;
use darkroom_service::idempotency::{Attempt, Claim, KEY_CHARS, Keeper, Key};
use darkroom_service::media::body_error;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::Instrument;

use crate::graphql::documents::Admitted;
use crate::graphql::gateway::{Edge, Gateway};
use crate::graphql::measure;
use crate::graphql::multipart::Files;
use crate::graphql::respond;
use crate::refusal::Refusal;

/// The header with the key.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that the answer was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A request whose first attempt is under way waits so long for its answer.
const WAIT: Duration = Duration::from_secs(10);

/// Between two looks at it: at first, and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// The key of the request; none if the header is missing. 400 for what is no key.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<Key>, Refusal> {
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(Key::parse).filter(|_| values.next().is_none());
    key.map(Some).ok_or_else(|| {
        let (least, most) = (KEY_CHARS.start(), KEY_CHARS.end());
        Refusal::bad_request(format!(
            "Send one header Idempotency-Key of {least} to {most} visible ASCII characters, such as a random UUID."
        ))
    })
}

/// What came of it.
pub(crate) struct Answer {
    /// The body: JSON.
    pub(crate) json: Vec<u8>,
    /// Its status, for clients who asked for `application/graphql-response+json`.
    pub(crate) is_request_error: bool,
    /// Whether it stands: `userErrors` are an answer as any other; what has top-level errors may go well the next time, and then
    /// does the rest.
    is_final: bool,
    /// What became of the operation; of one that is answered again, that it is.
    pub(crate) outcome: Outcome,
    /// Whether it was given before.
    pub(crate) replayed: bool,
}

/// A mutation that may run.
pub(crate) struct Keyed<'a> {
    pub(crate) key: Key,
    pub(crate) keeper: Keeper,
    pub(crate) request: Request,
    pub(crate) admitted: Admitted,
    pub(crate) files: Option<&'a Files>,
    pub(crate) request_id: String,
}

/// Carries a mutation out, or answers as before.
///
/// # Errors
/// 422 if the key stands for another request, 409 if that request is still under way after a while.
pub(crate) async fn run<G: Gateway>(edge: &Arc<Edge<G>>, keyed: Keyed<'_>) -> Result<Answer, Refusal> {
    let Keyed { key, keeper, request, admitted, files, request_id } = keyed;
    let files = match files {
        None => Vec::new(),
        // Files are taken in before anything is decided, which nobody gets to ask for without a name.
        Some(_) if !keeper.is_signed_in() => return Err(Refusal::unauthenticated("Sign in first.")),
        Some(files) => files.take_in().await.map_err(body_error)?,
    };
    let digest = digest(&request, &files);
    match claim(&keeper, &key, &digest).await? {
        Ok(attempt) => {
            let work =
                carry_out(edge.clone(), Work { request, admitted, has_files: !files.is_empty(), request_id }, attempt);
            // A task of its own: a client who hangs up comes back for the answer.
            keeper.tasks().spawn(work.in_current_span()).await.map_err(|error| {
                tracing::error!(%error, "an operation with a key broke off");
                Refusal::internal()
            })?
        }
        Err(json) => Ok(Answer { json, is_request_error: false, is_final: true, outcome: Outcome::Ok, replayed: true }),
    }
}

/// The attempt, or the answer that was given before.
async fn claim(keeper: &Keeper, key: &Key, digest: &[u8; 32]) -> Result<Result<Attempt, Vec<u8>>, Refusal> {
    let (end, mut pause) = (Instant::now() + WAIT, LOOK.0);
    loop {
        match keeper.claim(key, digest).await? {
            Claim::Begun(attempt) => return Ok(Ok(attempt)),
            Claim::Answered(json) => return Ok(Err(json)),
            Claim::Differs => return Err(differs()),
            Claim::Running if Instant::now() >= end => return Err(running()),
            Claim::Running => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LOOK.1);
            }
        }
    }
}

fn differs() -> Refusal {
    let message = "This Idempotency-Key was sent with another request: make a new one for each operation.";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "CONFLICT", message)
}

fn running() -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "UNAVAILABLE", "The first request with this Idempotency-Key is still under way.")
        .header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// What an attempt does.
struct Work {
    request: Request,
    admitted: Admitted,
    has_files: bool,
    request_id: String,
}

async fn carry_out<G: Gateway>(edge: Arc<Edge<G>>, work: Work, attempt: Attempt) -> Result<Answer, Refusal> {
    let Work { request, admitted, has_files, request_id } = work;
    let request = under_key(request, attempt.clone());
    let executed = tokio::select! {
        executed = edge.load.execute(edge.gateway.executor(), request, admitted, has_files) => executed,
        never = attempt.hold() => match never {},
    };
    let answer = match executed {
        Err(shed) => Err(shed.into()),
        Ok(response) => written(&edge.gateway.mask(response, &request_id)),
    };
    let kept = answer.as_ref().ok().filter(|answer| answer.is_final).map(|answer| answer.json.as_slice());
    if let Err(error) = attempt.end(kept).await {
        tracing::warn!(%error, request_id, "an answer was not kept: a retry makes it anew");
    }
    answer
}

fn written(response: &Response) -> Result<Answer, Refusal> {
    let json = respond::to_json(response)?;
    let (is_final, outcome) = (response.errors.is_empty(), measure::outcome(response));
    Ok(Answer { json, is_request_error: respond::is_request_error(response), is_final, outcome, replayed: false })
}

/// What tells this request from every other: SHA-256 of text, name, variables and files. Objects count in whatever order their
/// fields came: clients that write the same variables twice do not always keep it.
fn digest(request: &Request, files: &[[u8; 32]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    text(&mut hash, &request.query);
    text(&mut hash, request.operation_name.as_deref().unwrap_or_default());
    fields(&mut hash, request.variables.iter().map(|(name, value)| (name.as_str(), value)).collect());
    files.iter().for_each(|file| hash.update(file));
    hash.finalize().into()
}

fn text(hash: &mut Sha256, text: &str) {
    length(hash, text.len());
    hash.update(text);
}

fn length(hash: &mut Sha256, length: usize) {
    hash.update((length as u64).to_be_bytes());
}

fn fields(hash: &mut Sha256, mut fields: Vec<(&str, &Value)>) {
    fields.sort_unstable_by_key(|(name, _)| *name);
    length(hash, fields.len());
    for (name, of) in fields {
        text(hash, name);
        value(hash, of);
    }
}

/// Each kind of value begins with a byte of its own, so that no two differ and hash alike.
fn value(hash: &mut Sha256, of: &Value) {
    match of {
        Value::Null => hash.update(b"0"),
        Value::Boolean(yes) => hash.update(if *yes { b"t" } else { b"f" }),
        Value::Number(number) => {
            hash.update(b"n");
            text(hash, &number.to_string());
        }
        Value::String(string) => {
            hash.update(b"s");
            text(hash, string);
        }
        Value::Enum(name) => {
            hash.update(b"e");
            text(hash, name);
        }
        Value::Binary(bytes) => {
            hash.update(b"b");
            length(hash, bytes.len());
            hash.update(bytes);
        }
        Value::List(values) => {
            hash.update(b"l");
            length(hash, values.len());
            values.iter().for_each(|of| value(hash, of));
        }
        Value::Object(object) => {
            hash.update(b"o");
            fields(hash, object.iter().map(|(name, of)| (name.as_str(), of)).collect());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use async_graphql::{Variables, value};

    fn of(query: &str, name: Option<&str>, variables: Value, files: &[[u8; 32]]) -> [u8; 32] {
        let mut request = Request::new(query).variables(Variables::from_value(variables));
        request.operation_name = name.map(str::to_owned);
        digest(&request, files)
    }

    #[test]
    fn the_order_of_an_objects_fields_is_nothing_and_all_else_is_something() {
        let variables = || value!({ "input": { "a": 1, "b": [true, "x", null] } });
        let first = of("mutation m { x }", Some("m"), variables(), &[[1; 32]]);
        let turned = value!({ "input": { "b": [true, "x", null], "a": 1 } });
        assert_eq!(first, of("mutation m { x }", Some("m"), turned, &[[1; 32]]));
        for other in [
            of("mutation m { y }", Some("m"), variables(), &[[1; 32]]),
            of("mutation m { x }", None, variables(), &[[1; 32]]),
            of("mutation m { x }", Some("m"), variables(), &[[2; 32]]),
            of("mutation m { x }", Some("m"), variables(), &[]),
            of("mutation m { x }", Some("m"), value!({ "input": { "a": "1", "b": [true, "x", null] } }), &[[1; 32]]),
            of("mutation m { x }", Some("m"), value!({ "input": { "a": 1, "b": ["x", true, null] } }), &[[1; 32]]),
            of("mutation m { x }", Some("m"), value!({ "input": { "a": 1, "b": [true, ["x"], null] } }), &[[1; 32]]),
            of("mutation m { x }", Some("m"), value!({}), &[[1; 32]]),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_key_comes_once_or_not_at_all() {
        let mut headers = HeaderMap::new();
        assert!(key(&headers).unwrap().is_none());
        headers.insert(KEY, HeaderValue::from_static("0123456789abcdef"));
        assert!(key(&headers).unwrap().is_some());
        headers.append(KEY, HeaderValue::from_static("0123456789abcdef"));
        assert!(key(&headers).is_err());
        headers.insert(KEY, HeaderValue::from_static("short"));
        assert!(key(&headers).is_err());
    }
}
