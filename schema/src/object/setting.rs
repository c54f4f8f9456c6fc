//! What people choose for their feed.

use async_graphql::SimpleObject;
use darkroom_service::ranking::Settings;

/// How much each factor counts in your ranked feed, 0–100 each: yours where you chose it, else the server's.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct RankWeights {
    /// Of how close you are to the author.
    relationship: i32,
    /// Of what you care for.
    interest: i32,
    /// Of how new a post is.
    recency: i32,
    /// Of how well others received it.
    quality: i32,
    /// Of how active you are. It orders no posts.
    activity: i32,
}

/// What holds for your feed. Only you see it.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct ViewerSettings {
    /// Whether what you do (likes, comments, saves, looks) is noted for the ranking of your feed.
    is_personalised: bool,
    /// How much each factor counts.
    weights: RankWeights,
}

impl From<Settings> for ViewerSettings {
    fn from(settings: Settings) -> Self {
        let [relationship, interest, recency, quality, activity] = settings.weights.0.map(i32::from);
        let weights = RankWeights { relationship, interest, recency, quality, activity };
        Self { is_personalised: settings.is_personalised, weights }
    }
}
