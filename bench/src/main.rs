//! `darkroom-bench`: what Darkroom costs, beside floors that are measured in the same run.
//!
//! ```text
//!   just bench                 build everything, start throw-away stores, measure for about two minutes
//!   just bench --long          the same with more of everything
//!   just bench --only feed     one scenario: upload, fan-out, rush, feed, job, like, socket or attack
//!   just bench --only growth   feeds of growing cities, by name only: minutes, with --long a quarter of an hour
//! ```
//!
//! Progress goes to standard error; a table and then the same as JSON to standard output; plots of growth, fan-out and
//! percentiles, as SVG, to the folder of `--plots`. It starts the real programs on free ports of 127.0.0.1 with data of their
//! own, and ends each by its process id. How to read the figures: `docs/performance.md`.

mod floor;
mod http;
mod peer;
mod photo;
mod plot;
mod population;
mod program;
mod report;
mod scenario;
mod stores;
mod usage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};

use plot::Panel;
use report::Report;
use scenario::{Effort, attack, fan_out, feed, growth, job, like, rush, socket, upload};
use stores::{Stores, World, cluster_is_there};

/// A run that takes longer is given up; its processes end with it.
const LIMIT: Duration = Duration::from_secs(240);
const LONG_LIMIT: Duration = Duration::from_secs(1800);

/// Places of a queue in the second measurement of jobs.
const MANY_PLACES: usize = 32;

/// Measures Darkroom beside floors.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// More of everything, for steadier figures.
    #[arg(long)]
    long: bool,
    /// One scenario only.
    #[arg(long, value_enum)]
    only: Option<Scenario>,
    /// Embedded stores only: no PostgreSQL, Redis and S3 server needed.
    #[arg(long)]
    embedded: bool,
    /// Clustered stores only.
    #[arg(long, conflicts_with = "embedded")]
    clustered: bool,
    /// Take the programs as they lie beside this one, without building them first.
    #[arg(long)]
    no_build: bool,
    /// The folder of the plots: SVG, one for each scenario with a curve and each kind of stores.
    #[arg(long, default_value = "target/bench-plots")]
    plots: PathBuf,
    #[command(subcommand)]
    floor: Option<Floor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    Upload,
    FanOut,
    Rush,
    Feed,
    Growth,
    Job,
    Like,
    Socket,
    Attack,
}

#[derive(Debug, Subcommand)]
enum Floor {
    /// Serves a file's bytes as the answer to every request: the floor of the feed, in a process of its own.
    #[command(hide = true)]
    StaticResponse {
        /// What to answer.
        file: PathBuf,
        /// Where to listen.
        address: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(Floor::StaticResponse { file, address }) = &arguments.floor {
        return floor::serve(file, *address).await;
    }
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("a TLS provider was chosen before main");
    }
    if !arguments.no_build {
        program::build()?;
    }
    let limit = if arguments.long { LONG_LIMIT } else { LIMIT };
    let report = tokio::time::timeout(limit, Box::pin(measure(&arguments)));
    let report = report.await.with_context(|| format!("not done after {} s", limit.as_secs()))??;
    println!("{}", report.table());
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

async fn measure(arguments: &Arguments) -> anyhow::Result<Report> {
    let effort = if arguments.long { Effort::LONG } else { Effort::SHORT };
    let wanted = |scenario| arguments.only.is_none_or(|only| only == scenario);
    let mut kinds = vec![Stores::Embedded];
    if arguments.clustered {
        kinds = vec![Stores::Clustered];
    } else if arguments.embedded || !cluster_is_there() {
        eprintln!("embedded stores only; `just bench` starts the servers for clustered ones");
    } else {
        kinds.push(Stores::Clustered);
    }
    let mut report = Report::new();
    for stores in kinds {
        let name = stores.name();
        if wanted(Scenario::Upload) {
            let world = World::new(stores, &[]).await?;
            upload::run(&mut report.section("upload", name), &world, effort).await?;
            world.remove().await?;
        }
        if wanted(Scenario::Feed) {
            let world = World::new(stores, &[]).await?;
            let panels = feed::run(&mut report.section("feed", name), &world, effort).await?;
            world.remove().await?;
            draw(arguments, &report, &format!("feed-{name}"), &panels)?;
        }
        if arguments.only == Some(Scenario::Growth) {
            let mut section = report.section("growth", name);
            let panels = growth::run(&mut section, stores, effort.sizes).await?;
            draw(arguments, &report, &format!("growth-{name}"), &panels)?;
        }
        if wanted(Scenario::FanOut) {
            let world = World::new(stores, &[]).await?;
            let panels = fan_out::run(&mut report.section("fan-out", name), &world, effort).await?;
            world.remove().await?;
            draw(arguments, &report, &format!("fan-out-{name}"), &panels)?;
        }
        if wanted(Scenario::Rush) && stores == Stores::Clustered {
            let world = World::new(stores, &rush::SETTINGS).await?;
            rush::run(&mut report.section("rush", name), &world, effort).await?;
            world.remove().await?;
        }
        if wanted(Scenario::Like) {
            let world = World::new(stores, &[]).await?;
            like::run(&mut report.section("like", name), &world, effort).await?;
            world.remove().await?;
        }
        if wanted(Scenario::Socket) {
            let world = World::new(stores, &[]).await?;
            socket::run(&mut report.section("socket", name), &world, effort).await?;
            world.remove().await?;
        }
        if wanted(Scenario::Attack) {
            let world = World::new(stores, &[]).await?;
            attack::run(&mut report.section("attack", name), &world, effort).await?;
            world.remove().await?;
        }
        for concurrency in [0, MANY_PLACES] {
            if wanted(Scenario::Job) {
                let world = World::new(stores, &[]).await?;
                job::run(&mut report.section("job", name), &world, effort, concurrency).await?;
                world.remove().await?;
            }
        }
    }
    Ok(report)
}

/// Writes a plot.
fn draw(arguments: &Arguments, report: &Report, name: &str, panels: &[Panel]) -> anyhow::Result<()> {
    std::fs::create_dir_all(&arguments.plots)?;
    let path = arguments.plots.join(format!("{name}.svg"));
    let setting: Vec<&str> = report.machine.iter().take(1).map(|(_, value)| value.as_str()).collect();
    std::fs::write(&path, plot::draw(panels, &setting.join("")))?;
    eprintln!("as a plot: {}", path.display());
    Ok(())
}
