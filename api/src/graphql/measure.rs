//! What each operation is counted as, and traced as: its name, who sent it, what became of it, how long it took.
//!
//! Both names are the client's own word. They become labels by way of [`Callers`](darkroom_platform::metrics::Callers), which
//! bounds how many there are; the name of a document that may not run never does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Response, ServerError, Value};
use darkroom_platform::metrics::{self, Caller, Operation, OperationName, Outcome};
use darkroom_platform::telemetry::trace;
use http::{HeaderMap, HeaderName};
use tracing::{Span, field};

use crate::refusal::Refusal;

/// Headers by which Apollo's and others' clients say what they are called.
const CLIENT: [HeaderName; 2] =
    [HeaderName::from_static("graphql-client-name"), HeaderName::from_static("apollographql-client-name")];

/// What the client calls itself in a word; none if it does not, or if nobody reads metrics.
pub(crate) fn client(headers: &HeaderMap) -> Option<String> {
    metrics::get()?;
    let name = CLIENT.iter().find_map(|header| headers.get(header))?;
    // What is no text can't be a label; it counts as a bad name, not as none.
    Some(name.to_str().unwrap_or("?").to_owned())
}

/// The same, of the first message of a WebSocket.
pub(crate) fn client_of(payload: &serde_json::Value) -> Option<String> {
    metrics::get()?;
    CLIENT.iter().find_map(|header| payload.get(header.as_str())?.as_str()).map(str::to_owned)
}

/// What became of an operation, by its errors as the client sees them.
pub(crate) fn outcome(response: &Response) -> Outcome {
    response.errors.iter().fold(Outcome::Ok, |outcome, error| outcome.worse(Outcome::of_code(code(error))))
}

/// How much of an operation's name a span keeps.
const NAME_CHARS: usize = 64;

/// The span of an operation whose document may run, if somebody wants it: what it is called, and of which kind it is.
pub(crate) fn span(request: &mut Request, kind: Option<OperationType>) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    let name: String = kind.and_then(|_| name(request)).unwrap_or_default().chars().take(NAME_CHARS).collect();
    let kind = kind_of(kind);
    tracing::trace_span!(
        "graphql.operation",
        otel.name = format!("{kind} {name}").trim_end(),
        otel.status_code = field::Empty,
        graphql.operation.name = name,
        "graphql.operation.type" = kind,
        "error.type" = field::Empty,
    )
}

/// Notes in an operation's span the code of its first error, if it has any.
pub(crate) fn note(span: &Span, response: &Response) {
    if span.is_disabled() {
        return;
    }
    if let Some(error) = response.errors.first() {
        span.record("error.type", code(error));
    }
    if outcome(response) == Outcome::Failed {
        span.record("otel.status_code", "error");
    }
}

fn code(error: &ServerError) -> &str {
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    if let Some(Value::String(code)) = code { code.as_str() } else { "" }
}

fn kind_of(kind: Option<OperationType>) -> &'static str {
    match kind {
        Some(OperationType::Query) => "query",
        Some(OperationType::Mutation) => "mutation",
        Some(OperationType::Subscription) => "subscription",
        None => "unknown",
    }
}

/// An operation that is being measured. Its first end counts; dropped without one, it was abandoned.
#[derive(Debug)]
pub(crate) struct Measured(Option<Inner>);

#[derive(Debug)]
struct Inner {
    begun: Instant,
    caller: Caller,
    kind: &'static str,
    /// Whether its document may run.
    admitted: bool,
    ended: AtomicBool,
}

impl Measured {
    /// Begins, at a moment that may have passed. `admitted` is what kind of operation will run, if its document may.
    pub(crate) fn begin(
        request: &mut Request,
        admitted: Option<Option<OperationType>>,
        client: Option<&str>,
        begun: Instant,
    ) -> Self {
        let Some(metrics) = metrics::get() else { return Self(None) };
        let caller = match admitted {
            Some(_) => metrics.callers.of(name(request), client),
            None => metrics.callers.of(None, client),
        };
        let kind = kind_of(admitted.flatten());
        Self(Some(Inner { begun, caller, kind, admitted: admitted.is_some(), ended: AtomicBool::new(false) }))
    }

