//! The outside: configuration, database, objects, job transport, timelines, events, clock, telemetry, metrics.
//!
//! Knows how to reach things and nothing of what they mean: no rules, no entities, no pictures. Where there is an
//! embedded and a shared form, an enum holds both and the configuration's URL scheme alone chooses.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

pub mod cache;
pub mod clock;
pub mod config;
pub mod database;
pub mod events;
pub mod gather;
pub mod memory;
pub mod metrics;
pub mod objects;
pub mod rates;
pub mod redis;
pub mod shutdown;
pub mod snapshots;
pub mod space;
pub mod telemetry;
pub mod timelines;
mod tls;
pub mod transport;

pub use cache::{Cache, CacheKey};
pub use clock::Clock;
pub use config::{Config, ConfigError, Role};
pub use database::{Database, Engine, Transaction};
pub use events::{Event, Events, Subscription};
pub use objects::{Objects, ObjectsError, PutError};
pub use rates::Rates;
pub use snapshots::Snapshots;
pub use timelines::{BuildToken, Timelines, Window};
pub use transport::Transport;

use config::RedisAddress;
use database::DatabaseError;
use redis::Redis;

/// How long a database that is still starting is waited for.
const DATABASE_WAIT: Duration = Duration::from_secs(60);

/// How far a process's clock may be from the database's, and so twice as far from another's. Half of the shortest lease.
pub const CLOCK_TOLERANCE: Duration = Duration::from_millis(2500);

/// Pause between two attempts to reach it.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);

/// Everything outside of the process, connected. Clones share it.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The settings in force.
    pub config: Arc<Config>,
    /// Rows.
    pub database: Database,
    /// Media bytes.
    pub objects: Objects,
    /// Job hints.
    pub transport: Transport,
    /// Newest posts of each feed.
    pub timelines: Timelines,
    /// Orders of ranked feeds.
    pub snapshots: Snapshots,
    /// Nudges for live subscriptions.
    pub events: Events,
    /// Copies of rows that processes share.
    pub cache: Cache,
    /// Limits of how much somebody may ask for.
    pub rates: Rates,
    /// Time and identifiers.
    pub clock: Clock,
}

impl Platform {
    /// Connects to everything that the configuration names. Does not migrate. The database must be there; Redis may be
    /// away and the object store is not asked yet.
    ///
    /// # Errors
    /// When the database cannot be opened or a setting cannot work.
    pub fn connect(config: Config, clock: Clock) -> BoxFuture<'static, Result<Self, DatabaseError>> {
        // In a box, so that it is compiled here and not in each program.
        Self::open(config, clock).boxed()
    }

    async fn open(config: Config, clock: Clock) -> Result<Self, DatabaseError> {
        let database = Database::connect(&config).await?;
        let objects = Objects::connect(&config)?;
        let redis = match config.redis_address()? {
            RedisAddress::Memory => None,
            RedisAddress::Server(url) => Some(Redis::connect(&config, &url).await?),
        };
        let transport = Transport::new(&config, redis.as_ref())?;
        let timelines = Timelines::new(&config, redis.as_ref())?;
        let snapshots = Snapshots::new(&config, redis.as_ref());
        let events = Events::new(&config, redis.as_ref()).await?;
        let cache = Cache::new(redis.as_ref());
        let rates = Rates::new(&config, redis.as_ref());
        let config = Arc::new(config);
        Ok(Self { config, database, objects, transport, timelines, snapshots, events, cache, rates, clock })
    }

    /// [`Platform::connect`] for a process beside others, which are often started together with the database: waits up to
    /// a minute for it, and refuses one whose schema is behind, on which every query would fail. Refuses a wrong clock, too.
    ///
    /// # Errors
    /// As [`Platform::connect`]; [`DatabaseError::Outdated`] when migrations are pending; [`DatabaseError::Clock`].
    pub async fn join(config: Config, clock: Clock) -> Result<Self, DatabaseError> {
        let until = Instant::now() + DATABASE_WAIT;
        let platform = loop {
            match Self::connect(config.clone(), clock.clone()).await {
                Ok(platform) => break platform,
                Err(error @ DatabaseError::Connect { .. }) if Instant::now() + DATABASE_PAUSE < until => {
                    let left = until.duration_since(Instant::now()).as_secs();
                    tracing::warn!("{error}; trying again for {left} s");
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        };
        let pending = platform.database.pending_migrations().await.map_err(DatabaseError::Silent)?;
        if !pending.is_empty() {
            return Err(DatabaseError::Outdated { pending: pending.join(", ") });
        }
        let later = platform.database.later_migrations().await.map_err(DatabaseError::Silent)?;
        if !later.is_empty() {
            tracing::warn!(later = later.join(", "), "the database was migrated by a later release: replace this one");
        }
        let apart = platform.database.clock_apart(&platform.clock).await.map_err(DatabaseError::Silent)?;
        if apart > CLOCK_TOLERANCE {
            return Err(DatabaseError::Clock { seconds: apart.as_secs() });
        }
        Ok(platform)
    }
}
