//! People: who is kept out, who is an operator, what operators did.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use darkroom_service::operator::{self, Actor};
use darkroom_service::{App, PageRequest, Result, account};

/// What can be done to people.
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
    /// Make a person an operator: they may use /admin/graphql. Only here, never over the network.
    Grant {
        /// Their username, whatever the case.
        name: String,
    },
    /// Make an operator a person like any other, from their next request on.
    Revoke {
        /// Their username, whatever the case.
        name: String,
    },
    /// List the operators.
    Operators,
    /// List what operators did, the newest first. It is kept for 400 days.
    Log {
        /// How many lines.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        first: u16,
    },
}

/// Does it, and tells what came of it.
pub(crate) async fn run(app: &App, task: Task) -> Result<String> {
    Ok(match task {
        Task::Suspend { name } => {
            let account = account::suspend(app, Actor::Machine, &name).await?;
            standing(&account.username, account.suspended_at)
        }
        Task::Reinstate { name } => {
            let account = account::reinstate(app, Actor::Machine, &name).await?;
            standing(&account.username, account.suspended_at)
        }
        Task::Grant { name } => format!("{} is an operator.", operator::grant(app, &name).await?.username),
        Task::Revoke { name } => format!("{} is no operator.", operator::revoke(app, &name).await?.username),
        Task::Operators => {
            let lines = operator::list(app).await?.into_iter().map(|account| {
                let suspended = if account.suspended_at.is_some() { " (suspended)" } else { "" };
                format!("{}  {}{suspended}", account.id, account.username)
            });
            or_nothing(&lines.collect::<Vec<_>>(), "Nobody is an operator.")
        }
        Task::Log { first } => {
            let page = operator::actions(app, PageRequest::first(first.into())).await?;
            let lines = page.items.iter().map(|row| {
                let who = row.operator_id.map_or_else(|| "on the machine".to_owned(), |id| id.to_string());
                format!("{}  {who}  {}  {}", moment(operator::done_at(row)), row.action, row.subject)
            });
            or_nothing(&lines.collect::<Vec<_>>(), "Operators did nothing.")
        }
    })
}

/// A moment for people, to the second.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The lines, or what is said if there are none.
pub(super) fn or_nothing(lines: &[String], nothing: &str) -> String {
    if lines.is_empty() { nothing.to_owned() } else { lines.join("\n") }
}

fn standing(username: &str, suspended_at: Option<DateTime<Utc>>) -> String {
    match suspended_at {
        Some(since) => format!("{username} is suspended since {}.", since.format("%Y-%m-%d %H:%M UTC")),
        None => format!("{username} is not suspended."),
    }
}
