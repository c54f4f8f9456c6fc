//! Removes objects that nothing refers to.

use darkroom_service::job::PurgeObjects;
use darkroom_service::{App, Result, object};

use crate::registry::Handler;

impl Handler for PurgeObjects {
    async fn run(self, app: &App) -> Result<()> {
        object::purge(app, self.batch_id).await
    }
}
