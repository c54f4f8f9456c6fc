//! Hints between processes: a list for each queue, of 16-byte ids, pushed at its end and popped at its front.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fred::error::ErrorKind;
use fred::prelude::{Client, ClientLike, ListInterface, Options};
use tokio::time::Instant;
use uuid::Uuid;

use super::CAPACITY;
use crate::redis::{Connection, Redis, RedisError};

/// Ids in one command.
const CHUNK: usize = 1000;

/// Longest pause before a failed take is reported.
const PACE: Duration = Duration::from_secs(1);

/// A shared connection for everything but waiting, and one connection for each taker that waits.
#[derive(Clone)]
pub struct RedisTransport {
    redis: Redis,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl RedisTransport {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis, idle: Arc::default() }
    }

    fn key(&self, queue: &str) -> String {
        self.redis.key("jobs", queue)
    }

    pub(super) async fn announce(&self, queue: &str, ids: &[Uuid]) -> Result<(), RedisError> {
        for chunk in ids.chunks(CHUNK) {
            let key = &self.key(queue);
            let hints: &Vec<Bytes> = &chunk.iter().map(|id| Bytes::copy_from_slice(id.as_bytes())).collect();
            self.redis
                .call(|client| async move {
                    let pipeline = client.pipeline();
                    pipeline.rpush::<(), _, _>(key.as_str(), hints.clone()).await?;
                    pipeline.ltrim::<(), _>(key.as_str(), 0, CAPACITY as i64 - 1).await?;
                    pipeline.all::<()>().await
                })
                .await?;
        }
        Ok(())
    }

    pub(super) async fn take(&self, queue: &str, max: usize, wait: Duration) -> Result<Vec<Uuid>, RedisError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        let result = self.try_take(queue, max, wait).await;
        if result.is_err() {
            tokio::time::sleep_until(begun + wait.min(PACE)).await;
        }
        result
    }

    async fn try_take(&self, queue: &str, max: usize, wait: Duration) -> Result<Vec<Uuid>, RedisError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) if connection.client.is_connected() => connection,
            _ => self.redis.dedicated().await?,
        };
        // Whenever this is dropped before the end, the connection is closed with it: it may still be blocked.
        let taken = self.take_on(&connection.client, queue, max, wait).await?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(taken)
    }

    async fn take_on(&self, client: &Client, queue: &str, max: usize, wait: Duration) -> Result<Vec<Uuid>, RedisError> {
        let key = self.key(queue);
        let at_once: Vec<Bytes> = client.lpop(key.as_str(), Some(max)).await?;
        if !at_once.is_empty() || wait.is_zero() {
            return Ok(read(&at_once));
        }
        // To Redis 0 means for ever.
        let seconds = wait.as_secs_f64().max(0.01);
        let patience = Options { timeout: Some(wait + self.redis.command_timeout()), ..Default::default() };
        let begun = Instant::now();
        let first = client.with_options(&patience).blpop::<Option<(Bytes, Bytes)>, _>(key.as_str(), seconds).await;
        let mut taken = match first {
            Ok(Some((_, id))) => vec![id],
            Ok(None) => return Ok(Vec::new()),
            // The client words the server's "none came" like a server that does not answer; only the latter is late.
            Err(error)
                if *error.kind() == ErrorKind::Timeout && begun.elapsed() < wait + self.redis.command_timeout() =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error.into()),
        };
        if max > 1 {
            taken.extend(client.lpop::<Vec<Bytes>, _>(key.as_str(), Some(max - 1)).await?);
        }
        Ok(read(&taken))
    }

    pub(super) async fn is_idle(&self, queue: &str) -> Result<bool, RedisError> {
        let key = &self.key(queue);
        let waiting: u64 = self.redis.call(|client| async move { client.llen(key.as_str()).await }).await?;
        Ok(waiting == 0)
    }

    pub(super) async fn ping(&self) -> Result<(), RedisError> {
        self.redis.ping().await
    }
}

/// The ids; what is none was not put there by us.
fn read(hints: &[Bytes]) -> Vec<Uuid> {
    hints.iter().filter_map(|hint| Uuid::from_slice(hint).ok()).collect()
}

impl std::fmt::Debug for RedisTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisTransport").field("redis", &self.redis).finish_non_exhaustive()
    }
}
