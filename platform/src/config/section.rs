//! The tables of the configuration. Meanings, units and ranges stand in `default.toml`.

use serde::{Deserialize, Serialize};

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

/// Bounds of everything that clients send.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest uploaded file, bytes.
    pub upload_max_bytes: u64,
    /// Largest request body without files, bytes.
    pub request_max_bytes: u64,
    /// Uploads that one process takes at once.
    pub uploads_concurrent: usize,
    /// Large files that one person has under way.
    pub uploads_open_max: u64,
    /// Bytes of all large files that one person has under way.
    pub uploads_open_max_bytes: u64,
    /// Largest picture, width × height.
    pub media_max_pixels: u64,
    /// Longest side of a picture, pixels.
    pub media_max_side: u32,
    /// Media in one post.
    pub media_per_post: usize,
    /// Length of a caption, characters.
    pub caption_max_chars: usize,
    /// Length of a comment, characters.
    pub comment_max_chars: usize,
    /// Length of a location, characters.
    pub location_max_chars: usize,
    /// Length of an alternative text, characters.
    pub alt_text_max_chars: usize,
    /// Length of a biography, characters.
    pub bio_max_chars: usize,
    /// Most items on one page of a list.
    pub page_max: usize,
    /// People whom one person may begin to follow, or ask to, within an hour.
    pub follows_per_hour: u64,
    /// Most people whom one person follows.
    pub following_max: u64,
    /// Most private accounts that one person waits to be let in by.
    pub follow_requests_max: u64,
    /// Connections that one process serves at once.
    pub connections_max: usize,
    /// Longest time that a request's head takes to arrive, seconds.
    pub head_timeout_seconds: u64,
    /// Longest wait for the next request on a kept connection, seconds.
    pub idle_timeout_seconds: u64,
    /// How fast a body must come that is waited for, bytes a second; 0 for as slow as it likes.
    pub body_min_bytes_per_second: u64,
}

/// Whom the API believes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Networks of proxies that say for whom they ask.
    pub trusted_proxies: Vec<String>,
}

/// How much one may ask for in a time; 0 for as much as one likes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatesConfig {
    /// Networks from which everything may be asked for as often as one likes, but for sign-ins that fail and uploads.
    pub exempt: Vec<String>,
    /// Cost of the operations of one session in a minute.
    pub session_points: u64,
    /// Cost of the operations of one address, of those who are signed out, in a minute.
    pub address_points: u64,
    /// Sign-ins by one login that fail in 15 minutes.
    pub sign_ins_per_login: u64,
    /// Sign-ins from one address in 15 minutes.
    pub sign_ins_per_address: u64,
    /// Sign-ups from one address in an hour.
    pub sign_ups_per_address: u64,
    /// Uploads of one person in an hour.
    pub uploads_per_account: u64,
    /// Most sessions, addresses and logins that one process counts at once.
    pub memory_keys: u64,
}

/// Which documents run, and how much one may ask for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphqlConfig {
    /// What clients may send.
    pub documents: DocumentsMode,
    /// The file that lists trusted documents; empty for none.
    pub documents_file: String,
    /// Most that one operation may ask for: fields, times the lengths of the lists around them.
    pub complexity_max: u64,
    /// Longest document, bytes.
    pub document_max_bytes: usize,
    /// Memory for parsed documents, bytes.
    pub document_memory_max_bytes: u64,
    /// How long Redis keeps a text that is known by its hash, seconds.
    pub apq_ttl_seconds: u32,
}

/// What clients may send as a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentsMode {
    /// Texts.
    Off,
    /// Texts, and hashes of texts that were sent before.
    Apq,
    /// What a file lists.
    Trusted,
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
    /// Memory of one process without Redis for ranked orders, bytes.
    pub snapshot_memory_max_bytes: u64,
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
