//! A collector of traces, as programs send them to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A span as it was sent.
#[derive(Debug, Clone)]
pub struct SentSpan {
    /// Which program says so.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// The span that it is a part of; empty if it is the first one.
    pub parent: String,
    /// Those that are texts or numbers.
    pub attributes: BTreeMap<String, String>,
    /// All of it, as its message is printed.
    pub whole: String,
}

type Sent = Arc<Mutex<Vec<SentSpan>>>;

/// Takes OTLP over HTTP in, on this machine, until it is dropped.
pub struct Collector {
    address: SocketAddr,
    sent: Sent,
    _server: AbortOnDropHandle<()>,
}

impl Collector {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Sent::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&sent));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, sent, _server: AbortOnDropHandle::new(server) }
    }

    /// What a program is told to send to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span that has come.
    pub fn spans(&self) -> Vec<SentSpan> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(State(sent): State<Sent>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let whole = format!("{:?}", of_resource.resource);
        let attributes = of_resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = texts(&attributes).remove("service.name").unwrap_or_default();
        let each = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        spans.extend(each.map(|span| read(&service, &whole, &span)));
    }
    sent.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
}

fn read(service: &str, resource: &str, span: &Span) -> SentSpan {
    SentSpan {
        service: service.to_owned(),
        name: span.name.clone(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        attributes: texts(&span.attributes),
        whole: format!("{resource} {span:?}"),
    }
}

fn texts(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    let each = attributes.iter();
    each.filter_map(|one| Some((one.key.clone(), text(one.value.as_ref()?.value.as_ref()?)?))).collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
