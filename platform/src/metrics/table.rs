//! Every metric of Darkroom, once: its name, its help (the doc comment) and its form.
//!
//! Names begin with `darkroom_` and end with their base unit; counters get `_total` behind it when they are written.
//! Times are histograms in seconds, whose bounds hold what the product promises: 0.2 and 0.5 s for a feed, 1 s for an upload to
//! be accepted, 10 s for it to be ready.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

use super::label::{
    Build, Callers, Card, Counted, Folder, HttpRequest, Job, JobKind, Mode, Operation, OperationName, Place, Queue,
    Reason, Store, Upload, UploadKind,
};
use super::process;

/// A gauge of seconds or bytes that may have a fraction.
type Fraction = Gauge<f64, AtomicU64>;

/// Bounds of what a person waits for, seconds.
const REQUEST: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds of work behind the scenes, seconds.
const WORK: [f64; 14] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0, 3600.0];

fn request() -> Histogram {
    Histogram::new(REQUEST)
}

fn work() -> Histogram {
    Histogram::new(WORK)
}

fn requests<L: Clone + std::hash::Hash + Eq>() -> Family<L, Histogram> {
    Family::new_with_constructor(request)
}

fn works<L: Clone + std::hash::Hash + Eq>() -> Family<L, Histogram> {
    Family::new_with_constructor(work)
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $type:ty = $name:literal, $make:expr;)+) => {
        /// Every metric of Darkroom. What is said of a field here is what Prometheus is told.
        #[derive(Debug)]
        pub struct Metrics {
            $($(#[doc = $help])+ pub $field: $type,)+
            /// Names of operations and clients, bounded.
            pub callers: Callers,
        }

        impl Metrics {
            /// All of them, at nought, in the registry.
            pub(super) fn register(registry: &mut Registry) -> Self {
                $(
                    let $field: $type = $make;
                    // The full stop is the registry's to write.
                    let help = concat!($($help),+).trim().trim_end_matches('.');
                    registry.register($name, help, $field.clone());
                )+
                Self { $($field,)+ callers: Callers::default() }
            }
        }

        const TABLE: &[(&str, MetricType)] = &[$(($name, <$type as TypedMetric>::TYPE),)+];
    };
}

metrics! {
    /// Which program and version runs: always 1.
    build: Family<Build, Gauge> = "darkroom_build_info", Family::default();
    /// GraphQL operations by name, client, kind and what became of them. A subscription counts when it begins.
    operations: Family<Operation, Counter> = "darkroom_operations", Family::default();
    /// Time of queries and mutations from the request's last byte to the answer.
    operation_seconds: Family<OperationName, Histogram> = "darkroom_operation_duration_seconds", requests();
    /// Operations that were sent away because of too many others (crowded) or given up because they took too long (late).
    shed: Family<Reason, Counter> = "darkroom_operations_shed", Family::default();
    /// HTTP requests by route and status.
    http_requests: Family<HttpRequest, Counter> = "darkroom_http_requests", Family::default();
    /// Photos sent to us and what became of them.
    uploads: Family<Upload, Counter> = "darkroom_uploads", Family::default();
    /// Time from a photo's last byte to its being accepted, for photos in parts from the request to put them together.
    upload_accepted_seconds: Family<UploadKind, Histogram> = "darkroom_upload_accepted_seconds", requests();
    /// Photos that were processed: code is READY, or why one can't be used.
    media_processed: Family<Reason, Counter> = "darkroom_media_processed", Family::default();
    /// Time from a photo's being accepted to its being ready.
    media_ready_seconds: Histogram = "darkroom_media_ready_seconds", work();
    /// Time to read a page of a feed.
    feed_seconds: Family<Mode, Histogram> = "darkroom_feed_duration_seconds", requests();
    /// Looks for a timeline; without it the database answers.
    timeline_reads: Family<Place, Counter> = "darkroom_timeline_reads", Family::default();
    /// Cards of posts and people by where they were found.
    card_reads: Family<Card, Counter> = "darkroom_card_reads", Family::default();
    /// Memory of cards in this process, as they are weighed.
    card_bytes: Gauge = "darkroom_card_memory_bytes", Gauge::default();
    /// Timelines in this process; none with Redis.
    timelines: Gauge = "darkroom_timelines", Gauge::default();
    /// Memory of timelines in this process, estimated from some of them.
    timeline_bytes: Gauge = "darkroom_timeline_memory_bytes", Gauge::default();
    /// Posts that the audit found missing from timelines: anything but nought is a fault.
    feed_missing: Counter = "darkroom_feed_missing", Counter::default();
    /// Counters that a recount found wrong and repaired.
    drift: Family<Counted, Counter> = "darkroom_counter_drift", Family::default();
    /// Objects that wait to be purged, counted up to 10001.
    doomed: Gauge = "darkroom_objects_doomed", Gauge::default();
    /// Jobs that are due and wait, counted up to 10001 a queue.
    queue_depth: Family<Queue, Gauge> = "darkroom_job_queue_depth", Family::default();
    /// How long the oldest of the jobs that are due has waited, 0 if there is none.
    queue_oldest: Family<Queue, Fraction> = "darkroom_job_queue_oldest_seconds", Family::default();
    /// Jobs that have been given up and wait for an operator, counted up to 10001 a queue.
    dead_jobs: Family<Queue, Gauge> = "darkroom_jobs_dead", Family::default();
    /// When the ledger and the stores were last looked at with success, in seconds since 1970.
    sampled: Fraction = "darkroom_sampled_timestamp_seconds", Fraction::default();
    /// Runs of jobs and how they ended.
    jobs: Family<Job, Counter> = "darkroom_jobs", Family::default();
    /// Time of a run of a job.
    job_seconds: Family<JobKind, Histogram> = "darkroom_job_duration_seconds", works();
    /// Time from a job's being due to its start.
    job_delay_seconds: Family<Queue, Histogram> = "darkroom_job_delay_seconds", works();
    /// Connections to the database that are open.
    database_connections: Gauge = "darkroom_database_connections", Gauge::default();
    /// Connections to the database that are open and in use.
    database_connections_used: Gauge = "darkroom_database_connections_used", Gauge::default();
    /// Most connections to the database that this process opens.
    database_connections_max: Gauge = "darkroom_database_connections_max", Gauge::default();
    /// Connections to the database's replica that are open; 0 without one.
    database_replica_connections: Gauge = "darkroom_database_replica_connections", Gauge::default();
    /// Connections to the database's replica that are open and in use.
    database_replica_connections_used: Gauge = "darkroom_database_replica_connections_used", Gauge::default();
    /// Reads that the database's replica answered, and queries that went on at the primary because it could not.
    database_replica_reads: Family<Place, Counter> = "darkroom_database_replica_reads", Family::default();
    /// Time until a write transaction has begun: the wait for its turn on SQLite, for a connection, and for BEGIN.
    database_begin_seconds: Histogram = "darkroom_database_begin_duration_seconds", request();
    /// Write transactions that could not begin: no turn, no connection, or an error.
    database_begin_failures: Counter = "darkroom_database_begin_failures", Counter::default();
    /// Whether a store answers: 1 or 0.
    store_up: Family<Store, Gauge> = "darkroom_store_up", Family::default();
    /// Time of the last event from its being published to its being heard in this process.
    event_lag: Fraction = "darkroom_event_lag_seconds", Fraction::default();
    /// Events of our own that were not heard within 2 s.
    events_lost: Counter = "darkroom_event_probes_lost", Counter::default();
    /// Live subscriptions to topics in this process.
    listeners: Gauge = "darkroom_event_listeners", Gauge::default();
    /// Spans of traces that were not sent: the collector was away, or slower than they came.
    spans_dropped: Counter = "darkroom_telemetry_spans_dropped", Counter::default();
    /// Bytes that are free for Darkroom where its data folder lies; without a folder there is no such metric.
    data_free: Family<Folder, Gauge> = "darkroom_data_free_bytes", Family::default();
    /// Bytes of the file system where the data folder lies.
    data_size: Family<Folder, Gauge> = "darkroom_data_size_bytes", Family::default();
}

/// The name of each series as Prometheus stores it, those of the process itself included.
#[must_use]
pub fn exported() -> Vec<String> {
    let series = |(name, form): &(&str, MetricType)| match form {
        MetricType::Counter => vec![format!("{name}_total")],
        MetricType::Histogram => ["bucket", "sum", "count"].map(|end| format!("{name}_{end}")).to_vec(),
        _ => vec![(*name).to_owned()],
    };
    TABLE.iter().chain(process::TABLE).flat_map(series).collect()
}
