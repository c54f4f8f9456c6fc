//! `darkroom admin`: what operators do to a running installation, on the configured database.

mod feature;
mod job;
mod media;
mod person;

use anyhow::{Context, bail};
use clap::Subcommand;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::counter::Recounted;
use darkroom_service::{App, Error, counter};

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    #[command(flatten)]
    Person(person::Task),
    #[command(flatten)]
    Job(job::Task),
    #[command(flatten)]
    Feature(feature::Task),
    #[command(flatten)]
    Media(media::Task),
    /// Compare every counter (likes, comments, followers …) with what it counts, and repair those that are wrong. It is
    /// done each day anyway; servers may go on meanwhile.
    Recount,
}

/// Does it and says so. Other processes may run meanwhile: what changes holds for them from the next request on.
pub(crate) async fn run(config: Config, task: Task) -> anyhow::Result<()> {
    let app = App::new(Platform::join(config, Clock::system()).await?);
    let done = match task {
        Task::Person(task) => person::run(&app, task).await,
        Task::Job(task) => job::run(&app, task).await,
        Task::Feature(task) => feature::run(&app, task).await,
        Task::Media(task) => media::run(&app, task).await,
        Task::Recount => counter::recount(&app).await.map(|wrong| drift(&wrong)),
    };
    match done {
        Ok(report) => println!("{report}"),
        Err(Error::Rejected { problems }) => {
            bail!(problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join(" "))
        }
        Err(error) => return Err(error).context("the database does not answer as it should"),
    }
    app.settle().await;
    app.database.close().await.context("the database was not closed in order")
}

fn drift(wrong: &Recounted) -> String {
    let mut report: String =
        wrong.iter().map(|(counter, rows)| format!("{rows} × {} was wrong\n", counter.name())).collect();
    report += &format!("{} counters were wrong; all are right now.", wrong.values().sum::<u64>());
    report
}
