//! From the settings to running workers, and back down.

use std::time::Duration;

use anyhow::{Context, bail};
use darkroom_platform::database::DatabaseError;
use darkroom_platform::{Clock, Config, Platform, shutdown};
use darkroom_service::App;
use darkroom_service::job::Queue;
use tokio::time::Instant;

/// How long a database that is still starting is waited for.
const DATABASE_WAIT: Duration = Duration::from_secs(60);

/// Pause between two attempts to reach it.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);

/// How long announcements may take at the end; the sweep of another worker makes up for what is cut off.
const SETTLE_WAIT: Duration = Duration::from_secs(2);

/// Runs until a signal, or until a worker ends by itself.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signal()?;

    let connected = tokio::select! {
        connected = connect(config) => connected?,
        () = shutdown.cancelled() => return Ok(()),
    };
    refuse_pending_migrations(&connected).await?;

    let app = App::new(connected);
    let worker = &app.config.worker;
    let queues: Vec<Queue> = worker.queues.iter().filter_map(|name| Queue::parse(name)).collect();
    let concurrency = worker.effective_concurrency();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), queues = ?worker.queues, concurrency, "darkroom-worker started");
    let ended = darkroom_worker::run(app.clone(), &queues, concurrency, shutdown).await;

    let _ = tokio::time::timeout(SETTLE_WAIT, app.settle()).await;
    let _ = tokio::time::timeout(SETTLE_WAIT, app.database.close()).await;
    tracing::info!("darkroom-worker stopped");
    ended
}

/// Reaches the outside. Redis may be away; the database is waited for, since both are often started together.
async fn connect(config: Config) -> anyhow::Result<Platform> {
    let until = Instant::now() + DATABASE_WAIT;
    loop {
        match Platform::connect(config.clone(), Clock::system()).await {
            Ok(platform) => return Ok(platform),
            Err(error @ DatabaseError::Connect { .. }) if Instant::now() + DATABASE_PAUSE < until => {
                let left = until.duration_since(Instant::now()).as_secs();
                tracing::warn!("{error}; trying again for {left} s");
                tokio::time::sleep(DATABASE_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A worker of this version on the tables of another one would fail job after job.
async fn refuse_pending_migrations(platform: &Platform) -> anyhow::Result<()> {
    let pending = platform.database.pending_migrations().await.context("can't read the database's version")?;
    if !pending.is_empty() {
        bail!("the database is not up to date ({}); run `darkroom migrate` first", pending.join(", "));
    }
    Ok(())
}
