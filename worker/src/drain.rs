//! Runs what is due, now and here: for tests, and for programs that fill a folder before they serve it.

use std::sync::Arc;

use anyhow::Context;
use darkroom_service::App;
use darkroom_service::job::Queue;
use darkroom_service::job::ledger::{self, Claimed, Suspects};
use darkroom_service::job::pause;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::envelope::{Envelope, Outcome};
use crate::lease::Leases;
use crate::registry::Registry;

/// Runs everything that is due, the jobs that follow from it included, until nothing is left that is due by
/// `app.clock`, in queues that are not paused. A job that fails takes the same way as in a worker: it is put back for later, or set aside as dead.
/// Returns how many runs there were.
///
/// # Errors
/// When the database does not answer.
pub async fn drain(app: &App) -> anyhow::Result<usize> {
    drain_with(app, Registry::all(), || {}).await
}

/// [`drain`] with handlers of one's own; `on_job` is called after each run.
///
/// # Errors
/// When the database does not answer.
pub async fn drain_with(app: &App, registry: Registry, mut on_job: impl FnMut()) -> anyhow::Result<usize> {
    let leases = Leases::default();
    let envelope = Envelope::new(app.clone(), Arc::new(registry), CancellationToken::new());
    let work = async {
        let mut ran = 0;
        loop {
            let before = ran;
            let paused = pause::paused(app).await.context("can't look which queues are paused")?;
            let is_paused = |queue: Queue| paused.iter().any(|(of, _)| *of == queue);
            for queue in Queue::ALL.into_iter().filter(|queue| !is_paused(*queue)) {
                ran += round(app, queue, &envelope, &leases, &mut on_job).await?;
            }
            if ran == before {
                return Ok(ran);
            }
        }
    };
    tokio::select! {
        ran = work => ran,
        never = leases.clone().keep(app.clone()) => match never {},
    }
}

/// Runs what is due in one queue, as many at once as there are cores.
async fn round(
    app: &App,
    queue: Queue,
    envelope: &Envelope,
    leases: &Leases,
    on_job: &mut impl FnMut(),
) -> anyhow::Result<usize> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let ids = ledger::due(app, queue, at_once as u64).await.context("can't look for due jobs")?;
    let claimed = ledger::claim(app, queue, &ids, Suspects::One).await.context("can't claim jobs")?;
    let ran = claimed.len();
    let mut runs: FuturesUnordered<_> = claimed.into_iter().map(|job| one(envelope, leases, job)).collect();
    while let Some((job, outcome)) = runs.next().await {
        envelope.settle(&job, &outcome).await;
        on_job();
    }
    Ok(ran)
}

async fn one(envelope: &Envelope, leases: &Leases, job: Claimed) -> (Claimed, Outcome) {
    let _lease = leases.hold(&job);
    let outcome = envelope.run(&job).await;
    (job, outcome)
}
