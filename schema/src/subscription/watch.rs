//! The loop of every subscription.
//!
//! Listen first, look second: no change falls in between. An event, a lost one and a quiet time all lead to a look at the
//! rows; what is said is what the rows say to this viewer at that moment. The session is asked about after each look, so
//! that signing out and suspension end the stream. Nothing piles up: a slow reader's events merge into one look, and what
//! it has not taken after a moment is looked at again before it is said.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use darkroom_platform::events::Event;
use darkroom_service::{App, Error, Viewer};
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

use super::{Common, apart};
use crate::context::RequestContext;
use crate::error::{Failure, Result};

/// Ids that are looked at one by one; if more have come, the list is read again.
const IDS: usize = 64;

/// How long what was looked at may wait to be said.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// Pause before a store that was away is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// How often to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    /// How long a listener trusts that no news means no change.
    pub(super) look_again: Duration,
    /// Between two looks at least, however many events come.
    pub(super) pace: Duration,
}

impl Rhythm {
    /// For what is listened to for hours: a lost connection to Redis is told as a gap, so quiet can be trusted for long.
    pub(super) const LONG: Self = Self { look_again: Duration::from_secs(60), pace: Duration::from_millis(500) };

    /// After how much quiet a listener looks again: between three and five quarters of the time, so that those who began
    /// together, or were woken together, do not look together for ever.
    fn quiet_of(self, listener: Uuid) -> Duration {
        // The last bits of an id are random.
        let part = f64::from(listener.as_u128() as u16) / f64::from(u16::MAX);
        self.look_again.mul_f64(0.75 + part / 2.0)
    }
}

/// What has happened since the last look.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Rows that it happened to.
    pub(super) ids: Vec<Uuid>,
    /// Whether something else may have happened too: read everything.
    pub(super) gap: bool,
}

impl News {
    fn everything() -> Self {
        Self { ids: Vec::new(), gap: true }
    }

    fn add(&mut self, event: &Event) {
        match event {
            Event::Message(text) => match Uuid::parse_str(text) {
                Ok(id) if self.ids.contains(&id) => {}
                Ok(id) if self.ids.len() < IDS => self.ids.push(id),
                _ => self.gap = true,
            },
            Event::Missed => self.gap = true,
        }
    }
}

/// What a look has found.
#[derive(Debug)]
pub(super) struct Found<T> {
    /// To be said, in this order.
    pub(super) items: Vec<T>,
    /// What comes then.
    pub(super) then: Then,
}

/// What comes after what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Wait for news.
    Wait,
    /// Look again at once: there is more.
    Again,
    /// The end.
    End,
}

impl<T> Found<T> {
    /// Nothing to say, nothing to wait for.
    pub(super) fn end() -> Self {
        Self { items: Vec::new(), then: Then::End }
    }

    /// This, and then news.
    pub(super) fn wait(items: Vec<T>) -> Self {
        Self { items, then: Then::Wait }
    }
}

/// What one subscription looks at.
pub(super) trait Look: Send + 'static {
    /// What it says.
    type Item: Send + 'static;

    /// Reads what is new, as the viewer may see it now: a bounded number.
    fn look(&mut self, news: News) -> impl Future<Output = Result<Found<Self::Item>, Arc<Error>>> + Send;

    /// This was said. What was found and not said will be looked for again.
    fn said(&mut self, item: &Self::Item);
}

/// Somebody who listens.
pub(super) struct Listener {
    pub(super) app: App,
    pub(super) common: Arc<Common>,
    pub(super) viewer: Option<Viewer>,
    /// An id of the moment before it began: what is new has a greater one.
    pub(super) begun: Uuid,
    events: BoxStream<'static, Event>,
}

impl Listener {
    /// Begins to listen to a topic.
    pub(super) async fn at(ctx: &Context<'_>, topic: &str) -> Result<Self> {
        let (app, viewer) = (ctx.app()?.clone(), ctx.viewer()?.cloned());
        let common = ctx.data_opt::<Arc<Common>>().cloned();
        let begun = app.clock.new_id();
        let common = common.ok_or_else(|| Error::internal("the schema has no listeners"))?;
        let events = match app.events.subscribe(topic).await {
            Ok(events) => events.boxed(),
            Err(error) => {
                tracing::debug!(%error, "events are away; looking again instead");
                stream::pending().boxed()
            }
        };
        Ok(Self { app, common, viewer, begun, events })
    }

    /// Listens to further topics as well.
    pub(super) async fn and_at(mut self, topics: &[String]) -> Self {
        let mut all = vec![self.events];
        for topic in topics {
            // What can't be heard is found by looking again.
            if let Ok(events) = self.app.events.subscribe(topic).await {
                all.push(events.boxed());
            }
        }
        self.events = stream::select_all(all).boxed();
        self
    }

    /// Who listens, if they are signed in.
    pub(super) fn viewer_id(&self) -> Option<Uuid> {
        self.viewer.as_ref().map(Viewer::id)
    }

    /// Says what was found first, and then what `look` finds.
    pub(super) fn watch<L: Look>(
        self,
        rhythm: Rhythm,
        look: L,
        first: Found<L::Item>,
    ) -> BoxStream<'static, Result<L::Item>> {
        let mut watch = Watch {
            listener: self,
            rhythm,
            look: Some(look),
            ready: VecDeque::new(),
            looked: Instant::now(),
            gap: false,
            over: false,
            begun: false,
        };
        watch.take(first);
        stream::unfold(watch, |mut watch| async move { watch.next().await.map(|item| (item, watch)) }).boxed()
    }
}

