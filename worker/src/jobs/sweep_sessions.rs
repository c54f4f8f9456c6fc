//! Removes sessions that have ended.

use darkroom_service::job::SweepSessions;
use darkroom_service::{App, Result, session};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next day.
const MOST_BATCHES: usize = 1000;

impl Handler for SweepSessions {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !session::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
