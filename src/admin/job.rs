//! Jobs and queues.

use clap::{Subcommand, ValueEnum};
use darkroom_service::job::admin::{self, Count, Filter, Row, Standing, State};
use darkroom_service::job::{Queue, pause};
use darkroom_service::operator::Actor;
use darkroom_service::{App, Result};
use uuid::Uuid;

use super::person::{moment, or_nothing};

/// What can be done to jobs and queues.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// List jobs: dead ones unless told otherwise, the newest first; those that wait, in the order in which they run.
    Jobs {
        /// How far they are.
        #[arg(long, value_enum, default_value_t = JobState::Dead)]
        state: JobState,
        /// Only those of this queue.
        #[arg(long, value_parser = queue)]
        queue: Option<Queue>,
        /// Only those of this name, for instance `media.process`.
        #[arg(long)]
        name: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        first: u16,
    },
    /// Have a dead job tried again at once, with all of its attempts; or, with --all, up to 1000 of them, the oldest first.
    Retry {
        /// Its id, as the list and the log have it.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<Uuid>,
        /// All dead jobs of that queue and name, or all of them.
        #[arg(long)]
        all: bool,
        /// Only those of this queue.
        #[arg(long, value_parser = queue, requires = "all")]
        queue: Option<Queue>,
        /// Only those of this name.
        #[arg(long, requires = "all")]
        name: Option<String>,
    },
    /// Take a job out of the ledger that waits or is dead: it will not be done.
    Cancel {
        /// Its id, as the list and the log have it.
        id: Uuid,
    },
    /// Show how every queue stands: waiting, due, running, dead, the oldest due.
    Queues,
    /// Pause a queue (interactive, fanout, bulk): no job of it is started until it is resumed. Those that run end as usual.
    Pause {
        /// Which.
        #[arg(value_parser = queue)]
        queue: Queue,
    },
    /// Have a paused queue go on.
    Resume {
        /// Which.
        #[arg(value_parser = queue)]
        queue: Queue,
    },
}

/// How far a job is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum JobState {
    Queued,
    Running,
    Dead,
}

impl From<JobState> for State {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Dead => Self::Dead,
        }
    }
}

fn queue(name: &str) -> std::result::Result<Queue, String> {
    Queue::parse(name).ok_or_else(|| format!("one of {}", Queue::ALL.map(Queue::as_str).join(", ")))
}

/// Does it, and tells what came of it.
pub(crate) async fn run(app: &App, task: Task) -> Result<String> {
    Ok(match task {
        Task::Jobs { state, queue, name, first } => {
            let filter = Filter { state: state.into(), queue, name };
            jobs(app, &filter, first.into()).await?
        }
        Task::Retry { id: Some(id), .. } => {
            let job = admin::retry(app, Actor::Machine, id).await?;
            format!("{} ({}) is tried again.", job.id, job.name)
        }
        Task::Retry { id: None, queue, name, .. } => {
            let (retried, more) = admin::retry_all(app, Actor::Machine, queue, name.as_deref(), admin::RETRIED).await?;
            let rest = if more { " More of them are dead: say it again." } else { "" };
            format!("{retried} jobs are tried again.{rest}")
        }
        Task::Cancel { id } => {
            admin::cancel(app, Actor::Machine, id).await?;
            format!("{id} will not be done.")
        }
        Task::Queues => {
            admin::queues(app).await?.iter().map(|standing| tell(app, standing)).collect::<Vec<_>>().join("\n")
        }
        Task::Pause { queue } => {
            pause::pause(app, Actor::Machine, queue).await?;
            format!("{} is paused: jobs wait until `darkroom admin resume {0}`.", queue.as_str())
        }
        Task::Resume { queue } => {
            pause::resume(app, Actor::Machine, queue).await?;
            format!("{} goes on.", queue.as_str())
        }
    })
}

async fn jobs(app: &App, filter: &Filter, first: usize) -> Result<String> {
    let (mut lines, mut after) = (Vec::new(), None);
    // A page of a name among many others may end early.
    loop {
        let page = admin::list(app, filter, first - lines.len(), after).await?;
        lines.extend(page.rows.iter().map(line));
        after = page.next;
        if after.is_none() || lines.len() >= first {
            break;
        }
    }
    if after.is_some() {
        lines.push(format!("… and more after these {first}: see --first, --queue and --name."));
    }
    Ok(or_nothing(&lines, "There is no such job."))
}

/// A job in one line.
pub(super) fn line(row: &Row) -> String {
    let error = row.last_error.as_deref().unwrap_or("-").replace(char::is_control, " ");
    let (id, name, queue, run_at) = (row.id, &row.name, &row.queue, moment(row.run_at));
    format!("{id}  {name}  {queue}  starts {}  due {run_at}  {}  {error}", row.attempts, row.payload)
}

fn tell(app: &App, standing: &Standing) -> String {
    let count = |count: Count| format!("{}{}", count.number, if count.is_least { "+" } else { "" });
    let oldest = standing.oldest_due_at.map_or_else(
        || "nothing is due".to_owned(),
        |at| format!("oldest due for {} s", (app.clock.now() - at).num_seconds().max(0)),
    );
    let paused = standing.paused_at.map(|at| format!(", PAUSED since {}", moment(at))).unwrap_or_default();
    format!(
        "{}: {} waiting, {} due, {} running, {} dead, {oldest}{paused}",
        standing.queue.as_str(),
        count(standing.waiting),
        count(standing.due),
        count(standing.running),
        count(standing.dead),
    )
}