struct Watch<L: Look> {
    listener: Listener,
    rhythm: Rhythm,
    /// Away while it looks.
    look: Option<L>,
    /// Found and not said.
    ready: VecDeque<L::Item>,
    looked: Instant,
    /// Whether to read everything without waiting.
    gap: bool,
    over: bool,
    /// Whether it was asked for anything yet.
    begun: bool,
}

impl<L: Look> Watch<L> {
    async fn next(&mut self) -> Option<Result<L::Item>> {
        // What was found first was found before the session was asked about.
        if !std::mem::replace(&mut self.begun, true) && !self.ready.is_empty() {
            match self.stands().boxed().await {
                Ok(true) => {}
                Ok(false) => self.end(),
                Err(error) => {
                    self.end();
                    return Some(Err(Failure::from(error)));
                }
            }
        }
        loop {
            if !self.ready.is_empty() && self.looked.elapsed() > FRESH_FOR {
                // The viewer may have lost the sight of it meanwhile.
                self.ready.clear();
                self.gap = true;
                self.over = false;
            }
            if let Some(item) = self.ready.pop_front() {
                if let Some(look) = &mut self.look {
                    look.said(&item);
                }
                return Some(Ok(item));
            }
            if self.over {
                return None;
            }
            let news = if self.gap { News::everything() } else { self.news().await };
            // In a box of its own, which is gone while there is nothing to look at: thousands wait for news.
            match self.step(news).boxed().await {
                Ok(()) => {}
                Err(error) if matches!(*error, Error::Unavailable { .. }) => {
                    tracing::debug!(%error, "a store is away; looking again");
                    self.gap = true;
                    sleep(RETRY).await;
                }
                Err(error) => {
                    self.over = true;
                    return Some(Err(Failure::from(error)));
                }
            }
        }
    }

    /// Waits for news, and takes everything that has come by then.
    async fn news(&mut self) -> News {
        let mut news = News::default();
        let quiet = self.rhythm.quiet_of(self.listener.begun);
        match timeout(quiet, self.listener.events.next()).await {
            Ok(Some(event)) => news.add(&event),
            Ok(None) => {
                self.listener.events = stream::pending().boxed();
                news.gap = true;
            }
            Err(_) => news.gap = true,
        }
        sleep_until(self.looked + self.rhythm.pace).await;
        for _ in 0..IDS {
            match self.listener.events.next().now_or_never() {
                Some(Some(event)) => news.add(&event),
                Some(None) | None => break,
            }
        }
        news
    }

    async fn step(&mut self, news: News) -> Result<(), Arc<Error>> {
        let Some(mut look) = self.look.take() else {
            self.over = true;
            return Ok(());
        };
        let (common, session) = (Arc::clone(&self.listener.common), self.session());
        let (look, found) = apart(async move {
            let _place = common.place().await;
            let found = standing(&mut look, &common, session, news).await;
            (look, found)
        })
        .await;
        self.look = Some(look);
        match found? {
            Some(found) => self.take(found),
            None => self.over = true,
        }
        Ok(())
    }

    /// Whether the listener's session stands; without one there is none to end.
    async fn stands(&mut self) -> Result<bool, Arc<Error>> {
        let (common, session) = (Arc::clone(&self.listener.common), self.session());
        apart(async move { stands(&common, session).await }).await
    }

    fn session(&self) -> Option<Uuid> {
        self.listener.viewer.as_ref().map(|viewer| viewer.session_id)
    }

    fn end(&mut self) {
        self.ready.clear();
        self.over = true;
    }

    fn take(&mut self, found: Found<L::Item>) {
        self.looked = Instant::now();
        self.ready.extend(found.items);
        self.gap = found.then == Then::Again;
        self.over = found.then == Then::End;
    }
}

/// What a look finds, if the session stands after it: what was written after the session's end is not said.
async fn standing<L: Look>(
    look: &mut L,
    common: &Common,
    session: Option<Uuid>,
    news: News,
) -> Result<Option<Found<L::Item>>, Arc<Error>> {
    let found = look.look(news).await?;
    Ok(stands(common, session).await?.then_some(found))
}

async fn stands(common: &Common, session: Option<Uuid>) -> Result<bool, Arc<Error>> {
    match session {
        Some(session) => common.stands(session).await,
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Event {
        Event::Message(text.into())
    }

    #[test]
    fn listeners_look_again_at_different_times() {
        let quiet: Vec<Duration> = (0..1000).map(|_| Rhythm::LONG.quiet_of(Uuid::new_v4())).collect();
        let (least, most) = (quiet.iter().min().copied().unwrap_or_default(), quiet.iter().max().copied());
        assert!(least >= Duration::from_secs(45) && most <= Some(Duration::from_secs(75)));
        assert!(most.unwrap_or_default() - least > Duration::from_secs(25), "spread over half a minute");
    }

    #[test]
    fn news_are_ids_each_once_and_what_is_too_much_or_no_id_is_a_gap() {
        let id = Uuid::from_u128(7);
        let mut news = News::default();
        news.add(&message(&id.to_string()));
        news.add(&message(&id.to_string()));
        assert_eq!((news.ids.as_slice(), news.gap), ([id].as_slice(), false));
        for n in 0..IDS as u128 {
            news.add(&message(&Uuid::from_u128(100 + n).to_string()));
        }
        assert_eq!((news.ids.len(), news.gap), (IDS, true));
        for event in [message("ready"), Event::Missed] {
            let mut news = News::default();
            news.add(&event);
            assert!(news.gap);
        }
    }
}
