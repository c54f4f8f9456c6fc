//! The sweep: what is due and was not announced, or whose announcement was lost, is announced again.
//!
//! Delayed jobs, retries, jobs of workers that died and hints that a flushed Redis forgot all come back this way. It looks
//! at a queue only while the transport holds nothing for it: otherwise the same hints would pile up.

use std::convert::Infallible;
use std::time::Duration;

use darkroom_service::App;
use darkroom_service::job::{Queue, SCHEDULES, ledger};
use rand::Rng;
use tokio::time::Instant;

use crate::pauses::Pauses;
use crate::trouble::{Trouble, reason};

/// Ids announced for one queue by one sweep.
const AT_ONCE: u64 = 500;

/// Pause between two plans of what comes back. Shorter than the shortest schedule, so that no slot is missed.
const PLAN_EVERY: Duration = Duration::from_secs(30);

/// Looks which queues are paused, sweeps the others, and plans, for ever.
pub(crate) async fn run(app: App, queues: Vec<Queue>, pauses: Pauses) -> Infallible {
    let interval = Duration::from_millis(app.config.worker.sweep_interval_ms);
    let mut trouble = Trouble::new("the sweep can't look for due jobs: the ledger does not answer");
    let mut planned: Option<Instant> = None;
    loop {
        let round = async {
            pauses.look(&app).await?;
            if planned.is_none_or(|last| last.elapsed() >= PLAN_EVERY) {
                ledger::plan(&app, &SCHEDULES).await?;
                planned = Some(Instant::now());
            }
            for queue in queues.iter().filter(|queue| !pauses.holds(**queue)) {
                sweep(&app, *queue).await?;
            }
            Ok::<(), darkroom_service::Error>(())
        };
        let pause = match round.await {
            Ok(()) => {
                trouble.over();
                // Spread, so that many workers don't look at the same moment.
                interval.mul_f64(rand::rng().random_range(0.8..1.2))
            }
            Err(error) => trouble.failed(&reason(&error)).max(interval),
        };
        tokio::time::sleep(pause).await;
    }
}

async fn sweep(app: &App, queue: Queue) -> darkroom_service::Result<()> {
    // A transport that can't say is treated as idle: a hint too many does no harm, a missing one does.
    if !app.transport.is_idle(queue.as_str()).await.unwrap_or(true) {
        return Ok(());
    }
    let ids = ledger::due(app, queue, AT_ONCE).await?;
    if ids.is_empty() {
        return Ok(());
    }
    if let Err(error) = app.transport.announce(queue.as_str(), &ids).await {
        tracing::debug!(%error, queue = queue.as_str(), "due jobs not announced; workers read them from the ledger");
    }
    Ok(())
}
