//! Which queues are paused, as far as this process knows.

use darkroom_service::job::{Queue, pause};
use darkroom_service::{App, Result};
use tokio::sync::watch;

/// What the last look has found; every queue before the first one, so that no job of a paused queue is started by a worker that
/// starts.
#[derive(Debug, Clone)]
pub(crate) struct Pauses {
    seen: watch::Sender<Vec<Queue>>,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        Self { seen: watch::Sender::new(Queue::ALL.to_vec()) }
    }

    /// Asks the ledger. If it does not answer, what was known stays.
    pub(crate) async fn look(&self, app: &App) -> Result<()> {
        let paused: Vec<Queue> = pause::paused(app).await?.into_iter().map(|(queue, _)| queue).collect();
        self.seen.send_if_modified(|seen| {
            let differs = *seen != paused;
            *seen = paused;
            differs
        });
        Ok(())
    }

    pub(crate) fn holds(&self, queue: Queue) -> bool {
        self.seen.borrow().contains(&queue)
    }

    /// Waits for a change.
    pub(crate) async fn changed(&self) {
        let mut seen = self.seen.subscribe();
        // The sender is this value's own: it is there.
        let _ = seen.changed().await;
    }
}
