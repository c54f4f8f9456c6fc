//! Forgets requests with a key whose day is over.

use darkroom_service::job::SweepIdempotency;
use darkroom_service::{App, Result, idempotency};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next hour.
const MOST_BATCHES: usize = 1000;

impl Handler for SweepIdempotency {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !idempotency::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
