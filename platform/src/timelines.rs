//! Timelines: the newest posts of each viewer's feed, as ids. A copy that may vanish at any moment; the database holds
//! the truth and older posts.
//!
//! A timeline is absent, building or complete, and complete only for one `epoch`, the account's counter in the
//! database: whoever changes what belongs into the timeline counts up, and the copy of the old epoch is absent at once.
//! A builder calls [`Timelines::begin`], reads the database, calls [`Timelines::finish`]. Posts that are pushed in
//! between land in the building timeline, so nothing published meanwhile is missing. Of two builders the one that began
//! last wins: the other one's token is no longer there.
//!
//! A timeline is complete down to its floor, which rises with what falls out of the window; below it the database answers.
//! So it does not matter in what order posts arrive, or whether one arrives twice. Whose posts are not pushed, because too
//! many follow them, is marked in it: a reader looks at that [author's own timeline](of_author) as well.

mod contents;
mod local;
mod packed;
mod redis;

use std::sync::Arc;

use uuid::Uuid;

use crate::config::{Config, ConfigError, RedisAddress};
use crate::redis::{Redis, RedisError};

/// The newest ids of a complete timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// Post ids, newest first, each once.
    pub ids: Vec<Uuid>,
    /// Where it ends: every id at it and above is among `ids`, those below are in the database only. `None`: there are none.
    pub end: Option<Uuid>,
    /// Authors whose posts since it was built are in their own timelines.
    pub pulled: Vec<Uuid>,
}

/// What is to change in a complete timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// The epoch that it must be of; else nothing is changed.
    pub from: i64,
    /// The epoch that it is of afterwards.
    pub to: i64,
    /// Taken out, before others are added.
    pub remove: Vec<Uuid>,
    /// Added: the newest ids of what comes in. Fewer than the window: all of them.
    pub add: Vec<Uuid>,
    /// An author who is pulled from now on.
    pub mark: Option<Uuid>,
    /// An author who is not looked at any more.
    pub unmark: Option<Uuid>,
}

/// The timeline of what one author posts: theirs is `author` with another version in it, which no account's id has. Its
/// epoch is always 0.
#[must_use]
pub fn of_author(author: Uuid) -> Uuid {
    // Version 8 of RFC 9562: of the application's own making.
    let mut bytes = author.into_bytes();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    Uuid::from_bytes(bytes)
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

/// What timelines take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How many there are.
    pub timelines: u64,
    /// About how many bytes.
    pub bytes: u64,
}

impl Timelines {
    /// Round trips to the server so far, of everything in this process that shares the connection; 0 inside this process.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        match self {
            Self::Local(_) => 0,
            Self::Redis(timelines) => timelines.round_trips(),
        }
    }

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

    /// Adds the post to those of the accounts' timelines that exist, building or complete. Adding twice is adding once.
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

    /// Marks in those of the accounts' timelines that exist, building or complete, that this author is pulled. Marking twice
    /// is marking once.
    ///
    /// # Errors
    /// As [`Timelines::push`].
    pub async fn mark(&self, accounts: &[Uuid], author: Uuid) -> Result<(), RedisError> {
        match self {
            Self::Local(local) => {
                local.mark(accounts, author);
                Ok(())
            }
            Self::Redis(redis) => redis.mark(accounts, author).await,
        }
    }

    /// The timeline, if it is complete for this epoch. Whoever reads keeps it: what nobody reads is dropped in the end.
    ///
    /// # Errors
    /// When Redis is away: read the database.
    pub async fn read(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        match self {
            Self::Local(local) => Ok(local.read(account, epoch)),
            Self::Redis(redis) => redis.read(account, epoch).await,
        }
    }

    /// As [`Timelines::read`], for those who only look at it: it is not kept any longer for that.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn peek(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        match self {
            Self::Local(local) => Ok(local.read(account, epoch)),
            Self::Redis(redis) => redis.peek(account, epoch).await,
        }
    }

    /// Each of these timelines that is complete for epoch 0, in the order asked for: for those that many read. They are kept
    /// in the process, up to `feed.author_timelines`, and read again where they have changed.
    ///
    /// # Errors
    /// When Redis is away: read the database.
    pub async fn read_shared(&self, timelines: &[Uuid]) -> Result<Vec<Option<Arc<Window>>>, RedisError> {
        match self {
            Self::Local(local) => Ok(timelines.iter().map(|timeline| local.read(*timeline, 0).map(Arc::new)).collect()),
            Self::Redis(redis) => redis.read_shared(timelines).await,
        }
    }

    /// Whether the timeline is complete for this epoch.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn stands(&self, account: Uuid, epoch: i64) -> Result<bool, RedisError> {
        match self {
            Self::Local(local) => Ok(local.stands(account, epoch)),
            Self::Redis(redis) => redis.stands(account, epoch).await,
        }
    }

    /// Changes a timeline that is complete for the epoch `from`, and says whether it has. Posts that are pushed meanwhile
    /// stay; of two revisions at once one does not happen.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn revise(&self, account: Uuid, revision: &Revision) -> Result<bool, RedisError> {
        match self {
            Self::Local(local) => Ok(local.revise(account, revision)),
            Self::Redis(redis) => redis.revise(account, revision).await,
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

    /// Adds the ids, marks the authors who are pulled, and makes the timeline complete, if the one that this token began is
    /// still building.
    ///
    /// `ids` are the newest; fewer than the window: all there are.
    ///
    /// # Errors
    /// When Redis is away: it stays building or absent, and the next reader builds it.
    pub async fn finish(
        &self,
        account: Uuid,
        token: &BuildToken,
        ids: &[Uuid],
        pulled: &[Uuid],
    ) -> Result<bool, RedisError> {
        match self {
            Self::Local(local) => Ok(local.finish(account, token, ids, pulled)),
            Self::Redis(redis) => redis.finish(account, token, ids, pulled).await,
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

    /// What timelines take in this process; none if they are elsewhere.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        match self {
            Self::Local(local) => Some(local.held_now()),
            Self::Redis(_) => None,
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
