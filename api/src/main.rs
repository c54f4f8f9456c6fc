//! `darkroom-api`: one API server beside others; workers run elsewhere.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use darkroom_platform::{Clock, Config, Platform, Role, memory, metrics, shutdown, telemetry};
use darkroom_service::{App, account, sight};
use tokio::net::TcpListener;

/// The GraphQL API of Darkroom, for several servers over PostgreSQL, Redis and S3.
///
/// Settings come from DARKROOM_… variables and darkroom.toml; `darkroom doctor` prints them.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {}

#[global_allocator]
static MEMORY: memory::Allocator = memory::ALLOCATOR;

fn main() -> ExitCode {
    memory::return_free_pages();
    let Arguments {} = Arguments::parse();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // In one line, on the terminal and in whatever collects it: logging may not have begun.
            eprintln!("darkroom-api: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    // Two providers are compiled in by dependencies; one must be chosen.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("a TLS provider was chosen before main");
    }
    let config = Config::load(Role::Api)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no async runtime")?;
    runtime.block_on(async {
        telemetry::init(&config);
        let ended = Box::pin(run(config)).await;
        telemetry::trace::end().await;
        ended
    })
}

async fn run(mut config: Config) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signal()?;
    let address = config.listen()?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: stop what does, or set DARKROOM_LISTEN"))?;
    // With port 0 the system has chosen one: links to photos must name it.
    config.set_listen(listener.local_addr()?);
    let metrics = metrics::Listener::open(&config).await?;
    let platform = tokio::select! {
        joined = Platform::join(config, Clock::system()) => joined?,
        () = shutdown.cancelled() => return Ok(()),
    };
    let app = App::new(platform);
    account::warm_up(&app).await?;
    let sight = metrics.map(|listener| sight::open(&app, listener, "darkroom-api"));
    tracing::info!(listen = %listener.local_addr()?, public_url = app.config.public_url(), "serving");
    let served = darkroom_api::serve(app, listener, shutdown).await;
    if let Some(sight) = sight {
        sight.end().await;
    }
    served?;
    tracing::info!("stopped");
    Ok(())
}
