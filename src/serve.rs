//! Everything in one process: API and workers over one application.

use anyhow::Context;
use darkroom_platform::{Clock, Config, Platform, metrics, shutdown};
use darkroom_service::job::Queue;
use darkroom_service::{App, account, media, sight};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::banner;

/// Serves until a signal, or until a part ends by itself: then all of it ends, and the process says why.
pub(crate) async fn run(mut config: Config) -> anyhow::Result<()> {
    let stop = shutdown::on_signal()?;
    let address = config.listen()?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} can't be listened on: end what uses it, or set DARKROOM_LISTEN=127.0.0.1:8001")
    })?;
    // With port 0 the system has chosen one: links to photos must name it.
    config.set_listen(listener.local_addr()?);
    let metrics = metrics::Listener::open(&config).await?;
    let platform = Platform::connect(config, Clock::system()).await?;
    platform.database.migrate().await?;
    let app = App::new(platform);
    let decoder = media::sandbox(&app.config).context("no program is found to decode photos with")?;
    let app = app.decoding_in(decoder);
    account::warm_up(&app).await?;
    let sight = metrics.map(|listener| sight::open(&app, listener, "darkroom"));
    banner::print(&app);

    let worker = &app.config.worker;
    let queues: Vec<Queue> = worker.queues.iter().filter_map(|name| Queue::parse(name)).collect();
    let concurrency = worker.effective_concurrency();
    let api = end_all_after(darkroom_api::serve(app.clone(), listener, stop.clone()), &stop);
    let jobs = end_all_after(darkroom_worker::run(app.clone(), &queues, concurrency, stop.clone()), &stop);
    let (api, jobs) = tokio::join!(api, jobs);
    app.settle().await;
    if let Some(sight) = sight {
        sight.end().await;
    }
    app.database.close().await.context("the database was not closed in order")?;
    api.and(jobs)
}

/// When one part ends, for whatever reason, the others end too.
async fn end_all_after<T>(part: impl Future<Output = T>, stop: &CancellationToken) -> T {
    let ended = part.await;
    stop.cancel();
    ended
}
