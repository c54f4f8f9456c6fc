//! Connections to Redis that never hold a request up: every command has a time-out, lost connections come back by
//! themselves, and while the server is away a call fails at once.

mod breaker;
mod forget;
pub(crate) mod script;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fred::interfaces::{ClusterInterface, EventInterface, ServerInterface};
use fred::prelude::{Builder, Client, ClientLike, ReconnectPolicy};
use fred::types::ClusterStateChange;
use fred::types::config::{Config as FredConfig, Server, TcpConfig, UnresponsiveConfig};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use self::breaker::Breaker;
use crate::config::{Config, ConfigError};

/// Messages that a slow reader of events may be behind before it is told to re-read.
const EVENT_BACKLOG: usize = 4096;

/// Why Redis did not do what was asked. Nothing durable is lost by it: Redis only carries hints and copies.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RedisError {
    /// There is no connection, or the last commands all failed: not even tried.
    #[error("Redis is not reachable; check DARKROOM_REDIS_URL and that the server runs")]
    Down,
    /// Tried and failed.
    #[error("Redis failed: {0}")]
    Failed(#[from] fred::error::Error),
}

/// One shared connection with its breaker. Clones share it.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    breaker: Breaker,
    builder: Builder,
    connect_timeout: Duration,
    command_timeout: Duration,
    prefix: String,
    calls: AtomicU64,
}

