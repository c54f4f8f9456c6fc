//! Purges doomed objects whose job was lost.

use darkroom_service::job::SweepObjects;
use darkroom_service::{App, Result, object};

use crate::registry::Handler;

impl Handler for SweepObjects {
    async fn run(self, app: &App) -> Result<()> {
        object::sweep(app).await
    }
}
