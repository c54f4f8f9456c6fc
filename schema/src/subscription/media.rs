//! Listening to a photo.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, Object};
use darkroom_entity::media::{self as rows, Status};
use darkroom_service::{App, Error, Viewer, media};
use futures::FutureExt;
use futures::stream::{BoxStream, StreamExt};
use uuid::Uuid;

use super::turn;
use super::watch::{Found, Listener, Look, News, Rhythm, Then};
use crate::context::RequestContext;
use crate::error::Result;
use crate::id::Kind;
use crate::object::Media;

/// Somebody waits before their screen: a lost event costs so long.
const RHYTHM: Rhythm = Rhythm { look_again: Duration::from_secs(5), pace: Duration::ZERO };

#[derive(Default)]
pub(crate) struct MediaSubscription;

#[Object]
impl MediaSubscription {
    /// One of your photos: as it is now, then at each change, until it is `READY` or `FAILED`.
    async fn media_processed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "One of your photos.")] media_id: ID,
    ) -> Result<Media> {
        turn::take(ctx, begin(ctx, media_id)).boxed().await
    }
}

async fn begin(ctx: &Context<'_>, media_id: ID) -> Result<BoxStream<'static, Result<Media>>> {
    let viewer = ctx.signed_in()?.clone();
    let id = Kind::Media.parse("mediaId", &media_id)?;
    let listener = Listener::at(ctx, &media::topic(id)).await?;
    let photo = Photo { app: listener.app.clone(), viewer, id, shown: None };
    let first = photo.found(media::own(&photo.app, &photo.viewer, id).await?);
    Ok(listener.watch(RHYTHM, photo, first).map(|item| item.map(Media::Row)).boxed())
}

struct Photo {
    app: App,
    viewer: Viewer,
    id: Uuid,
    /// What was said last.
    shown: Option<Status>,
}

impl Photo {
    fn found(&self, row: rows::Model) -> Found<rows::Model> {
        let then = if matches!(row.status, Status::Ready | Status::Failed) { Then::End } else { Then::Wait };
        let items = if self.shown == Some(row.status) { Vec::new() } else { vec![row] };
        Found { items, then }
    }
}

impl Look for Photo {
    type Item = rows::Model;

    async fn look(&mut self, _: News) -> Result<Found<rows::Model>, Arc<Error>> {
        match media::own(&self.app, &self.viewer, self.id).await {
            Ok(row) => Ok(self.found(row)),
            Err(error) if error.is_not_found() => Ok(Found::end()),
            Err(error) => Err(error.into()),
        }
    }

    fn said(&mut self, row: &rows::Model) {
        self.shown = Some(row.status);
    }
}
