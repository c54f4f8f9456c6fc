//! Features that are turned off and on.

use clap::Subcommand;
use darkroom_service::feature::{self, Feature, Standing};
use darkroom_service::operator::Actor;
use darkroom_service::{App, Result};

use super::person::moment;

/// What can be done to features.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// Show which features are on.
    Features,
    /// Turn a feature off (sign_up, upload, webp, warm_feeds), for everybody and at once.
    TurnOff {
        /// Which.
        #[arg(value_parser = named)]
        feature: Feature,
    },
    /// Turn a feature on again.
    TurnOn {
        /// Which.
        #[arg(value_parser = named)]
        feature: Feature,
    },
}

fn named(name: &str) -> std::result::Result<Feature, String> {
    Feature::parse(name).ok_or_else(|| format!("one of {}", Feature::ALL.map(Feature::as_str).join(", ")))
}

/// Does it, and tells what came of it.
pub(crate) async fn run(app: &App, task: Task) -> Result<String> {
    Ok(match task {
        Task::Features => feature::list(app).await?.iter().map(tell).collect::<Vec<_>>().join("\n"),
        Task::TurnOff { feature } => tell(&feature::turn(app, Actor::Machine, feature, false).await?),
        Task::TurnOn { feature } => tell(&feature::turn(app, Actor::Machine, feature, true).await?),
    })
}

fn tell(standing: &Standing) -> String {
    let state = if standing.is_on { "on" } else { "OFF" };
    let since = standing.changed_at.map(|at| format!(" since {}", moment(at))).unwrap_or_default();
    format!("{} is {state}{since}", standing.feature.as_str())
}
