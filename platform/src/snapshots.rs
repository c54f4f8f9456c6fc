//! Snapshots: the order of one person's ranked feed, as it was when they began to read. A copy that may vanish at any moment:
//! whoever reads on in one that has gone begins anew.
//!
//! A snapshot has an id of its own and never changes. Which one is shown to a person who begins to read is said by the latest
//! one of a `state`, a number that its maker derives from all that it was made of: what is of another state is not found.

use std::time::Duration;

use bytes::Bytes;
use fred::prelude::KeysInterface;
use fred::types::Expiration;
use moka::sync::Cache;
use uuid::Uuid;

use crate::config::Config;
use crate::redis::{Redis, RedisError};

/// Which snapshot is the latest of a state: so many are remembered in a process, at some 150 bytes each.
const LATEST: u64 = 100_000;

/// What one entry of the memory takes besides its bytes.
const ENTRY: usize = 150;

/// The snapshots of all accounts. Clones share them.
#[derive(Debug, Clone)]
pub enum Snapshots {
    /// Inside this process, bounded by bytes.
    Local(LocalSnapshots),
    /// Shared between processes.
    Redis(RedisSnapshots),
}

/// Snapshots of one process.
#[derive(Debug, Clone)]
pub struct LocalSnapshots {
    latest: Cache<(Uuid, u64), Uuid>,
    kept: Cache<(Uuid, Uuid), Bytes>,
}

/// Snapshots in Redis, and in this process those that it has made or read: whoever begins to read again has theirs without
/// a way there.
#[derive(Debug, Clone)]
pub struct RedisSnapshots {
    redis: Redis,
    /// Seconds.
    ttl: i64,
    at_hand: LocalSnapshots,
}

impl Snapshots {
    /// In this process, or on the server that `redis` is connected to.
    #[must_use]
    pub fn new(config: &Config, redis: Option<&Redis>) -> Self {
        let ttl = 2 * u64::from(config.ranking.snapshot_seconds);
        let local = LocalSnapshots::new(config.ranking.snapshot_memory_max_bytes, Duration::from_secs(ttl));
        match redis {
            None => Self::Local(local),
            Some(redis) => Self::Redis(RedisSnapshots { redis: redis.clone(), ttl: ttl.cast_signed(), at_hand: local }),
        }
    }

    /// The latest snapshot of this account in this state, with its id; none if it is not `good` any more. What is at hand and good
    /// is not looked for elsewhere: another process may have a later one by then, if it was asked for one that is younger.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn latest(
        &self,
        account: Uuid,
        state: u64,
        good: impl Fn(&Bytes) -> bool,
    ) -> Result<Option<(Uuid, Bytes)>, RedisError> {
        let good = |(_, bytes): &(Uuid, Bytes)| good(bytes);
        match self {
            Self::Local(local) => Ok(local.latest(account, state).filter(good)),
            Self::Redis(shared) => {
                if let Some(at_hand) = shared.at_hand.latest(account, state).filter(good) {
                    return Ok(Some(at_hand));
                }
                let Some((id, bytes)) = shared.latest(account, state).await?.filter(good) else { return Ok(None) };
                shared.at_hand.put(account, state, id, bytes.clone());
                Ok(Some((id, bytes)))
            }
        }
    }

    /// This account's snapshot of that id; none if it has gone, was never there or is somebody else's.
    ///
    /// # Errors
    /// When Redis is away.
    pub async fn get(&self, account: Uuid, id: Uuid) -> Result<Option<Bytes>, RedisError> {
        match self {
            Self::Local(local) => Ok(local.get(account, id)),
            Self::Redis(shared) => match shared.at_hand.get(account, id) {
                Some(bytes) => Ok(Some(bytes)),
                None => {
                    let bytes = shared.get(account, id).await?;
                    bytes.iter().for_each(|bytes| shared.at_hand.kept.insert((account, id), bytes.clone()));
                    Ok(bytes)
                }
            },
        }
    }

    /// Keeps a snapshot, the latest of its state from now on. Those before stay for who reads in them.
    ///
    /// # Errors
    /// When Redis is away: it may be kept or not.
    pub async fn put(&self, account: Uuid, state: u64, id: Uuid, snapshot: Bytes) -> Result<(), RedisError> {
        match self {
            Self::Local(local) => local.put(account, state, id, snapshot),
            Self::Redis(shared) => {
                shared.put(account, state, id, &snapshot).await?;
                shared.at_hand.put(account, state, id, snapshot);
            }
        }
        Ok(())
    }
}

