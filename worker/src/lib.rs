//! The job runner: what the service has written into the ledger is done here.
//!
//! ```text
//!              hints                claims                            outcome
//!   transport ──────► source ◄──────────────► ledger ◄──────────────────────────────┐
//!       ▲               │ held jobs             ▲ ▲                                 │
//!       │               ▼                       │ └── lease: prolongs what is held  │
//!       │            backend ──► apalis ──► envelope ──► registry ──► jobs/<verb_noun> ──► service
//!       └── sweep: announces what is due and was not, plans what comes back
//! ```
//!
//! One worker for each queue, each with places of its own, so that nothing somebody waits for queues behind bulk work.
//! The ledger is the truth: every part of this crate may lose what it knows at any moment, and the next sweep or the end
//! of a lease puts it right. Handlers and payloads know nothing of apalis.

mod backend;
mod clock;
mod counted;
mod drain;
mod envelope;
mod jobs;
mod lease;
mod pauses;
mod pool;
mod registry;
mod settle;
mod slot;
mod source;
mod sweep;
mod trouble;

use std::sync::Arc;

use darkroom_service::App;
use darkroom_service::job::Queue;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

pub use drain::{drain, drain_with};
pub use registry::{Handler, Registry};

/// Works on `queues` until `shutdown` fires, with every job of Darkroom.
///
/// `interactive` has `concurrency` places. `fanout` and `bulk` have as many of their own, and no more than a quarter of
/// the database's connections each: work that nobody waits for takes neither a place nor a connection from work that
/// somebody waits for.
///
/// When `shutdown` fires nothing is claimed any more; what runs has `worker.shutdown_timeout_seconds` to end; what is
/// claimed and not started, or can't end in time, is handed back and counts as no attempt.
///
/// # Errors
/// When a worker, or a task that keeps it going, ends or hangs although nobody asked for it. The others are shut down in
/// order first. The process must end then: one without workers would look healthy and do nothing.
pub fn run(
    app: App,
    queues: &[Queue],
    concurrency: usize,
    shutdown: CancellationToken,
) -> BoxFuture<'_, anyhow::Result<()>> {
    run_with(app, Registry::all(), queues, concurrency, shutdown)
}

/// [`run`] with handlers of one's own. In a box: a plain `async fn` is compiled where it is awaited, with all that it awaits,
/// in each program anew.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    app: App,
    registry: Registry,
    queues: &[Queue],
    concurrency: usize,
    shutdown: CancellationToken,
) -> BoxFuture<'_, anyhow::Result<()>> {
    pool::run(app, Arc::new(registry), queues, concurrency, shutdown).boxed()
}
