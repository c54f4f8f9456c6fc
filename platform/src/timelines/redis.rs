//! Timelines in Redis: one list an account, see `packed`.
//!
//! A push is the command `LPUSHX`: it adds to lists that exist and to no other. It answers the list's new length; the few that
//! have become too long by then are packed anew in a second pass. Five hundred of them are one script, which costs Redis little more than
//! the commands would and the client next to nothing, or on a cluster a pipeline. Everything else that changes
//! a list replaces its last elements, and only if its header is still the one that was read: pushes go to the other end and
//! are not in the way. Each step but that script is on one key, so it is at home on a cluster.
//!
//! The window travels with the timeline, so that processes with different settings do not trim one another's short: to a
//! reader of another window it is absent.

mod cached;
mod heirs;
mod script;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fred::prelude::{KeysInterface, ListInterface, Value};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use self::cached::Cached;
use self::heirs::Heirs;
use self::script::{BEGIN, PUSH, SPLICE};
use super::contents::Contents;
use super::packed::{self, Header, Packed};
use super::{BuildToken, Revision, Window};
use crate::config::Config;
use crate::gather::Gather;
use crate::redis::{Redis, RedisError};

/// What their keys begin with.
const KIND: &str = "tl";

/// Timelines in one round trip.
const BATCH: usize = 500;

/// Round trips of one push that are on their way at once.
const IN_FLIGHT: usize = 2;

/// Lists that are packed in one round trip: each travels there and back, at most some 20 KiB.
const PACKED_AT_ONCE: usize = 50;

/// Timelines that are read in one round trip: each at most some 20 KiB.
const READ_AT_ONCE: usize = 32;

/// A timeline lives for days after it was read last. A process that reads it again and again says so once in this time.
const PROLONGED_FOR: Duration = Duration::from_secs(3600);

/// Timelines of which a process knows that it has said so, some 50 bytes each.
const PROLONGED: usize = 10_000;

/// So many arrivals are left alone however short the window is.
const ARRIVALS: usize = 32;

/// A build that takes longer than this was given up, seconds.
const BUILDING_TTL: i64 = 3600;

/// Lists on the shared connection.
#[derive(Debug, Clone)]
pub struct RedisTimelines {
    redis: Redis,
    window: usize,
    /// Longest list that is left alone, elements: the window packed, and an eighth of it that has arrived since, so that most
    /// pushes pack nothing.
    longest: i64,
    ttl: i64,
    cached: Cached,
    /// Those who wait for their timelines.
    reads: Gather<Uuid, Result<Vec<Bytes>, RedisError>>,
    /// Whose timelines this process has given a new life lately.
    prolonged: Arc<quick_cache::sync::Cache<Uuid, Instant>>,
    _heirs: Arc<Heirs>,
}

impl RedisTimelines {
    pub(super) fn round_trips(&self) -> u64 {
        self.redis.calls()
    }

    pub(super) fn new(config: &Config, redis: Redis) -> Self {
        let window = config.feed.window;
        let heirs = Arc::new(Heirs::watch(&redis));
        Self {
            redis,
            window,
            longest: (packed::length(window) + (window / 8).max(ARRIVALS)) as i64,
            ttl: i64::from(config.feed.timeline_ttl_days) * 24 * 3600,
            cached: Cached::new(config.feed.author_timelines),
            reads: Gather::default(),
            prolonged: Arc::new(quick_cache::sync::Cache::new(PROLONGED)),
            _heirs: heirs,
        }
    }

    fn key(&self, account: Uuid) -> String {
        self.redis.key(KIND, &account.simple().to_string())
    }

    pub(super) async fn push(&self, accounts: &[Uuid], post: Uuid) -> Result<(), RedisError> {
        self.push_entry(accounts, packed::post(post)).await
    }

    pub(super) async fn mark(&self, accounts: &[Uuid], author: Uuid) -> Result<(), RedisError> {
        self.push_entry(accounts, packed::mark(author)).await
    }

    async fn push_entry(&self, accounts: &[Uuid], entry: Bytes) -> Result<(), RedisError> {
        let keys = |batch: &[Uuid]| batch.iter().map(|account| self.key(*account)).collect();
        let batches: Vec<Vec<String>> = accounts.chunks(BATCH).map(keys).collect();
        let pushes: Vec<_> = batches.into_iter().map(|keys| self.push_batch(keys, entry.clone())).collect();
        // Redis works at one while the answers to another are read.
        stream::iter(pushes).buffer_unordered(IN_FLIGHT).try_collect().await
    }

