//! Ends a story when its day is over.

use darkroom_service::job::ExpireStory;
use darkroom_service::{App, Result, story};

use crate::registry::Handler;

impl Handler for ExpireStory {
    async fn run(self, app: &App) -> Result<()> {
        story::expire(app, self.story_id).await
    }
}
