//! What operators see: the listener of metrics, and what is measured although nothing happens.
//!
//! ```text
//!   when somebody asks   pool, cards, timelines, listeners                     (memory of this process)
//!   every ten seconds    queues, dead jobs, doomed objects, stores, event lag  (statements and round trips)
//! ```
//!
//! The second kind does not depend on how many ask, nor how often; every statement of it is bounded.

mod probe;
mod sample;

use std::time::{Duration, Instant};

use darkroom_media::FailureCode;
use darkroom_platform::metrics::{
    self, Build, Counted, Folder, Listener, Metrics, Place, Reason, Store, Upload, UploadKind,
};
use darkroom_platform::space;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::counter::Counter;
use crate::error::{Error, Result};
use probe::Probe;
pub use sample::sample;

/// Between two looks at the ledger and the stores.
const EVERY: Duration = Duration::from_secs(10);

/// What serves metrics, and looks. Dropping it lets it go on; [`Sight::end`] ends it.
#[derive(Debug)]
pub struct Sight {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Serves the metrics of this application on `listener`. `program` is what runs it.
#[must_use]
pub fn open(app: &App, listener: Listener, program: &'static str) -> Sight {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let build = Build { program, version: env!("CARGO_PKG_VERSION") };
    metrics::record(|metrics| {
        metrics.build.get_or_create(&build).set(1);
        begin_at_nought(metrics);
    });
    match listener.address() {
        Ok(address) => tracing::info!(listen = %address, "metrics are served"),
        Err(error) => tracing::warn!(%error, "metrics are served somewhere"),
    }
    let seen = app.clone();
    tasks.spawn(listener.serve(move || look(&seen), stop.clone()));
    let (seen, stopped) = (app.clone(), stop.clone());
    tasks.spawn(async move { stopped.run_until_cancelled(Box::pin(keep_sampling(seen))).await });
    tasks.close();
    Sight { tasks, stop }
}

/// Series of which the very first count is news: one that appears at 1 has not risen, as Prometheus sees it.
fn begin_at_nought(metrics: &Metrics) {
    for counter in Counter::ALL {
        drop(metrics.drift.get_or_create(&Counted { counter: counter.name() }));
    }
    for kind in ["whole", "parts"] {
        for (outcome, code) in [("accepted", "NONE"), ("failed", "INTERNAL"), ("failed", "UNAVAILABLE")] {
            drop(metrics.uploads.get_or_create(&Upload { kind, outcome, code }));
        }
    }
    for reason in ["READY", FailureCode::Internal.as_str()] {
        drop(metrics.media_processed.get_or_create(&Reason { reason }));
    }
    for reason in ["crowded", "late"] {
        drop(metrics.shed.get_or_create(&Reason { reason }));
    }
}

impl Sight {
    /// Listens no more, and ends what is under way.
    pub async fn end(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

async fn keep_sampling(app: App) {
    let mut probe = Probe::new(&app).await;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tokio::join!(sample(&app), probe.send(&app));
    }
}

/// Brings up to date what costs nothing to look at.
fn look(app: &App) {
    metrics::record(|metrics| {
        let connections = app.database.connections();
        metrics.database_connections.set(i64::from(connections.open));
        metrics.database_connections_used.set(i64::from(connections.used));
        metrics.database_connections_max.set(i64::from(app.config.database.max_connections));
        if let Some((stands, connections)) = app.database.replica() {
            metrics.database_replica_connections.set(i64::from(connections.open));
            metrics.database_replica_connections_used.set(i64::from(connections.used));
            metrics.store_up.get_or_create(&Store { store: "replica" }).set(i64::from(stands));
        }
        metrics.card_bytes.set(signed(app.cards.weight()));
        // Without the probe's own.
        metrics.listeners.set(signed(app.events.listeners().saturating_sub(1) as u64));
        if let Some(held) = app.timelines.held() {
            metrics.timelines.set(signed(held.timelines));
            metrics.timeline_bytes.set(signed(held.bytes));
        }
        if app.config.data_dir.is_dir()
            && let Ok(space) = space::of(&app.config.data_dir)
        {
            let folder = Folder { folder: "data" };
            metrics.data_free.get_or_create(&folder).set(signed(space.free));
            metrics.data_size.get_or_create(&folder).set(signed(space.size));
        }
    });
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Notes what a look for a timeline found: `hit`, `miss` or `away`.
pub(crate) fn timeline(result: &'static str) {
    metrics::record(|metrics| _ = metrics.timeline_reads.get_or_create(&Place { result }).inc());
}

/// Notes how long a page of a feed took to read.
pub(crate) fn feed(mode: &'static str, begun: Instant) {
    metrics::record(|metrics| {
        metrics.feed_seconds.get_or_create(&metrics::Mode { mode }).observe(metrics::since(begun));
    });
}

/// Notes where cards were found.
pub(crate) fn cards(place: &'static str, number: usize) {
    if number > 0 {
        let note = |metrics: &metrics::Metrics| {
            _ = metrics.card_reads.get_or_create(&metrics::Card { place }).inc_by(number as u64);
        };
        metrics::record(note);
    }
}

/// Notes what became of a photo that was sent, and, if it was accepted, how long that took since `last_byte`.
pub(crate) fn upload<T>(kind: &'static str, last_byte: Instant, result: &Result<T>) {
    metrics::record(|metrics| {
        let (outcome, code) = outcome(result);
        metrics.uploads.get_or_create(&Upload { kind, outcome, code }).inc();
        if result.is_ok() {
            metrics.upload_accepted_seconds.get_or_create(&UploadKind { kind }).observe(metrics::since(last_byte));
        }
    });
}

fn outcome<T>(result: &Result<T>) -> (&'static str, &'static str) {
    match result {
        Ok(_) => ("accepted", "NONE"),
        Err(Error::Rejected { problems }) => match problems.iter().find_map(|problem| problem.failure) {
            Some(FailureCode::Internal) => ("failed", "INTERNAL"),
            code => ("refused", code.map_or("INVALID", FailureCode::as_str)),
        },
        Err(Error::RateLimited { .. }) => ("refused", "RATE_LIMITED"),
        Err(Error::Unauthenticated) => ("refused", "UNAUTHENTICATED"),
        Err(Error::Unavailable { .. }) => ("failed", "UNAVAILABLE"),
        Err(Error::Internal(_)) => ("failed", "INTERNAL"),
    }
}

#[cfg(test)]
mod tests {
    use darkroom_media::Failure;

    use super::*;

    #[test]
    fn only_what_is_our_fault_is_a_failure() {
        let refused = Error::refused("file", Failure { code: FailureCode::TooLarge, message: String::new() });
        assert_eq!(outcome::<()>(&Err(refused)), ("refused", "TOO_LARGE"));
        assert_eq!(outcome::<()>(&Err(Error::invalid("file", "cut off"))), ("refused", "INVALID"));
        assert_eq!(outcome::<()>(&Err(Error::internal("a fault"))), ("failed", "INTERNAL"));
        assert_eq!(outcome(&Ok(())), ("accepted", "NONE"));
    }
}
