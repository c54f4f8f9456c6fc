//! Makes a photo's renditions in WebP.

use darkroom_service::job::EncodeWebp;
use darkroom_service::{App, Result, media};

use crate::registry::Handler;

impl Handler for EncodeWebp {
    async fn run(self, app: &App) -> Result<()> {
        media::encode_webp(app, self.media_id).await
    }
}
