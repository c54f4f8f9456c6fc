//! Removes what two people left with each other before one blocked the other.

use darkroom_service::job::CleanBlock;
use darkroom_service::{App, Result, block};

use crate::registry::Handler;

impl Handler for CleanBlock {
    async fn run(self, app: &App) -> Result<()> {
        block::clean(app, self.blocker_id, self.blocked_id).await
    }
}
