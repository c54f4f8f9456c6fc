//! Removes what is old of what operators look at: the record of what they did, how many jobs were done, and dead jobs.

use darkroom_service::job::{SweepOperatorActions, admin, tally};
use darkroom_service::{App, Result, operator};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next day.
const MOST_BATCHES: usize = 100;

impl Handler for SweepOperatorActions {
    async fn run(self, app: &App) -> Result<()> {
        tally::sweep(app).await?;
        admin::sweep(app).await?;
        for _ in 0..MOST_BATCHES {
            if !operator::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
