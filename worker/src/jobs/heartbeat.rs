//! Shows that jobs are run: that it is taken and removed is all that it does.

use darkroom_service::job::Heartbeat;
use darkroom_service::{App, Result};

use crate::registry::Handler;

impl Handler for Heartbeat {
    async fn run(self, _app: &App) -> Result<()> {
        Ok(())
    }
}
