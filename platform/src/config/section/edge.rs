//! Settings of the edge: what clients may send, how much of it, and from where.

use serde::{Deserialize, Serialize};

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
    /// Operations that one process executes at once; 0 for 8 times the number of cores.
    pub operations_concurrent: usize,
    /// Operations that wait for their turn, and as many cheap reads besides; 0 for 256 times the number of cores.
    pub operations_queued: usize,
    /// The longest that a query or a mutation runs, seconds.
    pub operation_timeout_seconds: u64,
}

impl LimitsConfig {
    /// Operations at once: the setting, or 8 times the number of cores.
    #[must_use]
    pub fn effective_operations(&self) -> usize {
        effective(self.operations_concurrent, 8)
    }

    /// Operations that wait: the setting, or 256 times the number of cores.
    #[must_use]
    pub fn effective_queue(&self) -> usize {
        effective(self.operations_queued, 256)
    }
}

/// The number, or without one so many for each core.
fn effective(number: usize, a_core: usize) -> usize {
    match number {
        0 => a_core * std::thread::available_parallelism().map_or(1, usize::from),
        number => number,
    }
}

/// Whom the API believes, and what it tells browsers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Networks of proxies that say for whom they ask.
    pub trusted_proxies: Vec<String>,
    /// Origins whose pages may use the API; `*` for all.
    pub cors_origins: Vec<String>,
    /// So long browsers are to come by HTTPS only, seconds; 0 for no word of it.
    pub hsts_seconds: u64,
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