impl Redis {
    /// Starts connecting, and waits for at most one connect time-out. A server that is away is logged once and
    /// connected to in the background.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub async fn connect(config: &Config, url: &str) -> Result<Self, ConfigError> {
        let refuse = |error: fred::error::Error| ConfigError::new("redis_url", error.details().to_owned());
        let connect_timeout = Duration::from_millis(config.redis.connect_timeout_ms);
        let command_timeout = Duration::from_millis(config.redis.command_timeout_ms);
        let builder = builder(FredConfig::from_url(url).map_err(refuse)?, connect_timeout, command_timeout);
        let connection = Connection::start(builder.build().map_err(refuse)?);
        if !connection.ready(connect_timeout).await {
            tracing::warn!("Redis is not reachable; going on without it and connecting in the background");
        }
        let prefix = config.redis.key_prefix.clone();
        let breaker = Breaker::default();
        let inner =
            Inner { connection, breaker, builder, connect_timeout, command_timeout, prefix, calls: AtomicU64::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs commands on the shared connection, and again if a cluster said that a key is elsewhere: the client knows where
    /// by then. So they must bear being done twice. Never blocking ones: they would hold everyone else's up.
    ///
    /// # Errors
    /// [`RedisError::Down`] within microseconds while the server is known to be away. [`RedisError::Failed`] also for a key
    /// that is on its way from one node of a cluster to another: it is as good as away.
    pub(crate) async fn call<T, F>(&self, commands: impl Fn(Client) -> F + Send + Sync) -> Result<T, RedisError>
    where
        F: Future<Output = Result<T, fred::error::Error>> + Send,
    {
        match self.attempt(&commands).await {
            Err(RedisError::Failed(error)) if breaker::is_redirect(&error) => self.attempt(&commands).await,
            result => result,
        }
    }

    async fn attempt<T, F>(&self, commands: &(impl Fn(Client) -> F + Send + Sync)) -> Result<T, RedisError>
    where
        F: Future<Output = Result<T, fred::error::Error>> + Send,
    {
        if !self.is_up() {
            return Err(RedisError::Down);
        }
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let result = commands(self.inner.connection.client.clone()).await;
        self.inner.breaker.record(result.as_ref().err());
        Ok(result?)
    }

    /// Round trips on the shared connection so far: a pipeline is one.
    pub(crate) fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Whether a command is worth trying now. While many failed in a row, one caller a second gets a yes.
    fn is_up(&self) -> bool {
        self.inner.connection.client.is_connected() && self.inner.breaker.admits()
    }

    /// Asks the server for an answer.
    ///
    /// # Errors
    /// When there is none within the command time-out.
    pub async fn ping(&self) -> Result<(), RedisError> {
        self.call(|client| async move { client.ping::<()>(None).await }).await
    }

    /// A key of this installation. `tag` alone decides its cluster slot.
    pub(crate) fn key(&self, kind: &str, tag: &str) -> String {
        format!("{}:{kind}:{{{tag}}}", self.inner.prefix)
    }

    /// A channel of this installation.
    pub(crate) fn channel(&self, topic: &str) -> String {
        format!("{}:event:{topic}", self.inner.prefix)
    }

    pub(crate) fn command_timeout(&self) -> Duration {
        self.inner.command_timeout
    }

    /// A connection of its own, for commands that block.
    ///
    /// # Errors
    /// When it does not come within the connect time-out.
    pub(crate) async fn dedicated(&self) -> Result<Connection, RedisError> {
        if !self.is_up() {
            return Err(RedisError::Down);
        }
        let connection = Connection::start(self.inner.builder.build()?);
        if connection.ready(self.inner.connect_timeout).await { Ok(connection) } else { Err(RedisError::Down) }
    }

    /// A connection of its own, for subscriptions; connects in the background if the server is away.
    pub(crate) async fn subscriber(&self) -> Result<Connection, RedisError> {
        let connection = Connection::start(self.inner.builder.build()?);
        connection.ready(self.inner.connect_timeout).await;
        Ok(connection)
    }

    /// The masters of a cluster, or the one that sentinels have named, as the shared connection knows them. None: it is no
    /// matter of choice, or nothing has been connected to yet.
    pub(crate) fn masters(&self) -> HashSet<Server> {
        let client = &self.inner.connection.client;
        match client.cached_cluster_state() {
            Some(cluster) => cluster.unique_primary_nodes().into_iter().collect(),
            None => client.sentinel_primary().into_iter().collect(),
        }
    }

    /// Whether keys are at home on different servers.
    pub(crate) fn is_clustered(&self) -> bool {
        self.inner.connection.client.is_clustered()
    }

    /// Tells which server the shared connection has been made to, each time.
    pub(crate) fn connections(&self) -> broadcast::Receiver<Server> {
        self.inner.connection.client.reconnect_rx()
    }

    /// Tells when the shared connection has looked anew at who is in a cluster and has which keys.
    pub(crate) fn cluster_changes(&self) -> broadcast::Receiver<Vec<ClusterStateChange>> {
        self.inner.connection.client.cluster_change_rx()
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the builder: it holds the password.
        f.debug_struct("Redis").field("connected", &self.inner.connection.client.is_connected()).finish_non_exhaustive()
    }
}

fn builder(mut config: FredConfig, connect_timeout: Duration, command_timeout: Duration) -> Builder {
    // A server that is away at the start is the same as one that goes away later.
    config.fail_fast = false;
    let mut builder = Builder::from_config(config);
    builder
        .with_connection_config(|connection| {
            connection.connection_timeout = connect_timeout;
            connection.internal_command_timeout = command_timeout.max(connect_timeout);
            // One try and no second: what is repeated here (a hint, a push) is repeated by the sweep or harmless to lose.
            connection.max_command_attempts = 1;
            // The client would follow an ASK by reading the next answer off a connection on which others wait for theirs, and give
            // each of them another's from then on. So it follows nothing, and `Redis::call` asks again.
            connection.max_redirections = 0;
            connection.reconnect_on_auth_error = true;
            connection.auto_client_setname = false;
            // A connection that swallows commands without a word is replaced.
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(command_timeout * 3), interval: command_timeout };
            connection.tcp = TcpConfig { nodelay: Some(true), ..Default::default() };
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = command_timeout;
            performance.broadcast_channel_capacity = EVENT_BACKLOG;
        })
        // Without end: 50 ms, 100 ms, … 2 s, each with jitter, so that a thousand processes do not come back at once.
        .set_policy(ReconnectPolicy::new_exponential(0, 50, 2_000, 2));
    builder
}

/// A client with the task that drives it; the connection closes when this is dropped.
pub(crate) struct Connection {
    pub(crate) client: Client,
    driver: AbortHandle,
}

impl Connection {
    fn start(client: Client) -> Self {
        let driven = client.clone();
        let driver = tokio::spawn(async move {
            // The client gives up on errors that it takes for final (a wrong password). The operator may mend them.
            loop {
                let mut attempt = AbortOnDrop(driven.connect());
                if let Ok(Err(error)) = (&mut attempt.0).await {
                    tracing::error!(%error, "Redis connection ended; starting again");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Self { client, driver: driver.abort_handle() }
    }

    async fn ready(&self, within: Duration) -> bool {
        let connected = tokio::time::timeout(within, self.client.wait_for_connect()).await;
        matches!(connected, Ok(Ok(())))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
pub(crate) mod tests;
