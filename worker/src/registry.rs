//! Which handler runs which job.

use std::collections::HashMap;
use std::time::Duration;

use darkroom_service::job::Job;
use darkroom_service::{App, Result};
use futures::future::BoxFuture;
use serde_json::Value;

/// How one kind of job is run. Implemented on the payload; a thin call of a verb of the service.
///
/// A handler may be stopped at any await, may run twice, and may run at the same time as an earlier run whose worker was
/// believed dead: its second run changes nothing.
pub trait Handler: Job {
    /// Does the work. An error, a panic or [`Job::TIMEOUT`] make it come back later, until its attempts are used up.
    fn run(self, app: &App) -> impl Future<Output = Result<()>> + Send;

    /// Tells whoever waits that it will not be done. Called before the job is set aside as dead; it may be called more
    /// than once.
    fn give_up(self, app: &App) -> impl Future<Output = Result<()>> + Send {
        let _ = app;
        async { Ok(()) }
    }
}

/// A verb of a handler that takes the payload as it stands in the ledger.
pub(crate) type Verb = fn(App, Value) -> serde_json::Result<BoxFuture<'static, Result<()>>>;

/// One handler, its payload's type forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) run: Verb,
    pub(crate) give_up: Verb,
    pub(crate) timeout: Duration,
    pub(crate) max_attempts: u32,
}

/// The handlers of one program, by the stable names of their jobs.
#[derive(Default, Clone)]
pub struct Registry {
    entries: HashMap<&'static str, Entry>,
}

impl Registry {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of `H`. A later one with the same name takes the earlier one's place.
    #[must_use]
    pub fn with<H: Handler>(mut self) -> Self {
        let run: Verb = |app, payload| {
            let job: H = serde_json::from_value(payload)?;
            Ok(Box::pin(async move { job.run(&app).await }))
        };
        let give_up: Verb = |app, payload| {
            let job: H = serde_json::from_value(payload)?;
            Ok(Box::pin(async move { job.give_up(&app).await }))
        };
        self.entries.insert(H::NAME, Entry { run, give_up, timeout: H::TIMEOUT, max_attempts: H::MAX_ATTEMPTS });
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<Entry> {
        self.entries.get(name).copied()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names: Vec<_> = self.entries.keys().collect();
        names.sort_unstable();
        f.debug_tuple("Registry").field(&names).finish()
    }
}
