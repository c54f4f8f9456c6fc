//! Job hints: "this row is due, look". The ledger in the database is the truth; a hint that is lost comes again with
//! the next sweep, one that comes twice finds the row taken.

mod local;
mod redis;

use std::time::Duration;

use uuid::Uuid;

use crate::config::{Config, ConfigError, RedisAddress};
use crate::redis::{Redis, RedisError};

/// Hints that one queue holds at most; further ones are left to the sweep.
pub const CAPACITY: usize = 100_000;

/// Carries hints from those who enqueue to those who work. Clones share the queues.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Inside this process.
    Local(local::LocalTransport),
    /// Between processes.
    Redis(redis::RedisTransport),
}

impl Transport {
    /// In this process, or on the server that `redis` is connected to.
    ///
    /// # Errors
    /// When `redis_url` cannot be read.
    pub fn new(config: &Config, redis: Option<&Redis>) -> Result<Self, ConfigError> {
        Ok(match (config.redis_address()?, redis) {
            (RedisAddress::Server(_), Some(redis)) => Self::Redis(redis::RedisTransport::new(redis.clone())),
            _ => Self::Local(local::LocalTransport::default()),
        })
    }

    /// Says that these jobs of the queue are due. In order; beyond [`CAPACITY`] the newest are dropped.
    ///
    /// # Errors
    /// When Redis is away: the caller goes on, the sweep finds the jobs.
    pub async fn announce(&self, queue: &str, ids: &[Uuid]) -> Result<(), RedisError> {
        match self {
            Self::Local(local) => {
                local.announce(queue, ids);
                Ok(())
            }
            Self::Redis(redis) => redis.announce(queue, ids).await,
        }
    }

    /// Waits up to `wait` for the first hint and takes what is there then, up to `max`, oldest first. Empty: none came.
    /// Dropped half-way it may lose hints.
    ///
    /// # Errors
    /// When Redis is away; not before `wait` or a second has passed, so that a caller's loop does not spin.
    pub async fn take(&self, queue: &str, max: usize, wait: Duration) -> Result<Vec<Uuid>, RedisError> {
        match self {
            Self::Local(local) => Ok(local.take(queue, max, wait).await),
            Self::Redis(redis) => redis.take(queue, max, wait).await,
        }
    }

    /// Whether no hint waits in the queue: only then a sweep announces, or hints would pile up.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn is_idle(&self, queue: &str) -> Result<bool, RedisError> {
        match self {
            Self::Local(local) => Ok(local.is_idle(queue)),
            Self::Redis(redis) => redis.is_idle(queue).await,
        }
    }

    /// Whether hints can be carried now.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn ping(&self) -> Result<(), RedisError> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}

#[cfg(test)]
mod tests;
