//! How many runs have ended in this process since the ledger was last told.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use darkroom_service::App;
use darkroom_service::job::Queue;
use darkroom_service::job::tally::{self, ByQueue};

use crate::envelope::{Envelope, Outcome};

/// How often the ledger is told: often enough that the minute in which runs have ended is the one in which they are counted.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Runs that have ended and were not told yet.
#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<ByQueue>);

impl Counted {
    /// Counts a run. What comes back through no fault of its own counts as nothing.
    pub(crate) fn note(&self, queue: Queue, outcome: &Outcome) {
        let (done, failed) = match outcome {
            Outcome::Done => (1, 0),
            Outcome::Again(_) | Outcome::Dead(_) => (0, 1),
            Outcome::Later(_) | Outcome::Stopped => return,
        };
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = counted.entry(queue.as_str()).or_default();
        tally.done += done;
        tally.failed += failed;
    }

    /// Tells the ledger. What it could not be told waits for the next time.
    pub(crate) async fn tell(&self, app: &App) {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let Err(error) = tally::add(app, &counted).await else { return };
        tracing::debug!(%error, "how many jobs were done can't be written yet");
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (queue, tally) in counted {
            let sum = since.entry(queue).or_default();
            sum.done += tally.done;
            sum.failed += tally.failed;
        }
    }
}

/// Tells the ledger now and then, for ever.
pub(crate) async fn keep(app: App, envelope: Arc<Envelope>) -> Infallible {
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        envelope.counted.tell(&app).await;
    }
}
