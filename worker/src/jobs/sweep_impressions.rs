//! Removes notes of who has seen what that count no more.

use darkroom_service::job::SweepImpressions;
use darkroom_service::{App, Result, ranking};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next day.
const MOST_BATCHES: usize = 1000;

impl Handler for SweepImpressions {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !ranking::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
