//! Timelines: the newest posts of each viewer's feed, as ids. A copy that may vanish at any moment; the database holds
//! the truth and older posts.
//!
//! A timeline is absent, building or complete, and complete only for one `epoch`, the account's counter in the
//! database: whoever changes what belongs into the timeline counts up, and the copy of the old epoch is absent at once.
//! A builder calls [`Timelines::begin`], reads the database, calls [`Timelines::finish`]. Posts that are pushed in
//! between land in the building timeline, so nothing published meanwhile is missing. Of two builders the one that began
//! last wins: the other one's token is no longer there.

mod local;
mod redis;

use uuid::Uuid;

use crate::config::{Config, ConfigError, RedisAddress};
use crate::redis::{Redis, RedisError};

/// The newest ids of a complete timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Post ids, newest first.
    pub ids: Vec<Uuid>,
    /// Whether it holds as many as it can: older ones may exist, in the database only.
    pub full: bool,
}

/// Proof of having begun a timeline. Good for one [`Timelines::finish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildToken {
    token: Uuid,
    epoch: i64,
}

impl BuildToken {
    fn new(epoch: i64) -> Self {
        Self { token: Uuid::new_v4(), epoch }
    }
}

/// The timelines of all accounts. Clones share them.
#[derive(Debug, Clone)]
pub enum Timelines {
    /// Inside this process.
    Local(local::LocalTimelines),
    /// Shared between processes.
    Redis(redis::RedisTimelines),
}

impl Timelines {
    /// In this process, or on the server that `redis` is connected to.
    ///
    /// # Errors
    /// When `redis_url` cannot be read.
    pub fn new(config: &Config, redis: Option<&Redis>) -> Result<Self, ConfigError> {
        Ok(match (config.redis_address()?, redis) {
            (RedisAddress::Server(_), Some(redis)) => Self::Redis(redis::RedisTimelines::new(config, redis.clone())),
            _ => Self::Local(local::LocalTimelines::new(config.feed.window, config.feed.local_timelines)),
        })
    }

    /// Adds the post to those of the accounts' timelines that exist, building or complete, and trims them to the newest
    /// of the window. Adding twice is adding once.
    ///
    /// # Errors
    /// When Redis is away: some timelines may have the post and some not. Repeat it, or [`Timelines::forget`] them.
    pub async fn push(&self, accounts: &[Uuid], post: Uuid) -> Result<(), RedisError> {
        match self {
            Self::Local(local) => {
                local.push(accounts, post);
                Ok(())
            }
            Self::Redis(redis) => redis.push(accounts, post).await,
        }
    }

    /// The timeline, if it is complete for this epoch.
    ///
    /// # Errors
    /// When Redis is away: read the database.
    pub async fn read(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        match self {
            Self::Local(local) => Ok(local.read(account, epoch)),
            Self::Redis(redis) => redis.read(account, epoch).await,
        }
    }

    /// Puts an empty building timeline in place of whatever is there; from now on pushes land in it.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn begin(&self, account: Uuid, epoch: i64) -> Result<BuildToken, RedisError> {
        match self {
            Self::Local(local) => Ok(local.begin(account, epoch)),
            Self::Redis(redis) => redis.begin(account, epoch).await,
        }
    }

    /// Adds the ids and marks the timeline complete, if the one that this token began is still building.
    ///
    /// # Errors
    /// When Redis is away: it stays building or absent, and the next reader builds it.
    pub async fn finish(&self, account: Uuid, token: &BuildToken, ids: &[Uuid]) -> Result<bool, RedisError> {
        match self {
            Self::Local(local) => Ok(local.finish(account, token, ids)),
            Self::Redis(redis) => redis.finish(account, token, ids).await,
        }
    }

    /// Makes the timeline absent.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn forget(&self, account: Uuid) -> Result<(), RedisError> {
        match self {
            Self::Local(local) => {
                local.forget(account);
                Ok(())
            }
            Self::Redis(redis) => redis.forget(account).await,
        }
    }

    /// Whether timelines can be read and written now.
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
