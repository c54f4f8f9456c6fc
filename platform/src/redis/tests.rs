//! What the tests of everything on Redis share: a server, if `DARKROOM_TEST_REDIS_URL` names one, and a relay in front
//! of it whose connections can be cut.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::net::{TcpListener, TcpStream};
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
    running: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// A relay to the test server; none if there is no server or it is no single one.
pub(crate) async fn relay() -> Option<Relay> {
    let url = std::env::var("DARKROOM_TEST_REDIS_URL").ok()?;
    let url = url::Url::parse(&url).ok().filter(|url| url.scheme() == "redis")?;
    let target = format!("{}:{}", url.host_str()?, url.port().unwrap_or(6379));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = Relay { address, target, running: Mutex::default() };
    relay.serve(listener);
    Some(relay)
}

impl Relay {
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    fn serve(&self, listener: TcpListener) {
        let target = self.target.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
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