    async fn push_batch(&self, keys: Vec<String>, entry: Bytes) -> Result<(), RedisError> {
        let long = if self.redis.is_clustered() {
            self.push_each(keys, entry).await
        } else {
            self.push_all(keys, entry).await
        }?;
        if long.is_empty() { Ok(()) } else { self.pack(&long).await }
    }

    /// One script for all of them; gives those that have become too long.
    async fn push_all(&self, keys: Vec<String>, entry: Bytes) -> Result<Vec<String>, RedisError> {
        let answer = self.redis.run_once(&PUSH, &keys, &[entry.into(), self.longest.into()]).await?;
        let long: Vec<usize> = answer.convert()?;
        Ok(long.into_iter().filter_map(|at| keys.get(at.checked_sub(1)?).cloned()).collect())
    }

    /// A command for each, wherever in a cluster it is at home; gives those that have become too long.
    async fn push_each(&self, keys: Vec<String>, entry: Bytes) -> Result<Vec<String>, RedisError> {
        let (of, entry) = (&keys, &entry);
        let push = |client: fred::prelude::Client| async move {
            let pipeline = client.pipeline();
            for key in of {
                pipeline.lpushx::<(), _, _>(key.as_str(), entry.clone()).await?;
            }
            pipeline.all().await
        };
        let lengths: Vec<i64> = self.redis.call(push).await?;
        let long = keys.into_iter().zip(lengths).filter(|(_, length)| *length > self.longest);
        Ok(long.map(|(key, _)| key).collect())
    }

    /// Packs lists anew, and drops what is beyond the window. A list that changes meanwhile is left to the next push.
    async fn pack(&self, keys: &[String]) -> Result<(), RedisError> {
        for keys in keys.chunks(PACKED_AT_ONCE) {
            let read = |client: fred::prelude::Client| async move {
                let pipeline = client.pipeline();
                for key in keys {
                    pipeline.lrange::<(), _>(key.as_str(), 0, -1).await?;
                }
                pipeline.all().await
            };
            let lists: Vec<Vec<Bytes>> = self.redis.call(read).await?;
            let mut calls = Vec::new();
            for (key, list) in keys.iter().zip(lists) {
                let Some(read) = Packed::read(&list) else { continue };
                // A timeline that is being built must find its header again, and another window is packed by those who have it.
                if read.header.complete && read.header.window == self.window {
                    calls.push((key.clone(), splice(&list, 0, read.anew())));
                }
            }
            self.redis.run(&SPLICE, &calls).await?;
        }
        Ok(())
    }

    pub(super) async fn read(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        let this = self.clone();
        let elements = self.reads.ask(account, READ_AT_ONCE, move |accounts| {
            let this = this.clone();
            async move { this.read_each(accounts).await }
        });
        let elements = elements.await.unwrap_or(Err(RedisError::Down))?;
        Ok(self.complete(&elements, epoch).map(|read| read.contents().to_window()))
    }

