//! Compares counters with what they count.

use darkroom_service::counter::{self, Place};
use darkroom_service::job::Recount;
use darkroom_service::{App, Result};

use crate::registry::Handler;

impl Handler for Recount {
    async fn run(self, app: &App) -> Result<()> {
        let place = self.table.map_or_else(Place::default, |table| Place { table, after: self.after });
        counter::recount_pages(app, place).await?;
        Ok(())
    }
}
