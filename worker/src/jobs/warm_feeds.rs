//! Prepares the feeds of those who are likely to come.

use darkroom_service::job::WarmFeeds;
use darkroom_service::{App, Result, ranking};

use crate::registry::Handler;

impl Handler for WarmFeeds {
    async fn run(self, app: &App) -> Result<()> {
        ranking::warm(app).await?;
        Ok(())
    }
}
