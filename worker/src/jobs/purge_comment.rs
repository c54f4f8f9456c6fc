//! Removes what belonged to a comment that is gone.

use darkroom_service::job::PurgeComment;
use darkroom_service::{App, Result, comment};

use crate::registry::Handler;

impl Handler for PurgeComment {
    async fn run(self, app: &App) -> Result<()> {
        comment::purge(app, self.comment_id).await
    }
}
