//! Metrics: what this process counts and measures, for Prometheus to read.
//!
//! ```text
//!   api, service, worker ── record ──► table: one struct, a field a metric ──► text ──► listener: GET /metrics
//!                                        labels bounded by `label`              └── process: CPU, memory, files
//! ```
//!
//! A process has one set of metrics, which exists once somebody is to read it: without `metrics.listen` [`record`] is one
//! look at an atomic. With it, recording is an atomic or a short lock behind a map that nearly always knows the labels, and
//! nothing is allocated.

mod label;
mod listener;
mod process;
mod table;

use std::sync::OnceLock;
use std::time::Instant;

use prometheus_client::registry::Registry;

pub use label::{
    Build, Caller, Callers, Card, Counted, Folder, HttpRequest, Job, JobKind, Label, Mode, Operation, OperationName,
    Outcome, Place, Queue, Reason, Store, Upload, UploadKind,
};
pub use listener::Listener;
pub use table::{Metrics, exported};

static METRICS: OnceLock<Set> = OnceLock::new();

struct Set {
    metrics: Metrics,
    registry: Registry,
}

/// The metrics of this process; none while nobody is to read them.
#[must_use]
pub fn get() -> Option<&'static Metrics> {
    METRICS.get().map(|set| &set.metrics)
}

/// Notes something, if anybody is to read it.
pub fn record(note: impl FnOnce(&Metrics)) {
    if let Some(metrics) = get() {
        note(metrics);
    }
}

/// Begins to record; called again it changes nothing. [`Listener::open`] does it where the settings ask for metrics.
pub fn enable() -> &'static Metrics {
    let set = METRICS.get_or_init(|| {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        process::register(&mut registry);
        Set { metrics, registry }
    });
    &set.metrics
}

/// Seconds since a moment: what histograms of time observe.
#[must_use]
pub fn since(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64()
}

/// Everything in the OpenMetrics text format; empty while nothing is recorded.
#[must_use]
pub fn text() -> String {
    let mut text = String::new();
    if let Some(set) = METRICS.get()
        && let Err(error) = prometheus_client::encoding::text::encode(&mut text, &set.registry)
    {
        tracing::warn!(%error, "metrics can't be written");
        text.clear();
    }
    text
}

#[cfg(test)]
mod tests;
