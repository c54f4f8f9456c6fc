//! What can be turned off.

use async_graphql::{Enum, Object};
use chrono::{DateTime, Utc};
use darkroom_service::feature;

/// Something that operators can turn off, and on again, while everything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "feature::Feature")]
pub(crate) enum FeatureName {
    /// New accounts. While it is off `signUp` is refused as `FORBIDDEN`.
    SignUp,
    /// New photos, whole and in parts: while it is off they are refused as `FORBIDDEN`. Uploads that have begun can be finished.
    Upload,
    /// Smaller renditions in WebP, where the settings ask for them. Photos are ready without.
    Webp,
    /// Ranked feeds made ahead for people who are likely to come.
    WarmFeeds,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature(pub(crate) feature::Standing);

/// How a feature stands.
#[Object]
impl Feature {
    /// Which.
    async fn name(&self) -> FeatureName {
        self.0.feature.into()
    }

    /// Whether it is on. All are until an operator says otherwise.
    async fn is_on(&self) -> bool {
        self.0.is_on
    }

    /// Since when; null if no operator has ever turned it off.
    async fn changed_at(&self) -> Option<DateTime<Utc>> {
        self.0.changed_at
    }
}
