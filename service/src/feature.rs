//! Features that operators turn off and on again while everything runs: what one wants to be rid of in a bad hour, without
//! settings and restarts.
//!
//! All are on until an operator says otherwise. What is said is a row, read whenever it matters: so it holds in every process
//! from that moment on. Each is asked for where much more is done than one read by a primary key.

use chrono::{DateTime, Utc};
use darkroom_entity::feature;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect};

use crate::app::App;
use crate::error::{Problem, ProblemCode, Result};
use crate::operator::{self, Actor};

/// What can be turned off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// New accounts.
    SignUp,
    /// New photos, whole and in parts. Parts of those that have begun are still taken.
    Upload,
    /// A second form of each photo, smaller, if the settings ask for it. Photos are ready without.
    Webp,
    /// Ranked feeds made ahead for people who are likely to come.
    WarmFeeds,
}

impl Feature {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::SignUp, Self::Upload, Self::Webp, Self::WarmFeeds];

    /// Its name, which stays.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::Upload => "upload",
            Self::Webp => "webp",
            Self::WarmFeeds => "warm_feeds",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.as_str() == name)
    }

    /// What people are told who ask for it in vain.
    fn refusal(self) -> &'static str {
        match self {
            Self::SignUp => "This server takes no new people at the moment.",
            Self::Upload => "This server takes no new photos at the moment. Try again later.",
            Self::Webp | Self::WarmFeeds => "This server does not do that at the moment.",
        }
    }
}

/// How a feature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub feature: Feature,
    /// Whether it is on.
    pub is_on: bool,
    /// Since when; none if nobody has ever said anything of it.
    pub changed_at: Option<DateTime<Utc>>,
}

/// How every feature stands.
pub async fn list(app: &App) -> Result<Vec<Standing>> {
    // A version that is gone may have left rows of features that are unknown here.
    let rows = feature::Entity::find().limit(1000).all(app.rows()).await?;
    let standing = |feature: Feature| standing(feature, rows.iter().find(|row| row.name == feature.as_str()));
    Ok(Feature::ALL.into_iter().map(standing).collect())
}

fn standing(feature: Feature, row: Option<&feature::Model>) -> Standing {
    Standing { feature, is_on: row.is_none_or(|row| row.is_on), changed_at: row.map(|row| row.changed_at) }
}

/// Turns a feature on or off: in every process, at once. Doing it twice changes nothing.
pub async fn turn(app: &App, actor: Actor, feature: Feature, is_on: bool) -> Result<Standing> {
    let name = feature.as_str().to_owned();
    let tx = app.begin().await?;
    let row = feature::Entity::find_by_id(name.clone()).one(tx.rows()).await?;
    let before = standing(feature, row.as_ref());
    if before.is_on == is_on {
        tx.abandon().await?;
        return Ok(before);
    }
    let changed_at = app.clock.now();
    let row = feature::ActiveModel { name: Set(name.clone()), is_on: Set(is_on), changed_at: Set(changed_at) };
    let changed = [feature::Column::IsOn, feature::Column::ChangedAt];
    feature::Entity::insert(row)
        .on_conflict(OnConflict::column(feature::Column::Name).update_columns(changed).to_owned())
        .exec_without_returning(tx.rows())
        .await?;
    operator::note(&tx, actor, if is_on { "feature.on" } else { "feature.off" }, &name).await?;
    tx.commit().await?;
    Ok(Standing { feature, is_on, changed_at: Some(changed_at) })
}

/// Whether a feature is on at this moment.
pub(crate) async fn is_on(app: &App, feature: Feature) -> Result<bool> {
    let row = feature::Entity::find_by_id(feature.as_str().to_owned()).one(app.rows()).await?;
    Ok(standing(feature, row.as_ref()).is_on)
}

/// Refuses what an operator has turned off.
///
/// # Errors
/// Forbidden, of the whole, while it is off.
pub(crate) async fn require(app: &App, feature: Feature) -> Result<()> {
    if is_on(app, feature).await? {
        return Ok(());
    }
    let message = feature.refusal().to_owned();
    Err(Problem { code: ProblemCode::Forbidden, field: None, message, failure: None }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for feature in Feature::ALL {
            assert_eq!(Feature::parse(feature.as_str()), Some(feature));
        }
        assert_eq!(Feature::parse("other"), None);
    }
}
