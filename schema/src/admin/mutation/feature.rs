//! Turning features off and on.

use async_graphql::{Context, InputObject, Object};
use darkroom_service::feature;

use crate::admin::actor;
use crate::admin::object::{Feature, FeatureName};
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::mutation::payload;

#[derive(Default)]
pub(crate) struct FeatureMutation;

/// Which feature to turn which way.
#[derive(InputObject)]
pub(crate) struct TurnFeatureInput {
    /// Any.
    feature: FeatureName,
    /// Whether it is to be on.
    is_on: bool,
}

payload! {
    /// What came of `turnFeature`.
    TurnFeaturePayload {
        /// The feature as it is now.
        feature: Feature,
    }
}

#[Object]
impl FeatureMutation {
    /// Turns a feature on or off, for everybody and in every process at once. Doing it twice changes nothing.
    async fn turn_feature(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: TurnFeatureInput,
    ) -> Result<TurnFeaturePayload> {
        let turned = feature::turn(ctx.app()?, actor(ctx)?, input.feature.into(), input.is_on).await;
        let (feature, user_errors) = settle(turned)?;
        Ok(TurnFeaturePayload { feature: feature.map(Feature), user_errors })
    }
}
