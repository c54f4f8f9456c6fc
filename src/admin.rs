//! What operators do to a running installation, on the configured database.

use anyhow::{Context, bail};
use clap::Subcommand;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::{App, Error, account};

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
}

/// Does it and says so. Other processes may run meanwhile: what changes holds for them from the next request on.
pub(crate) async fn run(config: Config, task: Task) -> anyhow::Result<()> {
    let app = App::new(Platform::join(config, Clock::system()).await?);
    let done = match &task {
        Task::Suspend { name } => account::suspend(&app, name).await,
        Task::Reinstate { name } => account::reinstate(&app, name).await,
    };
    let account = match done {
        Ok(account) => account,
        Err(Error::Rejected { problems }) => {
            bail!(problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join(" "))
        }
        Err(error) => return Err(error).context("the database does not answer as it should"),
    };
    match account.suspended_at {
        Some(since) => println!("{} is suspended since {}.", account.username, since.format("%Y-%m-%d %H:%M UTC")),
        None => println!("{} is not suspended.", account.username),
    }
    app.settle().await;
    app.database.close().await.context("the database was not closed in order")
}