impl LocalSnapshots {
    fn new(most_bytes: u64, ttl: Duration) -> Self {
        let weight = |_: &(Uuid, Uuid), bytes: &Bytes| u32::try_from(bytes.len() + ENTRY).unwrap_or(u32::MAX);
        let kept = Cache::builder().weigher(weight).max_capacity(most_bytes).time_to_live(ttl).build();
        Self { latest: Cache::builder().max_capacity(LATEST).time_to_live(ttl).build(), kept }
    }

    fn latest(&self, account: Uuid, state: u64) -> Option<(Uuid, Bytes)> {
        let id = self.latest.get(&(account, state))?;
        Some((id, self.get(account, id)?))
    }

    fn get(&self, account: Uuid, id: Uuid) -> Option<Bytes> {
        self.kept.get(&(account, id))
    }

    fn put(&self, account: Uuid, state: u64, id: Uuid, snapshot: Bytes) {
        self.kept.insert((account, id), snapshot);
        self.latest.insert((account, state), id);
    }
}

impl RedisSnapshots {
    async fn latest(&self, account: Uuid, state: u64) -> Result<Option<(Uuid, Bytes)>, RedisError> {
        let key = &self.latest_key(account, state);
        let id: Option<Bytes> = self.redis.call(|client| async move { client.get(key.as_str()).await }).await?;
        let Some(id) = id.and_then(|id| Uuid::from_slice(&id).ok()) else { return Ok(None) };
        Ok(self.get(account, id).await?.map(|bytes| (id, bytes)))
    }

    async fn get(&self, account: Uuid, id: Uuid) -> Result<Option<Bytes>, RedisError> {
        let key = &self.key(account, id);
        self.redis.call(|client| async move { client.get(key.as_str()).await }).await
    }

    async fn put(&self, account: Uuid, state: u64, id: Uuid, snapshot: &Bytes) -> Result<(), RedisError> {
        let (key, latest) = (&self.key(account, id), &self.latest_key(account, state));
        let id = &Bytes::copy_from_slice(id.as_bytes());
        // The snapshot first: who finds the id finds it. Both have one tag, so in a cluster they are in one place.
        let put = |client: fred::prelude::Client| async move {
            let (pipeline, lives) = (client.pipeline(), Some(Expiration::EX(self.ttl)));
            pipeline.set::<(), _, _>(key.as_str(), snapshot.clone(), lives.clone(), None, false).await?;
            pipeline.set::<(), _, _>(latest.as_str(), id.clone(), lives, None, false).await?;
            pipeline.all::<()>().await
        };
        self.redis.call(put).await
    }

    fn key(&self, account: Uuid, id: Uuid) -> String {
        self.redis.key(&format!("ranked:{}", id.simple()), &account.simple().to_string())
    }

    fn latest_key(&self, account: Uuid, state: u64) -> String {
        self.redis.key(&format!("ranked-latest:{state:016x}"), &account.simple().to_string())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]
mod tests {
    use super::*;
    use crate::config::Role;
    use crate::redis::tests::server;

