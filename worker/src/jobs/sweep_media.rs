//! Removes uploads that were never finished or never used.

use darkroom_service::job::SweepMedia;
use darkroom_service::{App, Result, media};

use crate::registry::Handler;

impl Handler for SweepMedia {
    async fn run(self, app: &App) -> Result<()> {
        media::sweep(app).await
    }
}
