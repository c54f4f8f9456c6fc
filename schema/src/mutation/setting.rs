//! Choosing what holds for one's feed, and telling what one has seen.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use darkroom_service::Error;
use darkroom_service::ranking::{self, Impression, SettingsChange, WeightsChange};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Viewer, ViewerSettings};

#[derive(Default)]
pub(crate) struct SettingMutation;

/// How much each factor is to count, 0–100 each; what is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct RankWeightsInput {
    /// Of how close you are to the author.
    relationship: Option<i32>,
    /// Of what you care for.
    interest: Option<i32>,
    /// Of how new a post is.
    recency: Option<i32>,
    /// Of how well others received it.
    quality: Option<i32>,
    /// Of how active you are. It orders no posts.
    activity: Option<i32>,
}

/// What is to change; what is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct UpdateSettingsInput {
    /// Whether what you do is to be noted for your feed. If it is not, nothing is noted from now on, and what was noted is
    /// forgotten; your feed is then ranked by what is new and good.
    is_personalised: Option<bool>,
    /// The weights of your ranked feed; null for the server's.
    weights: MaybeUndefined<RankWeightsInput>,
}

payload! {
    /// What came of `updateSettings`.
    UpdateSettingsPayload {
        /// What holds now.
        settings: ViewerSettings,
        /// You.
        viewer: Viewer,
    }
}

/// That you saw a post.
#[derive(InputObject)]
pub(crate) struct ImpressionInput {
    /// Which one.
    post_id: ID,
    /// When it came into view; now if left out. What is more than a week ago counts no more.
    seen_at: Option<DateTime<Utc>>,
    /// How long it stayed there, milliseconds; more than a minute counts as one.
    #[graphql(default)]
    dwell_ms: i32,
}

/// What you have seen.
#[derive(InputObject)]
pub(crate) struct RecordImpressionsInput {
    /// Up to 100, in any order.
    impressions: Vec<ImpressionInput>,
}

payload! {
    /// What came of `recordImpressions`.
    RecordImpressionsPayload {
        /// For how many posts it counts.
        recorded_count: i32,
    }
}

#[Object]
impl SettingMutation {
    /// Changes what holds for your feed, from its next first page.
    async fn update_settings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UpdateSettingsInput,
    ) -> Result<UpdateSettingsPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let weights = match input.weights {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(WeightsChange::Reset),
            MaybeUndefined::Value(to) => {
                Some(WeightsChange::To([to.relationship, to.interest, to.recency, to.quality, to.activity]))
            }
        };
        let change = SettingsChange { is_personalised: input.is_personalised, weights };
        let (done, user_errors) = settle(ranking::update_settings(app, viewer, change).await)?;
        let (account, settings) = done.unzip();
        let changed = account.map(|account| darkroom_service::Viewer { account, session_id: viewer.session_id });
        Ok(UpdateSettingsPayload {
            settings: settings.map(ViewerSettings::from),
            viewer: changed.map(Viewer),
            user_errors,
        })
    }

    /// Tells what you have seen in your feed, and for how long: it shows how good posts are, and what you care for. Send it now
    /// and then, many at once. You count once for a post within a week, however often it is sent; posts that you may not see,
    /// your own, and everything if you are not personalised count for nothing.
    async fn record_impressions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RecordImpressionsInput,
    ) -> Result<RecordImpressionsPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async {
            let impression = |one: &ImpressionInput| {
                let post_id = Kind::Post.parse("impressions", &one.post_id)?;
                Ok::<_, Error>(Impression { post_id, seen_at: one.seen_at, dwell_ms: one.dwell_ms.into() })
            };
            let impressions = input.impressions.iter().map(impression).collect::<Result<Vec<_>, Error>>()?;
            ranking::record(app, viewer, &impressions).await
        };
        let (recorded, user_errors) = settle(done.await)?;
        Ok(RecordImpressionsPayload { recorded_count: recorded.map(|count| count as i32), user_errors })
    }
}
