//! Lets in everyone who asked to follow an account that is private no longer.

use darkroom_service::job::AcceptFollowRequests;
use darkroom_service::{App, Result, follow};

use crate::registry::Handler;

impl Handler for AcceptFollowRequests {
    async fn run(self, app: &App) -> Result<()> {
        follow::accept_all(app, self.account_id).await
    }
}
