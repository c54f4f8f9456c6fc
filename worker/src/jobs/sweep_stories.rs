//! Ends the stories that were missed.

use darkroom_service::job::SweepStories;
use darkroom_service::{App, Result, story};

use crate::registry::Handler;

impl Handler for SweepStories {
    async fn run(self, app: &App) -> Result<()> {
        story::sweep(app).await
    }
}
