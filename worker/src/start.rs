//! From the settings to running workers, and back down.

use std::time::Duration;

use anyhow::Context;
use darkroom_platform::{Clock, Config, Platform, metrics, shutdown};
use darkroom_service::job::Queue;
use darkroom_service::{App, media, sight};

/// How long announcements may take at the end; the sweep of another worker makes up for what is cut off.
const SETTLE_WAIT: Duration = Duration::from_secs(2);

/// Runs until a signal, or until a worker ends by itself.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signal()?;

    let metrics = metrics::Listener::open(&config).await?;
    let connected = tokio::select! {
        connected = Platform::join(config, Clock::system()) => connected?,
        () = shutdown.cancelled() => return Ok(()),
    };

    let app = App::new(connected);
    let decoder = media::sandbox(&app.config).context("no program is found to decode photos with")?;
    let app = app.decoding_in(decoder);
    let sight = metrics.map(|listener| sight::open(&app, listener, "darkroom-worker"));
    let worker = &app.config.worker;
    let queues: Vec<Queue> = worker.queues.iter().filter_map(|name| Queue::parse(name)).collect();
    let concurrency = worker.effective_concurrency();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), queues = ?worker.queues, concurrency, "darkroom-worker started");
    let ended = darkroom_worker::run(app.clone(), &queues, concurrency, shutdown).await;

    let _ = tokio::time::timeout(SETTLE_WAIT, app.settle()).await;
    if let Some(sight) = sight {
        let _ = tokio::time::timeout(SETTLE_WAIT, sight.end()).await;
    }
    let _ = tokio::time::timeout(SETTLE_WAIT, app.database.close()).await;
    tracing::info!("darkroom-worker stopped");
    ended
}
