//! Traces: what a request did and what followed from it, for whoever asks where the time went.
//!
//! ```text
//!   trace_span! in any crate of ours ──► layer ──► sampled? ──► queue (bounded) ──► batches ──► collector, OTLP over HTTP
//!                                                                  └── full, or the collector is away: dropped and counted
//! ```
//!
//! Spans of ours at the level `TRACE` are what is traced: the log's filter passes them over, so without
//! `telemetry.otlp_endpoint` nobody wants them, and each is one look at an atomic. Nothing that a person wrote, no token, no variable
//! and no link is ever an attribute; log lines within spans are not sent.
//!
//! Across processes a span is named by a `traceparent` (W3C Trace Context): from trusted proxies, and along with a job.

use std::sync::OnceLock;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use super::export::{self, Export};
use crate::config::{Config, Role};

/// What every crate of ours is called by.
const OURS: &str = "darkroom";

static EXPORT: OnceLock<Export> = OnceLock::new();

/// Whether requests and jobs are traced.
#[must_use]
pub fn is_on() -> bool {
    EXPORT.get().is_some()
}

/// Begins to trace, if the settings name a collector. None if they don't; an error if it can't be done here.
pub(super) fn layer<S>(config: &Config) -> Result<Option<Box<dyn Layer<S> + Send + Sync>>, String>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let settings = &config.telemetry;
    if settings.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let runtime = Handle::try_current().map_err(|error| error.to_string())?;
    let (export, queue) = Export::begin(&runtime, exporter(config)?);
    let ratio = Sampler::TraceIdRatioBased(settings.sample_ratio);
    let provider = SdkTracerProvider::builder()
        .with_span_processor(queue)
        .with_sampler(Sampler::ParentBased(Box::new(ratio)))
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(OURS))
        // Parents are told by tracing's own spans: nothing else here begins any.
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_location(false)
        .with_threads(false)
        .with_filter(filter());
    if EXPORT.set(export).is_err() {
        return Err("it was begun before".to_owned());
    }
    Ok(Some(layer.boxed()))
}

fn filter() -> FilterFn {
    let is_ours: fn(&Metadata<'_>) -> bool =
        |metadata| metadata.is_span() && *metadata.level() == Level::TRACE && metadata.target().starts_with(OURS);
    filter_fn(is_ours)
}

fn exporter(config: &Config) -> Result<SpanExporter, String> {
    let settings = &config.telemetry;
    let program = match config.role() {
        Role::Single => "darkroom",
        Role::Api => "darkroom-api",
        Role::Worker => "darkroom-worker",
    };
    let name = if settings.service_name.is_empty() { program } else { &settings.service_name };
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", name.to_owned()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .build();
    let client = reqwest::Client::builder()
        .timeout(export::PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_timeout(export::PATIENCE)
        .with_endpoint(format!("{}/v1/traces", settings.otlp_endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| error.to_string())?;
    opentelemetry_sdk::trace::SpanExporter::set_resource(&mut exporter, &resource);
    Ok(exporter)
}

/// Sends what is left, for a moment; from then on nothing is traced. Without tracing it does nothing.
pub async fn end() {
    if let Some(export) = EXPORT.get() {
        export.end().await;
    }
}

/// The span that we are in, as a `traceparent` of 55 characters; none if it is not being traced.
#[must_use]
pub fn current() -> Option<String> {
    if !is_on() {
        return None;
    }
    let context = Span::current().context();
    let span = context.span();
    let named = span.span_context();
    named.is_sampled().then(|| format!("00-{}-{}-01", named.trace_id(), named.span_id()))
}

/// Has a span that was not entered yet follow from the one that a `traceparent` names. One that can't be read, and one of a form
/// that is not known here, says nothing: a new trace begins.
pub fn follow(span: &Span, traceparent: &str) {
    if is_on()
        && let Some(parent) = read(traceparent)
    {
        // It fails for a span that nobody wants, of which nobody wants to know the parent.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Version 00 of <https://www.w3.org/TR/trace-context/#traceparent-header>.
fn read(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let mut hex = |digits: usize| {
        let is_hex =
            |part: &&str| part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        parts.next().filter(is_hex)
    };
    let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    if version != "00" || parts.next().is_some() {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let named = SpanContext::new(trace, span, flags, true, TraceState::default());
    named.is_valid().then_some(named)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_it_is_specified() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let read_back = read(good).unwrap();
        assert!(read_back.is_sampled() && read_back.is_remote());
        assert_eq!(format!("00-{}-{}-01", read_back.trace_id(), read_back.span_id()), good);
        assert!(!read(&good.replace("-01", "-00")).unwrap().is_sampled());
        assert!(read(&good.replace("-01", "-03")).unwrap().is_sampled(), "what other flags say is not known");
        for bad in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-é",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn without_tracing_there_is_nothing_to_follow() {
        assert!(!is_on());
        assert_eq!(current(), None);
        follow(&Span::none(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    }
}
