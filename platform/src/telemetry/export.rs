//! From ended spans to the collector: a bounded queue that drops, and a task that sends.
//!
//! The library's own batching has a thread that waits for the network, and keeps to itself how much it has dropped.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// Longest wait for the collector's answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Spans that wait: some 2 MB.
const WAITING: usize = 4096;

/// Spans of one request.
const MOST: usize = 512;

/// How long the first of a batch waits for others.
const PAUSE: Duration = Duration::from_millis(500);

/// How long the last of them may take when the process ends.
const FLUSH: Duration = Duration::from_secs(2);

/// A collector that is away is mentioned once in so long.
const MENTION_EVERY: Duration = Duration::from_secs(60);

/// The task that sends.
pub(super) struct Export {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Export {
    /// Begins it; the queue is its way in.
    pub(super) fn begin(runtime: &Handle, exporter: impl SpanExporter + 'static) -> (Self, Queue) {
        let (sender, waiting) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        let task = runtime.spawn(send(exporter, waiting, stop.clone()));
        (Self { stop, task: Mutex::new(Some(task)) }, Queue { sender })
    }

    /// Sends what waits, for two seconds at the most.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = timeout(FLUSH, task).await;
        }
    }
}

/// Takes in spans as they end, and holds nobody: when it is full they are dropped.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<SpanData>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.sender.try_send(span).is_err() {
            count_dropped(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn count_dropped(spans: usize) {
    metrics::record(|metrics| _ = metrics.spans_dropped.inc_by(spans as u64));
}

/// Sends batch after batch, until `stop` and until nothing waits any more.
async fn send(exporter: impl SpanExporter, mut waiting: mpsc::Receiver<SpanData>, stop: CancellationToken) {
    let mut mentioned: Option<Instant> = None;
    loop {
        if !stop.is_cancelled() && waiting.len() < MOST {
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = stop.cancelled() => waiting.close(),
            }
        }
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            taken = waiting.recv_many(&mut batch, MOST) => if taken == 0 { return },
            () = stop.cancelled(), if !waiting.is_closed() => waiting.close(),
        }
        if batch.is_empty() {
            continue;
        }
        let spans = batch.len();
        if let Err(error) = exporter.export(batch).await {
            count_dropped(spans);
            if mentioned.is_none_or(|last| last.elapsed() >= MENTION_EVERY) {
                tracing::warn!(%error, spans, "traces can't be sent and are dropped: see telemetry.otlp_endpoint");
                mentioned = Some(Instant::now());
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;
    use std::time::SystemTime;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::error::OTelSdkError;
    use tokio::sync::Semaphore;

    use super::*;

    /// A collector that takes a batch for each permit, and then refuses it or keeps its spans' names.
    #[derive(Debug, Clone)]
    struct Collector {
        permits: Arc<Semaphore>,
        refuses: bool,
        got: Arc<Mutex<Vec<Cow<'static, str>>>>,
    }

    impl Collector {
        fn new(permits: usize, refuses: bool) -> Self {
            Self { permits: Arc::new(Semaphore::new(permits)), refuses, got: Arc::default() }
        }

        fn got(&self) -> usize {
            self.got.lock().unwrap().len()
        }
    }

    impl SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.permits.acquire().await.unwrap().forget();
            if self.refuses {
                return Err(OTelSdkError::InternalFailure("away".into()));
            }
            self.got.lock().unwrap().extend(batch.into_iter().map(|span| span.name));
            Ok(())
        }
    }

    fn span(flags: TraceFlags) -> SpanData {
        let now = SystemTime::UNIX_EPOCH;
        SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes([1; 16]),
                SpanId::from_bytes([1; 8]),
                flags,
                false,
                TraceState::default(),
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "a span".into(),
            start_time: now,
            end_time: now,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: opentelemetry_sdk::trace::SpanEvents::default(),
            links: opentelemetry_sdk::trace::SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[tokio::test]
    async fn what_waits_is_sent_at_the_end() {
        let collector = Collector::new(100, false);
        let (export, queue) = Export::begin(&Handle::current(), collector.clone());
        for _ in 0..MOST + 1 {
            queue.on_end(span(TraceFlags::SAMPLED));
        }
        queue.on_end(span(TraceFlags::NOT_SAMPLED));
        export.end().await;
        assert_eq!(collector.got(), MOST + 1, "and nothing that is not sampled");
        queue.on_end(span(TraceFlags::SAMPLED));
        assert_eq!(collector.got(), MOST + 1, "after the end they are dropped");
    }

    #[tokio::test]
    async fn a_collector_that_hangs_holds_nobody_and_what_does_not_fit_is_counted() {
        let collector = Collector::new(0, false);
        let dropped = &metrics::enable().spans_dropped;
        let before = dropped.get();
        let (export, queue) = Export::begin(&Handle::current(), collector.clone());
        for _ in 0..2 * WAITING {
            queue.on_end(span(TraceFlags::SAMPLED));
        }
        assert!(dropped.get() - before >= WAITING as u64);
        export.end().await;
        assert_eq!(collector.got(), 0, "its end was waited for, and then not any more");
    }

    #[tokio::test]
    async fn one_that_refuses_is_asked_again_with_what_comes() {
        let collector = Collector::new(100, true);
        let (export, queue) = Export::begin(&Handle::current(), collector.clone());
        for _ in 0..2 * MOST {
            queue.on_end(span(TraceFlags::SAMPLED));
        }
        export.end().await;
        assert_eq!(collector.permits.available_permits(), 98, "two batches, each of them once");
    }
}
