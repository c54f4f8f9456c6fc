//! The tables of the configuration. Meanings, units and ranges stand in `default.toml`.

mod edge;

use serde::{Deserialize, Serialize};

use super::secret::Secret;

pub use edge::{DocumentsMode, GraphqlConfig, HttpConfig, LimitsConfig, RatesConfig};

/// Connections and time-outs of the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Most connections that one process opens.
    pub max_connections: u32,
    /// Longest run of one statement on PostgreSQL, milliseconds.
    pub statement_timeout_ms: u64,
    /// Longest wait for a connection or for the turn to write, milliseconds.
    pub acquire_timeout_ms: u64,
    /// What stands between this process and PostgreSQL.
    pub pooler: Pooler,
    /// PostgreSQL's own URL, past the pooler (with its password); empty if there is none.
    pub direct_url: Secret,
    /// A streaming replica's URL (with its password), which answers queries; empty if there is none.
    pub replica_url: Secret,
    /// Longest wait for it to come as far as the primary was, milliseconds.
    pub replica_max_lag_ms: u64,
}

/// What stands between a process and PostgreSQL: what is left with a connection may not be there for the next statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooler {
    /// Nothing, or a pooler that gives each connection a session of its own.
    None,
    /// A pooler that gives a server process for one transaction at a time, and knows nothing of prepared statements.
    Transaction,
    /// The same, but it prepares what a client has prepared wherever it is needed.
    Prepared,
}

/// Key prefix and time-outs of Redis.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// First part of every key and channel.
    pub key_prefix: String,
    /// Longest wait for a command's answer, milliseconds.
    pub command_timeout_ms: u64,
    /// Longest attempt to connect, milliseconds.
    pub connect_timeout_ms: u64,
}

/// Queues, concurrency, leases of the job workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerConfig {
    /// Queues that this process works on.
    pub queues: Vec<String>,
    /// Jobs at once in each queue; 0 is the number of cores, see [`WorkerConfig::effective_concurrency`].
    pub concurrency: usize,
    /// How long a silent worker keeps its job, seconds.
    pub lease_seconds: u64,
    /// Pause between sweeps, milliseconds.
    pub sweep_interval_ms: u64,
    /// Failures after which a job is dead.
    pub max_attempts: u32,
    /// How long running jobs may take to finish at the end, seconds.
    pub shutdown_timeout_seconds: u64,
}

impl WorkerConfig {
    /// Jobs at once in each queue, at least 1.
    #[must_use]
    pub fn effective_concurrency(&self) -> usize {
        match self.concurrency {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        }
    }
}

/// Lifetime of sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// A session ends after so many days.
    pub ttl_days: u32,
}

/// How large files come in, how photos are decoded, and in what they are shown; lifetime of media URLs and of unattached
/// uploads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConfig {
    /// Where photos are decoded.
    pub isolation: Isolation,
    /// Address space of a child that decodes, bytes.
    pub decode_memory_max_bytes: u64,
    /// Longest time for one photo in a child, seconds.
    pub decode_timeout_seconds: u64,
    /// Whether photos get renditions in WebP as well.
    pub webp: bool,
    /// How long a signed URL stays the same, seconds.
    pub url_window_seconds: u64,
    /// How long an upload lives that nothing uses or nobody finishes, hours.
    pub unattached_ttl_hours: u32,
    /// Bytes of each part of a large file but the last.
    pub upload_part_bytes: u64,
    /// Whether parts go straight to the bucket, if there is one.
    pub direct_uploads: bool,
}

/// Where photos are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// In child processes.
    Process,
    /// On threads of this process.
    Thread,
}

/// Sizes of timelines and of fan-out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Newest posts that a timeline keeps.
    pub window: usize,
    /// Timelines held in this process without Redis.
    pub local_timelines: u64,
    /// Followers that one fan-out job serves.
    pub fan_out_chunk: u64,
    /// How long Redis keeps a timeline that nobody reads, days.
    pub timeline_ttl_days: u32,
    /// Followers above which a person's posts are pulled and not pushed.
    pub pull_above: i64,
    /// Timelines of pulled authors that this process keeps at hand.
    pub author_timelines: u64,
    /// Timelines that one audit compares with the database.
    pub audit_sample: u64,
}

/// Weights of the ranked feed; how long an order is kept, and for whom it is prepared.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingConfig {
    /// Weight of how close the viewer is to the author, 0–100.
    pub relationship: u32,
    /// Weight of what the viewer cares for, 0–100.
    pub interest: u32,
    /// Weight of how new it is, 0–100.
    pub recency: u32,
    /// Weight of how well others received it, 0–100.
    pub quality: u32,
    /// Weight of how active the viewer is, 0–100.
    pub activity: u32,
    /// A post's recency halves in so long, hours.
    pub recency_half_life_hours: u32,
    /// How long an order is shown again, seconds; it is kept twice as long.
    pub snapshot_seconds: u32,
    /// Memory of one process for ranked orders, bytes.
    pub snapshot_memory_max_bytes: u64,
    /// Memory of one process for what posts bring to orders, bytes.
    pub item_memory_max_bytes: u64,
    /// People whose feed is prepared every half an hour.
    pub warm_people: u64,
}

/// Memory and lifetime of cards.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardConfig {
    /// Memory of one process for cards, bytes.
    pub memory_max_bytes: u64,
    /// How long a post's card is kept, seconds.
    pub post_ttl_seconds: u32,
    /// How long a person's card is kept, seconds.
    pub author_ttl_seconds: u32,
}

/// Lifetime of stories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryConfig {
    /// A story is visible for so many hours.
    pub ttl_hours: u32,
}

/// Lifetime of notifications.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationConfig {
    /// A notification is deleted after so many days.
    pub retention_days: u32,
}

/// Where metrics are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address and port; empty for no metrics. [`Config::metrics_listen`](super::Config::metrics_listen) reads it.
    pub listen: String,
}

/// Where traces go, and how many there are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The collector's URL; empty for no traces.
    pub otlp_endpoint: String,
    /// Which part of the traces that begin here is kept, 0–1.
    pub sample_ratio: f64,
    /// What traces say that this process is; empty for the program's name.
    pub service_name: String,
}

/// Format and filter of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// Level, or levels by module, in the syntax of tracing's `EnvFilter`.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}
