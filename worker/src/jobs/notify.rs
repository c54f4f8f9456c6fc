//! Tells people what happened.

use darkroom_service::job::Notify;
use darkroom_service::{App, Result, notification};

use crate::registry::Handler;

impl Handler for Notify {
    async fn run(self, app: &App) -> Result<()> {
        notification::deliver(app, self.event).await
    }
}
