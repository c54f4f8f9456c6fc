//! Carries a post to a page of its author's followers.

use darkroom_service::job::FanOutPost;
use darkroom_service::{App, Result, post};

use crate::registry::Handler;

impl Handler for FanOutPost {
    async fn run(self, app: &App) -> Result<()> {
        post::fan_out(app, self.post_id, self.after).await
    }
}
