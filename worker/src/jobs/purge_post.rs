//! Removes what belonged to a post that is gone.

use darkroom_service::job::PurgePost;
use darkroom_service::{App, Result, post};

use crate::registry::Handler;

impl Handler for PurgePost {
    async fn run(self, app: &App) -> Result<()> {
        post::purge(app, self.post_id).await
    }
}
