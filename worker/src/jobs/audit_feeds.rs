//! Compares a sample of timelines with the database.

use darkroom_service::job::AuditFeeds;
use darkroom_service::{App, Result, feed};

use crate::registry::Handler;

impl Handler for AuditFeeds {
    async fn run(self, app: &App) -> Result<()> {
        feed::audit(app).await?;
        Ok(())
    }
}
