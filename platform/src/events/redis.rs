//! Events between processes: a channel a topic, subscribed to once a process however many listen.
//!
//! One task alone speaks SUBSCRIBE and UNSUBSCRIBE. It compares the topics that someone listens to with those that the
//! server knows of, so that a topic that goes and comes again quickly cannot end up unsubscribed, and after a lost
//! connection everything is subscribed to again before listeners are told [`Event::Missed`].

mod ear;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use fred::interfaces::{EventInterface, PubsubInterface};
use fred::prelude::{ClientLike, Value};
use fred::types::Message;
use fred::types::config::Server;
use fred::types::scripts::Script;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use self::ear::Ear;
use super::Event;
use super::hub::{Hub, Listener};
use crate::redis::{Connection, Redis, RedisError};

/// Channels in one command.
const BATCH: usize = 500;

/// Says the same on many channels. ARGV: what, channels …
///
/// A command for each would cost the client ten times as much as the server, for channels at most of which nobody listens.
static PUBLISH: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "for at = 2, #ARGV do redis.call('PUBLISH', ARGV[at], ARGV[1]) end
return #ARGV - 1",
    )
});

/// Pause before a refused subscription is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Publishes on the shared connection, listens on one of its own.
#[derive(Clone)]
pub struct RedisEvents {
    redis: Redis,
    hub: Arc<Hub>,
    tasks: Arc<Tasks>,
    /// Whether the server took the latest subscriptions. Topics come all the time: one on its way is no failure.
    settled: Arc<AtomicBool>,
}

struct Tasks {
    connection: Connection,
    running: [AbortHandle; 2],
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.running.iter().for_each(AbortHandle::abort);
    }
}

impl RedisEvents {
    pub(super) async fn start(redis: Redis) -> Result<Self, RedisError> {
        let connection = redis.subscriber().await?;
        let hub = Arc::new(Hub::default());
        let client = connection.client.clone();
        let hear = hear(redis.clone(), Arc::clone(&hub), client.message_rx());
        let settled = Arc::new(AtomicBool::new(true));
        let reconnected = client.reconnect_rx();
        let reconcile = reconcile(redis.clone(), Arc::clone(&hub), Ear::new(client), reconnected, Arc::clone(&settled));
        let running = [tokio::spawn(hear).abort_handle(), tokio::spawn(reconcile).abort_handle()];
        Ok(Self { redis, hub, tasks: Arc::new(Tasks { connection, running }), settled })
    }

    pub(super) async fn publish(&self, topic: &str, payload: &str) -> Result<(), RedisError> {
        let channel = &self.redis.channel(topic);
        let publish = |client: fred::prelude::Client| async move {
            client.publish::<(), _, _>(channel.clone(), payload.to_owned()).await
        };
        self.redis.call(publish).await
    }

    pub(super) async fn publish_to_each(&self, topics: &[String], payload: &str) -> Result<(), RedisError> {
        for topics in topics.chunks(BATCH) {
            let channels = topics.iter().map(|topic| self.redis.channel(topic).into());
            let args: Vec<Value> = std::iter::once(payload.into()).chain(channels).collect();
            self.redis.run_once(&PUBLISH, &[], &args).await?;
        }
        Ok(())
    }

    pub(super) async fn listen(&self, topic: &str) -> Listener {
        let (listener, mut live) = self.hub.listen(topic);
        let waited = tokio::time::timeout(self.redis.command_timeout(), live.wait_for(|live| *live)).await;
        if !matches!(waited, Ok(Ok(_))) {
            self.hub.set_gap(topic);
        }
        listener
    }

    pub(super) fn listeners(&self) -> usize {
        self.hub.listeners()
    }

    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        self.redis.ping().await?;
        let heard = self.tasks.connection.client.is_connected() && self.settled.load(Ordering::Relaxed);
        if heard { Ok(()) } else { Err(RedisError::Down) }
    }
}

/// Hands what the server sends to the listeners.
async fn hear(redis: Redis, hub: Arc<Hub>, mut messages: Receiver<Message>) {
    let prefix = redis.channel("");
    loop {
        match messages.recv().await {
            Ok(message) => {
                if let (Some(topic), Some(payload)) = (message.channel.strip_prefix(&prefix), message.value.as_str()) {
                    hub.publish(topic, Event::Message((*payload).into()));
                }
            }
            Err(RecvError::Lagged(_)) => hub.publish_missed(),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Keeps the server's subscriptions equal to the topics that someone listens to.
async fn reconcile(
    redis: Redis,
    hub: Arc<Hub>,
    mut ear: Ear,
    mut reconnected: Receiver<Server>,
    healthy: Arc<AtomicBool>,
) {
    let mut subscribed: HashSet<Arc<str>> = HashSet::new();
    let mut changed = redis.cluster_changes();
    loop {
        let settled = settle(&redis, &hub, &ear, &mut subscribed).await;
        healthy.store(settled.is_ok(), Ordering::Relaxed);
        if let Err(error) = &settled {
            tracing::debug!(%error, "subscribing failed; trying again");
        }
        let deaf = tokio::select! {
            () = hub.changed.notified() => false,
            server = reconnected.recv() => ear.is_new(server.ok().as_ref()),
            _ = changed.recv() => {
                // However many there were, the last state counts.
                changed = changed.resubscribe();
                ear.follow().await
            }
            () = tokio::time::sleep(RETRY), if settled.is_err() => false,
        };
        if deaf {
            subscribed.clear();
            hub.set_all_dead();
        }
    }
}

async fn settle(
    redis: &Redis,
    hub: &Hub,
    ear: &Ear,
    subscribed: &mut HashSet<Arc<str>>,
) -> Result<(), fred::error::Error> {
    let wanted = hub.names();
    let surplus: Vec<Arc<str>> = subscribed.difference(&wanted).cloned().collect();
    for batch in surplus.chunks(BATCH) {
        ear.unsubscribe(channels(redis, batch)).await?;
        batch.iter().for_each(|topic| _ = subscribed.remove(topic));
    }
    // Known ones too: a topic that went and came again is a new one to the hub, and still subscribed to.
    subscribed.iter().for_each(|topic| hub.set_live(topic));
    let missing: Vec<Arc<str>> = wanted.difference(subscribed).cloned().collect();
    for batch in missing.chunks(BATCH) {
        ear.subscribe(channels(redis, batch)).await?;
        for topic in batch {
            subscribed.insert(Arc::clone(topic));
            hub.set_live(topic);
        }
    }
    Ok(())
}

fn channels(redis: &Redis, topics: &[Arc<str>]) -> Vec<String> {
    topics.iter().map(|topic| redis.channel(topic)).collect()
}

impl std::fmt::Debug for RedisEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisEvents").field("redis", &self.redis).field("hub", &self.hub).finish_non_exhaustive()
    }
}
