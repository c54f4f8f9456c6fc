//! The topics that this process listens to, and who listens.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use tokio::sync::{Notify, broadcast, watch};
use tokio_stream::wrappers::BroadcastStream;

use super::Event;

/// Events that a listener may be behind before it is told [`Event::Missed`].
const BACKLOG: usize = 64;

/// Hands events to the listeners of their topic. A topic is there as long as someone listens.
#[derive(Debug, Default)]
pub struct Hub {
    topics: Mutex<HashMap<Arc<str>, Topic>>,
    /// Told when a topic came or went.
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct Topic {
    events: broadcast::Sender<Event>,
    listeners: usize,
    /// Whether the server sends us its events (of no use in one process).
    live: watch::Sender<bool>,
    /// Whether events may have passed unheard since someone began to listen.
    gap: bool,
}

impl Hub {
    fn topics(&self) -> MutexGuard<'_, HashMap<Arc<str>, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen. The second value tells when the topic is live on the server.
    pub(super) fn listen(self: &Arc<Self>, name: &str) -> (Listener, watch::Receiver<bool>) {
        let mut topics = self.topics();
        let name: Arc<str> = topics.get_key_value(name).map_or_else(|| name.into(), |(key, _)| Arc::clone(key));
        let topic = topics.entry(Arc::clone(&name)).or_insert_with(|| {
            self.changed.notify_one();
            Topic { events: broadcast::Sender::new(BACKLOG), listeners: 0, live: watch::Sender::new(false), gap: false }
        });
        topic.listeners += 1;
        let listener =
            Listener { events: BroadcastStream::new(topic.events.subscribe()), hub: Arc::clone(self), topic: name };
        (listener, topic.live.subscribe())
    }

    pub(super) fn publish(&self, name: &str, event: Event) {
        if let Some(topic) = self.topics().get(name) {
            // Fails when nobody listens any more: then nobody misses it.
            let _ = topic.events.send(event);
        }
    }

    /// Tells every listener to re-read.
    pub(super) fn publish_missed(&self) {
        for topic in self.topics().values() {
            let _ = topic.events.send(Event::Missed);
        }
    }

    pub(super) fn listeners(&self) -> usize {
        self.topics().values().map(|topic| topic.listeners).sum()
    }

    pub(super) fn names(&self) -> HashSet<Arc<str>> {
        self.topics().keys().cloned().collect()
    }

    /// The server sends this topic's events from now on. If some may have passed before, listeners are told.
    pub(super) fn set_live(&self, name: &str) {
        if let Some(topic) = self.topics().get_mut(name) {
            topic.live.send_replace(true);
            if std::mem::take(&mut topic.gap) {
                let _ = topic.events.send(Event::Missed);
            }
        }
    }

    /// The server no longer sends anything: whoever listens will have missed something when it does again.
    pub(super) fn set_all_dead(&self) {
        for topic in self.topics().values_mut() {
            topic.live.send_replace(false);
            topic.gap = true;
        }
    }

    /// A listener was let go on before its topic was live.
    pub(super) fn set_gap(&self, name: &str) {
        if let Some(topic) = self.topics().get_mut(name)
            && !*topic.live.borrow()
        {
            topic.gap = true;
        }
    }
}

/// One listener of one topic.
#[derive(Debug)]
pub(super) struct Listener {
    events: BroadcastStream<Event>,
    hub: Arc<Hub>,
    topic: Arc<str>,
}

impl Stream for Listener {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        // The only error is having fallen behind.
        Pin::new(&mut self.events).poll_next(cx).map(|event| event.map(|event| event.unwrap_or(Event::Missed)))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut topics = self.hub.topics();
        let last = topics.get_mut(&self.topic).is_some_and(|topic| {
            topic.listeners -= 1;
            topic.listeners == 0
        });
        if last {
            topics.remove(&self.topic);
            self.hub.changed.notify_one();
        }
    }
}
