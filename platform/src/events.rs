//! Events: what live subscriptions listen to. A nudge, never the truth: it may be lost, and a listener is told so.

mod hub;
mod redis;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;

use self::hub::Hub;
use crate::config::{Config, ConfigError, RedisAddress};
use crate::redis::{Redis, RedisError};

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Someone published this on the topic.
    Message(Arc<str>),
    /// Some may have been lost (the listener was slow, the connection broke): re-read the truth.
    Missed,
}

/// Listens to one topic until dropped. Never ends by itself while the process lives.
#[derive(Debug)]
pub struct Subscription {
    inner: hub::Listener,
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        Pin::new(&mut self.inner).poll_next(cx)
    }
}

/// Carries events. Clones share the topics.
#[derive(Debug, Clone)]
pub enum Events {
    /// Inside this process.
    Local(Arc<Hub>),
    /// Between processes.
    Redis(redis::RedisEvents),
}

impl Events {
    /// In this process, or on the server that `redis` is connected to.
    ///
    /// # Errors
    /// When `redis_url` cannot be read.
    pub async fn new(config: &Config, redis: Option<&Redis>) -> Result<Self, ConfigError> {
        Ok(match (config.redis_address()?, redis) {
            (RedisAddress::Server(_), Some(redis)) => {
                let events = redis::RedisEvents::start(redis.clone()).await;
                Self::Redis(events.map_err(|error| ConfigError::new("redis_url", error.to_string()))?)
            }
            _ => Self::Local(Arc::default()),
        })
    }

    /// Tells everyone who listens to the topic now, in every process.
    ///
    /// # Errors
    /// When Redis is away: nobody hears it; listeners are told [`Event::Missed`] when it is back.
    pub async fn publish(&self, topic: &str, payload: &str) -> Result<(), RedisError> {
        match self {
            Self::Local(hub) => {
                hub.publish(topic, Event::Message(payload.into()));
                Ok(())
            }
            Self::Redis(redis) => redis.publish(topic, payload).await,
        }
    }

    /// Tells everyone who listens to any of these topics now the same, in every process. To most of them nobody does: that is
    /// what it is made for.
    ///
    /// # Errors
    /// As [`Events::publish`]; some have heard it then, and some may hear it twice.
    pub async fn publish_to_each(&self, topics: &[String], payload: &str) -> Result<(), RedisError> {
        match self {
            Self::Local(hub) => {
                topics.iter().for_each(|topic| hub.publish(topic, Event::Message(payload.into())));
                Ok(())
            }
            Self::Redis(redis) => redis.publish_to_each(topics, payload).await,
        }
    }

    /// Listens to a topic: hears all that is published after this returned, or [`Event::Missed`].
    ///
    /// While Redis is away it still returns, within a command time-out; [`Event::Missed`] comes when it is back.
    ///
    /// # Errors
    /// None today.
    pub async fn subscribe(&self, topic: &str) -> Result<Subscription, RedisError> {
        let inner = match self {
            Self::Local(hub) => hub.listen(topic).0,
            Self::Redis(redis) => redis.listen(topic).await,
        };
        Ok(Subscription { inner })
    }

    /// How many listen in this process now, to any topic.
    #[must_use]
    pub fn listeners(&self) -> usize {
        match self {
            Self::Local(hub) => hub.listeners(),
            Self::Redis(redis) => redis.listeners(),
        }
    }

    /// Whether events can be published and are heard now.
    ///
    /// # Errors
    /// When Redis is away, or topics are not subscribed to there.
    pub async fn ping(&self) -> Result<(), RedisError> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}

#[cfg(test)]
mod tests;