    /// It has ended.
    pub(crate) fn end(&self, outcome: Outcome) {
        let Some(inner) = &self.0 else { return };
        if inner.ended.swap(true, Ordering::Relaxed) {
            return;
        }
        let outcome = if inner.admitted || outcome != Outcome::Error { outcome } else { Outcome::Refused };
        let Caller { operation, client } = inner.caller.clone();
        metrics::record(|metrics| {
            if inner.admitted && inner.kind != "subscription" {
                let name = OperationName { operation: operation.clone() };
                metrics.operation_seconds.get_or_create(&name).observe(metrics::since(inner.begun));
            }
            metrics.operations.get_or_create(&Operation { operation, client, kind: inner.kind, outcome }).inc();
        });
    }

    /// It has ended in a refusal.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.end(Outcome::of_code(refusal.code()));
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.end(Outcome::Abandoned);
    }
}

/// What the operation is called: by the request, or by its document if that holds no other.
fn name(request: &mut Request) -> Option<&str> {
    if request.operation_name.is_some() {
        return request.operation_name.as_deref();
    }
    match &request.parsed_query().ok()?.operations {
        DocumentOperations::Multiple(operations) if operations.len() == 1 => {
            operations.keys().next().map(|name| &**name)
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::graphql::operation::coded;

    fn counted(operation: &str, client: &str, kind: &'static str, outcome: Outcome) -> u64 {
        let metrics = metrics::enable();
        let labels = Operation { operation: operation.into(), client: client.into(), kind, outcome };
        metrics.operations.get_or_create(&labels).get()
    }

    #[test]
    fn an_operation_counts_once_by_its_names_and_its_first_end() {
        metrics::enable();
        let mut headers = HeaderMap::new();
        headers.insert("apollographql-client-name", "ios".parse().unwrap());
        let client = client(&headers);
        let mut request = Request::new("query Feed { a }");
        let kind = Some(Some(OperationType::Query));
        let measured = Measured::begin(&mut request, kind, client.as_deref(), Instant::now());
        measured.end(Outcome::Ok);
        measured.end(Outcome::Failed);
        drop(measured);
        assert_eq!(counted("Feed", "ios", "query", Outcome::Ok), 1);
        assert_eq!(counted("Feed", "ios", "query", Outcome::Failed), 0);
        assert_eq!(counted("Feed", "ios", "query", Outcome::Abandoned), 0);

        let mut request = Request::new("query a { a } mutation b { b }");
        request.operation_name = Some("b".to_owned());
        drop(Measured::begin(&mut request, Some(Some(OperationType::Mutation)), None, Instant::now()));
        assert_eq!(counted("b", "anonymous", "mutation", Outcome::Abandoned), 1, "its client hung up");

        let mut request = Request::new("query Nonsense { nothing }");
        Measured::begin(&mut request, None, None, Instant::now()).end(Outcome::Error);
        assert_eq!(counted("anonymous", "anonymous", "unknown", Outcome::Refused), 1);
        assert!(!metrics::text().contains("Nonsense"), "what may not run has no name");
    }

    #[test]
    fn the_worst_error_says_what_became_of_it() {
        let response = |codes: &[&str]| Response::from_errors(codes.iter().map(|code| coded(code, "x")).collect());
        assert_eq!(outcome(&Response::new(Value::Null)), Outcome::Ok);
        assert_eq!(outcome(&response(&["INVALID"])), Outcome::Error);
        assert_eq!(outcome(&response(&["INVALID", "INTERNAL"])), Outcome::Failed);
        assert_eq!(outcome(&response(&["UNAVAILABLE"])), Outcome::Unavailable);
    }
}
