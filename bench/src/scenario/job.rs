//! Jobs that do nothing, through the real ledger.

use std::time::{Duration, Instant};

use anyhow::ensure;
use darkroom_entity::job;
use darkroom_service::App;
use darkroom_service::job::{Heartbeat, Job, Queue};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tokio_util::sync::CancellationToken;

use super::Effort;
use crate::program::{Program, beside};
use crate::report::Section;
use crate::stores::{Stores, World};
use crate::usage::Meter;

/// Jobs that one transaction enqueues.
const IN_ONE: usize = 500;

/// Pause between two counts of what is left. A count costs about a millisecond.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that a run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Measures it with the given number of places in a queue; 0 is the default, the number of cores.
pub(crate) async fn run(
    section: &mut Section<'_>,
    world: &World,
    effort: Effort,
    concurrency: usize,
) -> anyhow::Result<()> {
    let app = world.open().await?;
    let begun = Instant::now();
    for _ in 0..effort.jobs / IN_ONE {
        let mut tx = app.begin().await?;
        for _ in 0..IN_ONE {
            tx.enqueue(&Heartbeat {}).await?;
        }
        tx.commit().await?;
    }
    app.settle().await;
    let label = if concurrency == 0 { "default places".to_owned() } else { format!("{concurrency} places") };
    if concurrency == 0 {
        section.add("jobs enqueued, 500 a transaction", effort.jobs as f64 / begun.elapsed().as_secs_f64(), "/s");
    }
    let done = match world.stores {
        Stores::Embedded => here(&app, world, concurrency).await?,
        Stores::Clustered => elsewhere(&app, world, concurrency).await?,
    };
    section.add(format!("no-op jobs run, {label}"), done.jobs / done.seconds, "/s");
    let names = std::iter::once("worker").chain(world.servers.iter().map(|(name, _)| *name));
    for (name, seconds) in names.zip(&done.cpu).filter(|(name, _)| *name != "S3") {
        section.add(format!("CPU a job, {name}, {label}"), seconds * 1e3 / done.jobs, "ms");
    }
    Ok(app.database.close().await?)
}

/// What ran between the first look and the last.
struct Done {
    jobs: f64,
    seconds: f64,
    cpu: Vec<f64>,
}

/// The worker in this process, as in `darkroom`: nothing else runs in it, except the counting.
async fn here(app: &App, world: &World, concurrency: usize) -> anyhow::Result<Done> {
    let places = if concurrency == 0 { app.config.worker.effective_concurrency() } else { concurrency };
    let stop = CancellationToken::new();
    let meter = world.meter(&[std::process::id()])?;
    let (worker, ends) = (app.clone(), stop.clone());
    let running = tokio::spawn(async move { darkroom_worker::run(worker, &Queue::ALL, places, ends).await });
    let done = watch(app, &meter).await;
    stop.cancel();
    running.await??;
    done
}

/// A `darkroom-worker`: from the moment it says that it has started.
async fn elsewhere(app: &App, world: &World, concurrency: usize) -> anyhow::Result<Done> {
    let arguments = ["--concurrency".to_owned(), concurrency.to_string()];
    let file = beside("darkroom-worker")?;
    let mut worker = Program::start("darkroom-worker", &file, &arguments, &world.variables, world.folder(), None)?;
    worker.says("darkroom-worker started").await?;
    let meter = world.meter(&[worker.pid()])?;
    let done = watch(app, &meter).await?;
    worker.stop().await?;
    Ok(done)
}

/// Waits until no job is left.
async fn watch(app: &App, meter: &Meter) -> anyhow::Result<Done> {
    let deadline = Instant::now() + LIMIT;
    let begin = left(app).await?;
    ensure!(begin > 0, "the jobs were done before they were counted: too few for this machine");
    while left(app).await? > 0 {
        ensure!(Instant::now() < deadline, "jobs are left after {} s", LIMIT.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
    let (seconds, cpu) = meter.read()?;
    Ok(Done { jobs: begin as f64, seconds, cpu })
}

/// Jobs that were enqueued here: those of the schedule have a unique key.
async fn left(app: &App) -> anyhow::Result<u64> {
    let ours =
        job::Entity::find().filter(job::Column::Name.eq(Heartbeat::NAME)).filter(job::Column::UniqueKey.is_null());
    Ok(ours.count(app.rows()).await?)
}
