//! Timelines in Redis: one sorted set an account, of 16-byte ids that all have score 0, so that their order is that of
//! their bytes and with UUIDv7 that of time; and one state member whose score, the window, puts it behind them.
//!
//! Each step is one script on one key: atomic, and at home on a cluster. The window travels with the timeline, so that
//! processes with different settings do not trim one another's short: to a reader of another window it is absent.

use std::sync::LazyLock;

use bytes::{BufMut, Bytes, BytesMut};
use fred::bytes_utils::Str;
use fred::error::Error;
use fred::prelude::{Client, ClientLike, KeysInterface, SortedSetsInterface, Value};
use fred::types::scripts::Script;
use fred::types::{ClusterHash, CustomCommand};
use uuid::Uuid;

use super::{BuildToken, Window};
use crate::config::Config;
use crate::redis::{Redis, RedisError};

/// Timelines in one round trip.
const BATCH: usize = 500;

/// A build that takes longer than this was given up, seconds.
const BUILDING_TTL: i64 = 3600;

/// ARGV: id.
static PUSH: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "local state = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if not state[1] then return 0 end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(state[2]) + 2))
return 1",
    )
});

/// ARGV: window, state, seconds.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1",
    )
});

/// ARGV: window, state expected, state wanted, seconds, ids …
static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::from_lua(
        "if not redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[3])
for i = 5, #ARGV do redis.call('ZADD', KEYS[1], 0, ARGV[i]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[1]) + 2))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1",
    )
});

/// Sorted sets on the shared connection.
#[derive(Debug, Clone)]
pub struct RedisTimelines {
    redis: Redis,
    window: usize,
    ttl: i64,
}

impl RedisTimelines {
    pub(super) fn new(config: &Config, redis: Redis) -> Self {
        Self { redis, window: config.feed.window, ttl: i64::from(config.feed.timeline_ttl_days) * 24 * 3600 }
    }

    fn key(&self, account: Uuid) -> String {
        self.redis.key("timeline", &account.simple().to_string())
    }

    pub(super) async fn push(&self, accounts: &[Uuid], post: Uuid) -> Result<(), RedisError> {
        let id = Bytes::copy_from_slice(post.as_bytes());
        for batch in accounts.chunks(BATCH) {
            let keys: Vec<String> = batch.iter().map(|account| self.key(*account)).collect();
            let args = [Value::Bytes(id.clone())];
            self.redis.call(|client| async move { run(client, &PUSH, &keys, &args).await }).await?;
        }
        Ok(())
    }

    pub(super) async fn read(&self, account: Uuid, epoch: i64) -> Result<Option<Window>, RedisError> {
        let (key, last, ttl) = (self.key(account), self.window as i64, self.ttl);
        let (members, _): (Vec<Bytes>, i64) = self
            .redis
            .call(|client| async move {
                let pipeline = client.pipeline();
                pipeline.zrevrange::<(), _>(key.as_str(), 0, last, false).await?;
                pipeline.expire::<(), _>(key.as_str(), ttl, None).await?;
                pipeline.all().await
            })
            .await?;
        let Some((state, ids)) = members.split_first() else { return Ok(None) };
        if !State::parse(state)
            .is_some_and(|state| state.complete && state.epoch == epoch && state.window == self.window)
        {
            return Ok(None);
        }
        let ids: Vec<Uuid> = ids.iter().filter_map(|id| Uuid::from_slice(id).ok()).collect();
        Ok(Some(Window { full: ids.len() >= self.window, ids }))
    }

    pub(super) async fn begin(&self, account: Uuid, epoch: i64) -> Result<BuildToken, RedisError> {
        let token = BuildToken::new(epoch);
        let (keys, state) = ([self.key(account)], self.state(&token, false));
        let args: [Value; 3] = [(self.window as i64).into(), state.into(), BUILDING_TTL.into()];
        self.redis.call(|client| async move { run(client, &BEGIN, &keys, &args).await }).await?;
        Ok(token)
    }

    pub(super) async fn finish(&self, account: Uuid, token: &BuildToken, ids: &[Uuid]) -> Result<bool, RedisError> {
        let keys = [self.key(account)];
        let (expected, wanted) = (self.state(token, false), self.state(token, true));
        let mut newest = ids.to_vec();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        newest.dedup();
        newest.truncate(self.window);
        let mut args: Vec<Value> = vec![(self.window as i64).into(), expected.into(), wanted.into(), self.ttl.into()];
        args.extend(newest.iter().map(|id| Value::Bytes(Bytes::copy_from_slice(id.as_bytes()))));
        let done = self.redis.call(|client| async move { run(client, &FINISH, &keys, &args).await }).await?;
        Ok(done.first().and_then(Value::as_i64) == Some(1))
    }

    pub(super) async fn forget(&self, account: Uuid) -> Result<(), RedisError> {
        let key = self.key(account);
        self.redis.call(|client| async move { client.del::<(), _>(key).await }).await
    }

    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        self.redis.ping().await
    }

    fn state(&self, token: &BuildToken, complete: bool) -> Bytes {
        let state = State { complete, epoch: token.epoch, window: self.window, token: token.token };
        state.write()
    }
}

/// The state member: kind, epoch, window, token. Longer than an id, so never taken for one.
struct State {
    complete: bool,
    epoch: i64,
    window: usize,
    token: Uuid,
}

impl State {
    fn write(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(29);
        bytes.put_u8(if self.complete { b'c' } else { b'b' });
        bytes.put_i64(self.epoch);
        bytes.put_u32(u32::try_from(self.window).unwrap_or(u32::MAX));
        bytes.put_slice(self.token.as_bytes());
        bytes.freeze()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (epoch, rest) = rest.split_first_chunk()?;
        let (window, token) = rest.split_first_chunk()?;
        Some(Self {
            complete: *kind == b'c',
            epoch: i64::from_be_bytes(*epoch),
            window: u32::from_be_bytes(*window) as usize,
            token: Uuid::from_slice(token).ok()?,
        })
    }
}

/// Runs a script on each key, in one round trip, and gives its answers in the order of the keys: by hash, and by text if
/// the server does not know the hash.
///
/// Loading the script and asking by hash again would leave a moment in which the server can lose it once more.
async fn run(client: Client, script: &Script, keys: &[String], args: &[Value]) -> Result<Vec<Value>, Error> {
    let answers = pipeline(&client, "EVALSHA", script.sha1(), keys, args).await;
    match (answers, script.lua()) {
        // Those keys on which it had run are met again, which changes nothing.
        (Err(error), Some(lua)) if error.details().starts_with("NOSCRIPT") => {
            pipeline(&client, "EVAL", lua, keys, args).await
        }
        (answers, _) => answers,
    }
}

async fn pipeline(
    client: &Client,
    command: &'static str,
    script: &Str,
    keys: &[String],
    args: &[Value],
) -> Result<Vec<Value>, Error> {
    let pipeline = client.pipeline();
    for key in keys {
        let mut words: Vec<Value> = vec![script.clone().into(), 1.into(), key.as_str().into()];
        words.extend_from_slice(args);
        // A script's only key stands third, and says where in a cluster it runs.
        pipeline.custom::<(), _>(CustomCommand::new_static(command, ClusterHash::Offset(2), false), words).await?;
    }
    pipeline.try_all().await.into_iter().collect()
}
