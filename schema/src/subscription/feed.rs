//! Listening to one's feed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::post;
use darkroom_service::{App, Error, Viewer, feed, live};
use futures::FutureExt;
use futures::stream::BoxStream;
use uuid::Uuid;

use super::turn;
use super::watch::{Found, Listener, Look, News, Rhythm};
use crate::context::RequestContext;
use crate::cursor;
use crate::error::Result;

/// New posts are counted up to here.
const COUNTED: usize = 100;

/// Authors with very many followers whose posts a listener is told of at once; those of others within a minute.
const PULLED: u64 = 100;

/// A person looks at a number: once a second is enough.
const RHYTHM: Rhythm = Rhythm { look_again: Duration::from_secs(60), pace: Duration::from_secs(1) };

/// That there is something new in your feed. Ask for `feed` to see it.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct FeedUpdate {
    /// How many posts of others have come to your feed since, up to 100: 100 means 100 or more.
    new_post_count: i32,
    /// Since what: the cursor that you gave; null if it is since you began to listen.
    since: Option<String>,
}

#[derive(Default)]
pub(crate) struct FeedSubscription;

#[Object]
impl FeedSubscription {
    /// How many new posts wait in your feed, each time that this changes, at most once a second; never the posts
    /// themselves. With `after` it begins with what has come since. Listen anew after reading the feed. Ends when your
    /// session does.
    async fn feed_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The cursor of the first edge of the feed that you show, ranked or not; without it, from now on."
        )]
        after: Option<String>,
    ) -> Result<FeedUpdate> {
        turn::take(ctx, begin(ctx, after)).boxed().await
    }
}

async fn begin(ctx: &Context<'_>, after: Option<String>) -> Result<BoxStream<'static, Result<FeedUpdate>>> {
    let viewer = ctx.signed_in()?.clone();
    let newest_shown = after.as_deref().map(cursor::decode_newest).transpose()?;
    let listener = Listener::at(ctx, &live::feed_topic(viewer.id())).await?;
    let pulled = feed::pulled_among_followees(&listener.app, viewer.id(), PULLED).await?;
    let topics: Vec<String> = pulled.into_iter().map(live::author_topic).collect();
    let listener = listener.and_at(&topics).await;
    let app = listener.app.clone();
    let begun = app.clock.now();
    let mut waiting = Waiting { app, viewer, since: after, newest_shown, begun, new: BTreeSet::new(), told: 0 };
    let first = match newest_shown {
        Some(_) => waiting.look(News { ids: Vec::new(), gap: true }).await?,
        None => Found::wait(Vec::new()),
    };
    Ok(listener.watch(RHYTHM, waiting, first))
}

/// The posts that wait in a person's feed.
struct Waiting {
    app: App,
    viewer: Viewer,
    since: Option<String>,
    newest_shown: Option<Uuid>,
    begun: DateTime<Utc>,
    /// Posts that came, up to [`COUNTED`]: whether they are still there to be seen is asked each time.
    new: BTreeSet<Uuid>,
    told: usize,
}

impl Waiting {
    fn is_new(&self, row: &post::Model) -> bool {
        self.newest_shown.is_some_and(|shown| row.id > shown)
            || row.published_at.is_some_and(|published| published > self.begun)
    }

    /// After a gap the newest page of the feed tells what has come.
    async fn read(&mut self) -> Result<(), Error> {
        let newest = feed::newest(&self.app, self.viewer.id(), COUNTED).await?;
        let ids: Vec<Uuid> = newest.iter().filter(|row| self.is_new(row)).map(|row| row.id).collect();
        self.keep(ids);
        Ok(())
    }

    fn keep(&mut self, ids: Vec<Uuid>) {
        for id in ids {
            if self.new.len() < COUNTED {
                self.new.insert(id);
            }
        }
    }
}

impl Look for Waiting {
    type Item = FeedUpdate;

    async fn look(&mut self, news: News) -> Result<Found<FeedUpdate>, Arc<Error>> {
        if news.gap {
            self.read().await?;
        }
        self.keep(news.ids);
        let ids: Vec<Uuid> = self.new.iter().copied().collect();
        let there = if ids.is_empty() { Vec::new() } else { self.there(&ids).await? };
        self.new = there.into_iter().collect();
        let count = self.new.len();
        if count == self.told {
            return Ok(Found::wait(Vec::new()));
        }
        Ok(Found::wait(vec![FeedUpdate { new_post_count: count as i32, since: self.since.clone() }]))
    }

    fn said(&mut self, update: &FeedUpdate) {
        self.told = update.new_post_count as usize;
    }
}

impl Waiting {
    async fn there(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
        Ok(live::feed_among(&self.app, self.viewer.id(), ids).await?.into_iter().collect())
    }
}
