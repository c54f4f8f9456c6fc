//! Listening to what one is told.

use std::sync::Arc;

use async_graphql::{Context, Object};
use darkroom_entity::notification as rows;
use darkroom_service::{App, Error, live, notification};
use futures::FutureExt;
use futures::stream::{BoxStream, StreamExt};
use uuid::Uuid;

use super::arrivals::{Arrivals, Source};
use super::turn;
use super::watch::{Listener, Rhythm};
use crate::context::RequestContext;
use crate::cursor::{self, List};
use crate::error::Result;
use crate::object::Notification;

#[derive(Default)]
pub(crate) struct NotificationSubscription;

#[Object]
impl NotificationSubscription {
    /// What you are told from now on, one event at a time. Each is the newest of its group: show it in the place of what
    /// you show with the same `groupKey`. With `after` you get first what has come since, so that a client which connects
    /// again misses nothing; what came in the last 5 seconds before may come a second time, with the same `id`. If more
    /// than 100 have come since, it fails with `CONFLICT`: read `Viewer.notifications` again, and listen without `after`.
    /// What you may not see is never told. Ends when your session does.
    async fn notification_added(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "`Notification.cursor` of the newest that you have.")] after: Option<String>,
    ) -> Result<Notification> {
        turn::take(ctx, begin(ctx, after)).boxed().await
    }
}

async fn begin(ctx: &Context<'_>, after: Option<String>) -> Result<BoxStream<'static, Result<Notification>>> {
    let viewer_id = ctx.signed_in()?.id();
    let after = after.map(|cursor| cursor::decode(List::Notifications, &cursor)).transpose()?;
    let listener = Listener::at(ctx, &live::notifications_topic(viewer_id)).await?;
    let told = Told { app: listener.app.clone(), viewer_id };
    let (arrivals, first) = Arrivals::begin(listener.begun, told, after).await?;
    Ok(listener.watch(Rhythm::LONG, arrivals, first).map(|item| item.map(Notification)).boxed())
}

/// What a person is told.
struct Told {
    app: App,
    viewer_id: Uuid,
}

impl Source for Told {
    type Row = rows::Model;

    fn id(row: &rows::Model) -> Uuid {
        row.id
    }

    async fn after(&self, place: Uuid, limit: u64) -> Result<Vec<rows::Model>, Arc<Error>> {
        Ok(notification::arrived_after(&self.app, self.viewer_id, place, limit).await?)
    }

    async fn ids_after(&self, place: Uuid, limit: u64) -> Result<Vec<Uuid>, Arc<Error>> {
        Ok(self.after(place, limit).await?.iter().map(Self::id).collect())
    }

    async fn among(&self, ids: &[Uuid]) -> Result<Vec<rows::Model>, Arc<Error>> {
        Ok(notification::among(&self.app, self.viewer_id, ids).await?)
    }

    async fn is_open(&self) -> Result<bool, Arc<Error>> {
        Ok(true)
    }
}
