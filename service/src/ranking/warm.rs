//! Preparing the feeds of those who are likely to come.

use darkroom_entity::account;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::habit;
use super::order::{current, shown_for};
use crate::app::App;
use crate::error::Result;
use crate::feature::{self, Feature};
use crate::feed;
use crate::session::Viewer;

/// Prepares timeline and order of `ranking.warm_people` who are likely to open their feed in this hour or the next; says for how
/// many it was done. An order that is young still stays.
pub async fn warm(app: &App) -> Result<usize> {
    if !feature::is_on(app, Feature::WarmFeeds).await? {
        return Ok(0);
    }
    let likely = habit::likely(app, app.config.ranking.warm_people).await?;
    let people = account::Entity::find()
        .filter(account::Column::Id.is_in(likely))
        .filter(account::Column::SuspendedAt.is_null())
        .all(app.rows())
        .await?;
    let mut prepared = 0;
    for account in people {
        // Whoever makes it for them has no session of theirs.
        let viewer = Viewer { account, session_id: Uuid::nil() };
        match Box::pin(prepare(app, &viewer)).await {
            Ok(()) => prepared += 1,
            Err(error) => tracing::debug!(%error, "a feed was not prepared"),
        }
    }
    Ok(prepared)
}

async fn prepare(app: &App, viewer: &Viewer) -> Result<()> {
    feed::prepare(app, viewer).await?;
    let window = feed::window(app, viewer).await?;
    // One that would be out of date before the next time is made anew; who reads in it reads on.
    current(app, viewer, window, shown_for(app) / 2).await?;
    Ok(())
}
