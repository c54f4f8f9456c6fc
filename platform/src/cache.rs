//! Copies of rows that processes share, so that one of them reads what another has read. Whoever keeps a copy here can do
//! without it: it may vanish at any moment, and it is the reader's to know whether it is still good.
//!
//! Without Redis nothing is kept here: a process that is alone has its own memory.

use bytes::Bytes;
use fred::prelude::KeysInterface;
use fred::types::{Expiration, SetOptions};
use uuid::Uuid;

use crate::redis::{Redis, RedisError};

/// The name of a copy: what kind of thing, in what form, and which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Kind and version of the form: readers of another form look elsewhere.
    pub kind: &'static str,
    /// Which of its kind.
    pub id: Uuid,
}

/// The shared copies. Clones share them.
#[derive(Debug, Clone)]
pub struct Cache {
    redis: Option<Redis>,
}

impl Cache {
    /// On the server that `redis` is connected to, if there is one.
    #[must_use]
    pub fn new(redis: Option<&Redis>) -> Self {
        Self { redis: redis.cloned() }
    }

    /// Whether there is anything to look at or to write to.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.redis.is_some()
    }

    /// Forgets everything that this installation has in Redis, whoever keeps it there: when the rows behind it are others.
    ///
    /// # Errors
    /// When Redis is away or failed.
    pub async fn forget_everything(&self) -> Result<(), RedisError> {
        match &self.redis {
            Some(redis) => redis.forget().await,
            None => Ok(()),
        }
    }

    /// The copies under these keys, in their order, in one round trip. `None` for what is not there.
    ///
    /// Each is a command of its own: on a cluster the keys lie on several servers.
    ///
    /// # Errors
    /// When Redis is away, or failed for one of them: read the database.
    pub async fn get(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>, RedisError> {
        let Some(redis) = self.redis.as_ref().filter(|_| !keys.is_empty()) else {
            return Ok(vec![None; keys.len()]);
        };
        let keys: &Vec<String> = &keys.iter().map(|key| name(redis, *key)).collect();
        redis
            .call(|client| async move {
                let pipeline = client.pipeline();
                for key in keys {
                    pipeline.get::<(), _>(key.as_str()).await?;
                }
                pipeline.try_all::<Option<Bytes>>().await.into_iter().collect()
            })
            .await
    }

    /// Whether nobody has claimed this key within the last `seconds`, in any process: it is claimed by asking. Without Redis
    /// always, since a process that is alone knows what it has claimed.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn claim(&self, key: CacheKey, seconds: i64) -> Result<bool, RedisError> {
        let Some(redis) = self.redis.as_ref() else { return Ok(true) };
        let key = &name(redis, key);
        let set = |client: fred::prelude::Client| async move {
            let expiry = Some(Expiration::EX(seconds));
            client.set::<Option<String>, _, _>(key.as_str(), "", expiry, Some(SetOptions::NX), false).await
        };
        Ok(redis.call(set).await?.is_some())
    }

    /// Keeps copies for `seconds` each, in one round trip, over what was there.
    ///
    /// # Errors
    /// When Redis is away: some may be kept and some not.
    pub async fn put(&self, copies: Vec<(CacheKey, Bytes, i64)>) -> Result<(), RedisError> {
        let Some(redis) = self.redis.as_ref().filter(|_| !copies.is_empty()) else { return Ok(()) };
        let copies: &Vec<_> =
            &copies.into_iter().map(|(key, copy, seconds)| (name(redis, key), copy, seconds)).collect();
        redis
            .call(|client| async move {
                let pipeline = client.pipeline();
                for (key, copy, seconds) in copies {
                    let expiry = Some(Expiration::EX(*seconds));
                    pipeline.set::<(), _, _>(key.as_str(), copy.clone(), expiry, None, false).await?;
                }
                let written: Result<Vec<()>, _> = pipeline.try_all::<()>().await.into_iter().collect();
                written.map(|_| ())
            })
            .await
    }
}

fn name(redis: &Redis, key: CacheKey) -> String {
    redis.key(key.kind, &key.id.simple().to_string())
}
