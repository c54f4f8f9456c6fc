//! A wrong clock, which every process looks out for in itself.
//!
//! Leases and due times are moments that several processes compare. One that is an hour fast would take what others hold, and
//! hold what it takes for an hour after its death; one that is slow would swallow hints of jobs that it finds not to be due.

use std::time::Duration;

use darkroom_platform::CLOCK_TOLERANCE;
use darkroom_service::App;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Looks at it for ever; returns when it is wrong twice in a row, with how far it is off. A database that is away says nothing.
pub(crate) async fn wrong(app: &App) -> Duration {
    let mut is_suspect = false;
    loop {
        tokio::time::sleep(EVERY).await;
        let apart = app.database.clock_apart(&app.clock).await.unwrap_or_default();
        if apart > CLOCK_TOLERANCE && is_suspect {
            return apart;
        }
        is_suspect = apart > CLOCK_TOLERANCE;
    }
}
