//! Labels. Every value comes from a list of ours, or, where clients choose it, through [`Callers`], which bounds how many
//! there are: each new value is memory here and at Prometheus, for ever.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// A label's value that was taken in once and is shared.
pub type Label = Arc<str>;

/// What stands for a name that was not given.
static ANONYMOUS: LazyLock<Label> = LazyLock::new(|| "anonymous".into());

/// What stands for a name that can't be a label, and for all that came after the first thousand.
static OTHER: LazyLock<Label> = LazyLock::new(|| "other".into());

/// Pairs of a client's and an operation's name that are told apart.
const PAIRS: usize = 1000;

/// Longest name, bytes.
const NAME: usize = 64;

/// What an operation is called and who sent it, by the names that clients give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The operation's name.
    pub operation: Label,
    /// The client's name.
    pub client: Label,
}

/// The names that clients give to operations and to themselves. They come from strangers, so the first thousand pairs are told
/// apart, and the rest are `other`.
#[derive(Debug, Default)]
pub struct Callers {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_client: HashMap<Label, HashSet<Label>>,
    pairs: usize,
}

impl Callers {
    /// The labels for these names. Known ones cost a look under a shared lock.
    pub fn of(&self, operation: Option<&str>, client: Option<&str>) -> Caller {
        let (operation, client) = (named(operation), named(client));
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(caller) = known.find(operation, client) {
                return caller;
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.take_in(operation, client)
    }
}

impl Known {
    fn find(&self, operation: &str, client: &str) -> Option<Caller> {
        let (client, operations) = self.by_client.get_key_value(client)?;
        let operation = operations.get(operation)?;
        Some(Caller { operation: Arc::clone(operation), client: Arc::clone(client) })
    }

    fn take_in(&mut self, operation: &str, client: &str) -> Caller {
        if let Some(caller) = self.find(operation, client) {
            return caller;
        }
        if self.pairs >= PAIRS {
            return Caller { operation: Arc::clone(&OTHER), client: Arc::clone(&OTHER) };
        }
        self.pairs += 1;
        let (operation, client): (Label, Label) = (operation.into(), client.into());
        self.by_client.entry(Arc::clone(&client)).or_default().insert(Arc::clone(&operation));
        Caller { operation, client }
    }
}

/// A name as it may be shown: letters, digits and a few signs, not too long.
fn named(name: Option<&str>) -> &str {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return &ANONYMOUS };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
    if name.len() <= NAME && name.bytes().all(plain) { name } else { &OTHER }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// No error in it.
    Ok,
    /// It was carried out, and some of it could not be had, through no fault of ours.
    Error,
    /// Some of it failed through a fault of ours.
    Failed,
    /// A store is away, or there were too many others, or it took too long.
    Unavailable,
    /// Whoever asked had no points left.
    RateLimited,
    /// Its document may not run.
    Refused,
    /// Whoever asked hung up before the answer.
    Abandoned,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Abandoned => "abandoned",
        }
    }

    /// What an error of this code of the API's means.
    #[must_use]
    pub fn of_code(code: &str) -> Self {
        match code {
            "INTERNAL" => Self::Failed,
            "UNAVAILABLE" => Self::Unavailable,
            "RATE_LIMITED" => Self::RateLimited,
            _ => Self::Error,
        }
    }

    /// Of several, the one that counts.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let weight = |outcome| match outcome {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Refused | Self::RateLimited | Self::Abandoned => 2,
            Self::Unavailable => 3,
            Self::Failed => 4,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)+
            }
        )+
    };
}

labels! {
    /// An operation and its end.
    Operation {
        /// By the client's own word; see [`Callers`].
        operation: Label,
        /// The same.
        client: Label,
        /// `query`, `mutation`, `subscription`, or `unknown` where the document leaves it open.
        kind: &'static str,
        /// What became of it.
        outcome: Outcome,
    }
    /// An operation.
    OperationName {
        /// By the client's own word; see [`Callers`].
        operation: Label,
    }
    /// Why something was not done.
    Reason {
        /// In a word.
        reason: &'static str,
    }
    /// A route and how it answered.
    HttpRequest {
        /// The route's pattern, never a path.
        route: &'static str,
        /// The status code.
        status: u16,
    }
    /// How a file came.
    UploadKind {
        /// `whole`: in one request. `parts`: by `createUpload`.
        kind: &'static str,
    }
    /// A file and what became of it.
    Upload {
        /// As in [`UploadKind`].
        kind: &'static str,
        /// `accepted`; `refused`: the file, or whoever sent it, was at fault; `failed`: we were.
        outcome: &'static str,
        /// Why it was refused, by the schema's `MediaFailureCode` where there is one.
        code: &'static str,
    }
    /// A feed's order.
    Mode {
        /// `following` or `ranked`.
        mode: &'static str,
    }
    /// What a look found.
    Place {
        /// `hit`: it was there. `miss`: it has to be built, or is not far enough. `away`: the store did not answer.
        result: &'static str,
    }
    /// Where a card was found.
    Card {
        /// `memory`, `redis` or `database`.
        place: &'static str,
    }
    /// A line of jobs.
    Queue {
        /// `interactive`, `fanout` or `bulk`.
        queue: &'static str,
    }
    /// A kind of job.
    JobKind {
        /// Its stable name.
        job: Label,
    }
    /// A run of a job and its end.
    Job {
        /// Its stable name.
        job: Label,
        /// `done`, `retried`, `postponed` (a store was away), `dead`, or `released` (the worker stops).
        outcome: &'static str,
    }
    /// Something outside.
    Store {
        /// `database`, `objects` or `redis`.
        store: &'static str,
    }
    /// A folder of ours.
    Folder {
        /// `data`.
        folder: &'static str,
    }
    /// A counter in the database.
    Counted {
        /// Which.
        counter: &'static str,
    }
    /// Which program this is.
    Build {
        /// Its name.
        program: &'static str,
        /// Its version.
        version: &'static str,
    }
}
