//! `darkroom admin`: what operators do to a running installation, on the configured database.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Subcommand;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::counter::Recounted;
use darkroom_service::{App, Error, account, counter};

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// Keep a person out: their sessions end, they can't sign in, and nobody sees anything of them. Nothing is deleted.
    Suspend {
        /// Their username, whatever the case.
        name: String,
    },
    /// Let a suspended person in again: everything of theirs is there as before.
    Reinstate {
        /// Their username, whatever the case.
        name: String,
    },
    /// Compare every counter (likes, comments, followers …) with what it counts, and repair those that are wrong. It is
    /// done each day anyway; servers may go on meanwhile.
    Recount,
}

/// Does it and says so. Other processes may run meanwhile: what changes holds for them from the next request on.
pub(crate) async fn run(config: Config, task: Task) -> anyhow::Result<()> {
    let app = App::new(Platform::join(config, Clock::system()).await?);
    let done = match &task {
        Task::Suspend { name } => {
            account::suspend(&app, name).await.map(|account| standing(&account.username, account.suspended_at))
        }
        Task::Reinstate { name } => {
            account::reinstate(&app, name).await.map(|account| standing(&account.username, account.suspended_at))
        }
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

fn standing(username: &str, suspended_at: Option<DateTime<Utc>>) -> String {
    match suspended_at {
        Some(since) => format!("{username} is suspended since {}.", since.format("%Y-%m-%d %H:%M UTC")),
        None => format!("{username} is not suspended."),
    }
}

fn drift(wrong: &Recounted) -> String {
    let mut report: String =
        wrong.iter().map(|(counter, rows)| format!("{rows} × {} was wrong\n", counter.name())).collect();
    report += &format!("{} counters were wrong; all are right now.", wrong.values().sum::<u64>());
    report
}
