//! Changes how an author's posts reach their followers, a page of them.

use darkroom_service::job::ChangeDelivery;
use darkroom_service::{App, Result, feed};

use crate::registry::Handler;

impl Handler for ChangeDelivery {
    async fn run(self, app: &App) -> Result<()> {
        feed::change_delivery(app, self.author_id, self.walk_id, self.after).await
    }
}
