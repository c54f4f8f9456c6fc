//! What the tests of everything on Redis share: a server, if `DARKROOM_TEST_REDIS_URL` names one, and a relay in front
//! of it whose connections can be cut.
//!
//! The variable may name a cluster or sentinels as well, by a URL as `redis_url` takes it: everything runs there but what
//! needs the relay. `tests/processes/scale_redis.rs` cuts and moves the nodes of a cluster of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Redis;
use crate::config::{Config, RedisAddress, Role};

/// Connects as the variables say, under a key prefix of its own.
pub(crate) async fn connect(more: &[(&str, &str)]) -> Option<(Config, Redis)> {
    let prefix = format!("test-{}", uuid::Uuid::new_v4().simple());
    let mut env = vec![
        ("DARKROOM_SECRET".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()),
        ("DARKROOM_REDIS_KEY_PREFIX".to_owned(), prefix),
        ("DARKROOM_REDIS_CONNECT_TIMEOUT_MS".to_owned(), "500".to_owned()),
    ];
    env.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let config = Config::load_from(Role::Single, None, env).unwrap();
    let RedisAddress::Server(url) = config.redis_address().unwrap() else { return None };
    let redis = Redis::connect(&config, &url).await.unwrap();
    Some((config, redis))
}

/// The test server; none if there is none.
pub(crate) async fn server(more: &[(&str, &str)]) -> Option<(Config, Redis)> {
    let url = std::env::var("DARKROOM_TEST_REDIS_URL").ok()?;
    let mut all = vec![("DARKROOM_REDIS_URL", url.as_str())];
    all.extend_from_slice(more);
    connect(&all).await
}

/// Stands between a client and the test server.
pub(crate) struct Relay {
    address: SocketAddr,
    target: String,
    /// Whether what clients send is kept back.
    held: watch::Sender<bool>,
    running: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// A relay to the test server; none if there is no server or it is no single one.
pub(crate) async fn relay() -> Option<Relay> {
    let url = std::env::var("DARKROOM_TEST_REDIS_URL").ok()?;
    let url = url::Url::parse(&url).ok().filter(|url| url.scheme() == "redis")?;
    let target = format!("{}:{}", url.host_str()?, url.port().unwrap_or(6379));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = Relay { address, target, held: watch::Sender::new(false), running: Mutex::default() };
    relay.serve(listener);
    Some(relay)
}

impl Relay {
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    fn serve(&self, listener: TcpListener) {
        let (target, held) = (self.target.clone(), self.held.subscribe());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (target, held) = (target.clone(), held.clone());
                connections.spawn(async move {
                    let far = TcpStream::connect(target).await.unwrap();
                    let ((from_near, mut to_near), (mut from_far, to_far)) = (near.into_split(), far.into_split());
                    tokio::select! {
                        _ = carry(from_near, to_far, held) => {}
                        _ = tokio::io::copy(&mut from_far, &mut to_near) => {}
                    }
                });
            }
        });
        *self.running.lock().unwrap() = Some(task);
    }

    /// Closes every connection and refuses new ones.
    pub(crate) fn cut(&self) {
        if let Some(task) = self.running.lock().unwrap().take() {
            task.abort();
        }
    }

    /// Keeps back what clients send from now on, until [`Relay::release`]. What the server sends goes through.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets through what was kept back.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// Accepts connections again.
    pub(crate) async fn mend(&self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.serve(listener);
    }
}

/// Copies until either side ends; waits with what it has read while it is held.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut held: watch::Receiver<bool>) -> Option<()> {
    let mut buffer = vec![0; 4096];
    loop {
        let read = from.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        held.wait_for(|held| !held).await.ok()?;
        to.write_all(&buffer[..read]).await.ok()?;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut();
    }
}

#[tokio::test]
async fn a_debug_print_shows_no_password() {
    let (_, redis) = connect(&[("DARKROOM_REDIS_URL", "redis://:hunter2@127.0.0.1:1")]).await.unwrap();
    assert!(!format!("{redis:?}").contains("hunter2"));
}
