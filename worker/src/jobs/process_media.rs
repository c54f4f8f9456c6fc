//! Makes a photo's renditions and facts.

use darkroom_service::job::ProcessMedia;
use darkroom_service::{App, Result, media};

use crate::registry::Handler;

impl Handler for ProcessMedia {
    async fn run(self, app: &App) -> Result<()> {
        media::process(app, self.media_id).await
    }

    async fn give_up(self, app: &App) -> Result<()> {
        media::give_up(app, self.media_id).await
    }
}
