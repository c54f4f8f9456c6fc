//! `darkroom admin`: what an operator does to the data, beside servers that go on.

use clap::Subcommand;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::{App, counter};

/// What is to be done.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Task {
    /// Compare every counter (likes, comments, followers …) with what it counts, and repair those that are wrong. It is
    /// done each day anyway; servers may go on meanwhile.
    Recount,
}

/// Does it, and says what came of it.
pub(crate) async fn run(config: Config, task: Task) -> anyhow::Result<()> {
    let app = App::new(Platform::connect(config, Clock::system()).await?);
    match task {
        Task::Recount => {
            let wrong = counter::recount(&app).await?;
            for (counter, rows) in &wrong {
                println!("{rows} × {} was wrong", counter.name());
            }
            println!("{} counters were wrong; all are right now.", wrong.values().sum::<u64>());
        }
    }
    app.settle().await;
    app.database.close().await?;
    Ok(())
}
