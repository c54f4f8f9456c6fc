//! Removes what lay in a collection that is gone.

use darkroom_service::job::PurgeCollection;
use darkroom_service::{App, Result, collection};

use crate::registry::Handler;

impl Handler for PurgeCollection {
    async fn run(self, app: &App) -> Result<()> {
        collection::purge(app, self.collection_id).await
    }
}
