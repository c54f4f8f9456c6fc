//! Removes large files whose time is over.

use darkroom_service::job::SweepUploads;
use darkroom_service::{App, Result, upload};

use crate::registry::Handler;

impl Handler for SweepUploads {
    async fn run(self, app: &App) -> Result<()> {
        upload::sweep(app).await
    }
}
