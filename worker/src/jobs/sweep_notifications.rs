//! Removes notifications whose time is over.

use darkroom_service::job::SweepNotifications;
use darkroom_service::{App, Result, notification};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next day.
const MOST_BATCHES: usize = 1000;

impl Handler for SweepNotifications {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !notification::sweep(app).await? {
                break;
            }
        }
        Ok(())
    }
}
