//! How much somebody has asked for lately, and whether they may ask for more.
//!
//! Each limit is a bucket of `quota` points that fills evenly within `window`, counted by GCRA, the generic cell rate algorithm
//! (ITU-T I.371, 2004, annex A): all that is kept of a bucket is the moment at which it will be full again. With Redis, processes
//! share their buckets; while it is away each counts for itself, so a limit is looser then by the number of processes, and never gone.

mod local;
mod redis;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use local::LocalRates;
pub use redis::RedisRates;

use crate::config::Config;
use crate::redis::Redis;

/// A limit: so many points for each subject, which come back within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Its name, in headers and keys: letters and hyphens.
    pub name: &'static str,
    /// Points of a full bucket; 0 for no limit.
    pub quota: u64,
    /// In which an empty bucket fills, whole seconds, at most [`LONGEST`].
    pub window: Duration,
}

/// No policy has a longer window: buckets that nobody touched for so long are full and forgotten.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// Points that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Of which bucket.
    pub policy: Policy,
    /// Whose bucket: an id, an address, or a hash.
    pub subject: u128,
    /// How many; more than the quota counts as the quota.
    pub points: u64,
}

/// What came of an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the points were there, and are taken.
    pub allowed: bool,
    /// Points that are left.
    pub remaining: u64,
    /// When the bucket is full again, rounded up to seconds.
    pub reset_after: Duration,
    /// When what was refused would be allowed, rounded up to seconds; zero if it was allowed.
    pub retry_after: Duration,
}

/// The buckets of all subjects. Clones share them.
#[derive(Debug, Clone)]
pub enum Rates {
    /// Inside this process, a bounded number.
    Local(LocalRates),
    /// Shared between processes.
    Redis(RedisRates),
}

impl Rates {
    /// In this process, or on the server that `redis` is connected to.
    #[must_use]
    pub fn new(config: &Config, redis: Option<&Redis>) -> Self {
        let local = LocalRates::new(config.rates.memory_keys);
        match redis {
            None => Self::Local(local),
            Some(redis) => Self::Redis(RedisRates::new(redis.clone(), local, config.rates.memory_keys)),
        }
    }

    /// Takes points from each of these buckets that has them, whatever the others say, in one round trip. A policy without a quota
    /// allows everything.
    pub async fn take(&self, now: DateTime<Utc>, asks: &[Ask]) -> Vec<Verdict> {
        match self {
            Self::Local(local) => asks.iter().map(|ask| local.take(now.timestamp_micros(), ask)).collect(),
            Self::Redis(shared) => shared.take(now.timestamp_micros(), asks).await,
        }
    }

    /// Gives points back that were taken for something that turned out to be free.
    pub async fn give_back(&self, now: DateTime<Utc>, ask: &Ask) {
        match self {
            Self::Local(local) => local.give_back(now.timestamp_micros(), ask),
            Self::Redis(shared) => shared.give_back(now.timestamp_micros(), ask).await,
        }
    }

    /// Takes points for something frequent. With Redis a process borrows a tenth of the quota at a time, and asks nobody until that is
    /// spent: what it has borrowed and does not need comes back as the bucket fills.
    pub async fn spend(&self, now: DateTime<Utc>, ask: &Ask) -> Verdict {
        match self {
            Self::Local(local) => local.take(now.timestamp_micros(), ask),
            Self::Redis(shared) => shared.spend(now.timestamp_micros(), ask).await,
        }
    }
}

impl Policy {
    /// Microseconds in which the whole bucket fills.
    fn micros(&self) -> i64 {
        self.window.min(LONGEST).as_micros() as i64
    }

    /// Microseconds in which so many points come back.
    fn increment(&self, points: u64) -> i64 {
        let points = u128::from(points.min(self.quota));
        let whole = self.micros().unsigned_abs();
        i64::try_from(points * u128::from(whole) / u128::from(self.quota.max(1))).unwrap_or(i64::MAX)
    }

    /// What to say of a bucket that is full again at `full_at`, after so many points were asked for.
    fn verdict(&self, allowed: bool, full_at: i64, now: i64, points: u64) -> Verdict {
        let missing = (full_at - now).clamp(0, self.micros());
        let left = (self.micros() - missing).unsigned_abs();
        let remaining = u128::from(left) * u128::from(self.quota) / u128::from(self.micros().unsigned_abs().max(1));
        let wait = if allowed { 0 } else { missing + self.increment(points) - self.micros() };
        Verdict {
            allowed,
            remaining: u64::try_from(remaining).unwrap_or(u64::MAX),
            reset_after: seconds(missing),
            retry_after: if allowed { Duration::ZERO } else { seconds(wait.max(1)) },
        }
    }

    /// The verdict of somebody who has so many points besides.
    fn with(&self, verdict: Verdict, points: u64) -> Verdict {
        let remaining = verdict.remaining.saturating_add(points).min(self.quota);
        Verdict { remaining, reset_after: seconds(self.increment(self.quota - remaining)), ..verdict }
    }

    /// What is said where nothing is limited.
    #[must_use]
    pub fn unlimited(&self) -> Verdict {
        Verdict { allowed: true, remaining: self.quota, reset_after: Duration::ZERO, retry_after: Duration::ZERO }
    }
}

/// Rounded up: whoever comes back then is not too early.
fn seconds(micros: i64) -> Duration {
    Duration::from_secs(micros.max(0).unsigned_abs().div_ceil(1_000_000))
}

/// The moment at which a bucket is full again once `increment` is taken from it, or none if it has not so much. All in
/// microseconds; `full_at` is the moment before.
fn drawn(full_at: i64, now: i64, increment: i64, window: i64) -> Option<i64> {
    // A clock that stepped back owes nobody more than a bucket.
    let full_at = full_at.clamp(now, now + window) + increment;
    (full_at - now <= window).then_some(full_at)
}

#[cfg(test)]
mod tests;
