//! What can be listened to.

use std::time::Duration;

use async_graphql::{Context, ID};
use darkroom_entity::media::{self as rows, Status};
use darkroom_service::{App, Error, Viewer, media, session};
use futures::stream::{self, Stream, StreamExt};
use uuid::Uuid;

use crate::context::RequestContext;
use crate::error::Result;
use crate::id::Kind;
use crate::object::Media;

/// How long a listener trusts that no news means no change. Events are hints: one that was lost costs this long.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What can be listened to.
pub struct Subscription;

/// What can be listened to.
#[async_graphql::Subscription]
impl Subscription {
    /// One of your photos: as it is now, then at each change, until it is `READY` or `FAILED`.
    async fn media_processed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "One of your photos.")] media_id: ID,
    ) -> Result<impl Stream<Item = Result<Media>> + use<>> {
        let (app, viewer) = (ctx.app()?.clone(), ctx.signed_in()?.clone());
        let id = Kind::Media.parse("mediaId", &media_id)?;
        // Listen first, look second: no change falls in between.
        let events = match app.events.subscribe(&media::topic(id)).await {
            Ok(events) => events.map(|_| ()).boxed(),
            Err(error) => {
                tracing::debug!(%error, "events are away; looking again instead");
                stream::pending().boxed()
            }
        };
        let first = media::own(&app, &viewer, id).await?;
        let state = Watch { app, viewer, id, events, shown: None, next: Some(first) };
        Ok(stream::unfold(state, |mut watch| async move {
            let item = watch.next().await?;
            Some((item.map(Media), watch))
        }))
    }
}

/// A listener at one photo.
struct Watch {
    app: App,
    viewer: Viewer,
    id: Uuid,
    events: stream::BoxStream<'static, ()>,
    /// What was said last.
    shown: Option<Status>,
    /// What is to be said without waiting.
    next: Option<rows::Model>,
}

impl Watch {
    /// The next state worth saying; the end after the last one, when the photo is gone, or when the session is.
    async fn next(&mut self) -> Option<Result<rows::Model>> {
        if matches!(self.shown, Some(Status::Ready | Status::Failed)) {
            return None;
        }
        loop {
            let row = match self.next.take() {
                Some(row) => row,
                None => match self.look().await {
                    Ok(row) => row?,
                    Err(error) => return Some(Err(error.into())),
                },
            };
            if self.shown != Some(row.status) {
                self.shown = Some(row.status);
                return Some(Ok(row));
            }
        }
    }

    /// Waits for news and reads the row again. The session is asked about each time: signing out ends the stream.
    async fn look(&mut self) -> Result<Option<rows::Model>, Error> {
        // An event that says nothing new, a lost one and a quiet time all lead to the same: read the truth.
        let news = tokio::time::timeout(LOOK_AGAIN, self.events.next()).await;
        if matches!(news, Ok(None)) {
            self.events = stream::pending().boxed();
        }
        if !session::is_live(&self.app, &self.viewer).await? {
            return Ok(None);
        }
        match media::own(&self.app, &self.viewer, self.id).await {
            Ok(row) => Ok(Some(row)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
