//! Removes what the log of changes tells and everybody has seen.

use darkroom_service::job::SweepChanges;
use darkroom_service::{App, Result, change};

use crate::registry::Handler;

/// Batches that one run removes at most; what is left waits for the next ten minutes.
const MOST_BATCHES: usize = 5000;

impl Handler for SweepChanges {
    async fn run(self, app: &App) -> Result<()> {
        for _ in 0..MOST_BATCHES {
            if !change::sweep(app).await? {
                break;
            }
        }
        change::note_place(app).await
    }
}
