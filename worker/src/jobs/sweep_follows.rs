//! Removes notes of follows that count for no limit any more.

use darkroom_service::job::SweepFollows;
use darkroom_service::{App, Result, follow};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next day.
const MOST_BATCHES: usize = 1000;

impl Handler for SweepFollows {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !follow::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