    /// The elements of each of these timelines, and a new life to those that have not got one for a while.
    async fn read_each(&self, accounts: Vec<Uuid>) -> Vec<Result<Vec<Bytes>, RedisError>> {
        let now = Instant::now();
        let is_old = |account: &Uuid| self.prolonged.get(account).is_none_or(|at| now - at >= PROLONGED_FOR);
        let keys: &Vec<(String, bool)> =
            &accounts.iter().map(|account| (self.key(*account), is_old(account))).collect();
        let ttl = self.ttl;
        let read = |client: fred::prelude::Client| async move {
            let pipeline = client.pipeline();
            for (key, _) in keys {
                pipeline.lrange::<(), _>(key.as_str(), 0, -1).await?;
            }
            for (key, _) in keys.iter().filter(|(_, is_old)| *is_old) {
                pipeline.expire::<(), _>(key.as_str(), ttl, None).await?;
            }
            let answers: Vec<Value> = pipeline.all().await?;
            answers.into_iter().take(keys.len()).map(Value::convert).collect::<Result<Vec<Vec<Bytes>>, _>>()
        };
        match self.redis.call(read).await {
            Ok(read) => {
                let old = accounts.iter().zip(keys).filter(|(_, (_, is_old))| *is_old);
                old.for_each(|(account, _)| self.prolonged.insert(*account, now));
                read.into_iter().map(Ok).collect()
            }
            // One of several servers may be away, and the others are not to suffer for it.
            Err(RedisError::Failed(_)) if accounts.len() > 1 => {
                let alone = accounts.into_iter().map(async |account| self.elements(&self.key(account)).await);
                futures::future::join_all(alone).await
            }
            Err(error) => accounts.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    pub(super) async fn peek(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        let elements = self.elements(&self.key(account)).await?;
        Ok(self.complete(&elements, epoch).map(|read| read.contents().to_window()))
    }

    async fn elements(&self, key: &str) -> Result<Vec<Bytes>, RedisError> {
        self.redis.call(|client| async move { client.lrange(key, 0, -1).await }).await
    }

    pub(super) async fn stands(&self, account: Uuid, epoch: i64) -> Result<bool, RedisError> {
        let key = &self.key(account);
        let header: Option<Bytes> =
            self.redis.call(|client| async move { client.lindex(key.as_str(), -1).await }).await?;
        Ok(self.complete(header.as_slice(), epoch).is_some())
    }

    /// What these elements are, if they are of a timeline that is complete for the epoch and of this window.
    fn complete(&self, elements: &[Bytes], epoch: i64) -> Option<Packed> {
        let fits = |header: &Header| header.complete && header.epoch == epoch && header.window == self.window;
        Packed::read(elements).filter(|read| fits(&read.header))
    }

    pub(super) async fn begin(&self, account: Uuid, epoch: i64) -> Result<BuildToken, RedisError> {
        let token = BuildToken::new(epoch);
        let args = vec![self.header(&token).write().into(), BUILDING_TTL.into()];
        let calls = [(self.key(account), args)];
        self.redis.run(&BEGIN, &calls).await?;
        Ok(token)
    }

    pub(super) async fn finish(
        &self,
        account: Uuid,
        token: &BuildToken,
        ids: &[Uuid],
        pulled: &[Uuid],
    ) -> Result<bool, RedisError> {
        let building = self.header(token);
        let mut contents = Contents::new(Vec::new(), None, pulled.to_vec(), self.window);
        contents.add(ids, self.window);
        let header = Header { complete: true, ..building.next(token.epoch, &contents) };
        let args = splice(&[building.write()], self.ttl, packed::elements(&contents, &header));
        self.splice_one(account, args).await
    }

    pub(super) async fn revise(&self, account: Uuid, revision: &Revision) -> Result<bool, RedisError> {
        let elements = self.elements(&self.key(account)).await?;
        let Some(read) = self.complete(&elements, revision.from) else { return Ok(false) };
        let before = read.header.clone();
        let mut contents = read.contents();
        contents.revise(revision, self.window);
        let header = before.next(revision.to, &contents);
        self.splice_one(account, splice(&elements, self.ttl, packed::elements(&contents, &header))).await
    }

    async fn splice_one(&self, account: Uuid, args: Vec<Value>) -> Result<bool, RedisError> {
        let calls = [(self.key(account), args)];
        let done = self.redis.run(&SPLICE, &calls).await?;
        Ok(done.first().and_then(Value::as_i64) == Some(1))
    }

    pub(super) async fn forget(&self, account: Uuid) -> Result<(), RedisError> {
        let key = &self.key(account);
        self.redis.call(|client| async move { client.del::<(), _>(key.as_str()).await }).await
    }

    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        self.redis.ping().await
    }

    /// Of a timeline that begins to be built.
    fn header(&self, token: &BuildToken) -> Header {
        Header {
            complete: false,
            revision: 0,
            epoch: token.epoch,
            window: self.window,
            token: token.token,
            floor: None,
            pulled: Vec::new(),
        }
    }
}

/// What to tell [`SPLICE`]: these last elements, of which the header is one, give way to those.
fn splice(old: &[Bytes], ttl: i64, new: impl IntoIterator<Item = Bytes>) -> Vec<Value> {
    let header = old.last().cloned().unwrap_or_default();
    let mut args: Vec<Value> = vec![header.into(), (old.len() as i64).into(), ttl.into()];
    args.extend(new.into_iter().map(Value::Bytes));
    args
}