    async fn forms() -> Vec<Snapshots> {
        let folder = std::env::temp_dir().join(format!("snapshots-{}", Uuid::new_v4().simple()));
        let settings = [
            ("DARKROOM_DATA_DIR".to_owned(), folder.display().to_string()),
            ("DARKROOM_SECRET".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()),
            ("DARKROOM_RANKING_SNAPSHOT_MEMORY_MAX_BYTES".to_owned(), "1048576".to_owned()),
        ];
        let config = Config::load_from(Role::Single, None, settings).unwrap();
        let mut forms = vec![Snapshots::new(&config, None)];
        if let Some((config, redis)) = server(&[]).await {
            forms.push(Snapshots::new(&config, Some(&redis)));
        }
        forms
    }

    #[tokio::test]
    async fn the_latest_of_a_state_is_found_and_those_before_stay() {
        let [one, other, first, second] = [1, 2, 3, 4].map(Uuid::from_u128);
        let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
        for snapshots in forms().await {
            let any = |_: &Bytes| true;
            assert_eq!(snapshots.latest(one, 7, any).await.unwrap(), None);
            snapshots.put(one, 7, first, a.clone()).await.unwrap();
            snapshots.put(one, 7, second, b.clone()).await.unwrap();
            assert_eq!(snapshots.latest(one, 7, any).await.unwrap(), Some((second, b.clone())));
            assert_eq!(snapshots.latest(one, 8, any).await.unwrap(), None, "another state");
            assert_eq!(snapshots.latest(one, 7, |bytes| *bytes == a).await.unwrap(), None, "the latest is not good");
            assert_eq!(snapshots.get(one, first).await.unwrap(), Some(a.clone()));
            assert_eq!(snapshots.get(other, first).await.unwrap(), None, "somebody else's");
        }
    }

    /// The same on Redis, in two processes.
    async fn two() -> Option<[Snapshots; 2]> {
        let (config, redis) = server(&[]).await?;
        Some([(); 2].map(|()| Snapshots::new(&config, Some(&redis))))
    }

    #[tokio::test]
    async fn what_is_at_hand_is_read_without_redis_and_what_is_not_good_there_is_looked_for() {
        let Some([here, there]) = two().await else { return };
        let Snapshots::Redis(RedisSnapshots { redis, .. }) = &here else { panic!("the form on Redis") };
        let [one, first, second] = [1, 3, 4].map(Uuid::from_u128);
        let (a, b) = (Bytes::from_static(b"a"), Bytes::from_static(b"b"));
        let any = |_: &Bytes| true;
        here.put(one, 7, first, a.clone()).await.unwrap();
        assert_eq!(there.latest(one, 7, any).await.unwrap(), Some((first, a.clone())), "read");
        let before = redis.calls();
        for snapshots in [&here, &there] {
            assert_eq!(snapshots.latest(one, 7, any).await.unwrap(), Some((first, a.clone())));
            assert_eq!(snapshots.get(one, first).await.unwrap(), Some(a.clone()));
        }
        assert_eq!(redis.calls(), before, "both have it at hand");

        there.put(one, 7, second, b.clone()).await.unwrap();
        assert_eq!(here.latest(one, 7, |bytes| *bytes != a).await.unwrap(), Some((second, b.clone())));
        assert_eq!(here.latest(one, 7, any).await.unwrap(), Some((second, b)), "the later one from now on");
        assert_eq!(here.get(one, first).await.unwrap(), Some(a), "whoever reads in it goes on");
    }

    #[tokio::test]
    async fn the_memory_of_a_process_is_bounded() {
        let Some(Snapshots::Local(local)) = forms().await.into_iter().next() else { panic!("the local form") };
        let snapshots = Snapshots::Local(local.clone());
        for number in 0..500 {
            let (account, id) = (Uuid::from_u128(number), Uuid::from_u128(number + 1000));
            snapshots.put(account, 0, id, Bytes::from(vec![0; 20_000])).await.unwrap();
        }
        local.kept.run_pending_tasks();
        assert!(local.kept.weighted_size() <= 1 << 20, "{} bytes", local.kept.weighted_size());
    }
}
