//! A Redis of a test's own, to be stopped, killed, flushed and started again: alone, or one of several.

mod cluster;
mod reply;
mod watched;

use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

pub use cluster::RedisCluster;
pub use reply::Reply;
pub use watched::WatchedRedis;

use super::{PATIENCE, Process, command, free_address, until};

/// A Redis server on a port of its own, which it keeps over restarts.
pub struct RedisServer {
    address: SocketAddr,
    folder: TempDir,
    /// What it is told besides.
    options: Vec<String>,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts one and waits for it.
    pub async fn start() -> Self {
        Self::start_at(free_address(), &[]).await
    }

    async fn start_at(address: SocketAddr, options: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let options = options.iter().map(|word| (*word).to_owned()).collect();
        let mut server = Self { address, folder, options, process: None };
        server.restart().await;
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts it again, empty, after [`RedisServer::kill`].
    pub async fn restart(&mut self) {
        let mut command = command(&program(), self.folder.path(), &[]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(self.address.port().to_string()).args(&self.options);
        self.process = Some(Process::start(command));
        let answers = async || reply::ask(self.address, &["PING"]).is_ok_and(|answer| answer.text() == "PONG");
        until("Redis answers", PATIENCE, answers).await;
    }

    /// Ends it at once; what it held is lost.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends every client's connection, of both kinds; they may connect again at once.
    pub fn cut_clients(&self) {
        for kind in ["normal", "pubsub"] {
            let answer = self.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]);
            assert!(matches!(answer, Reply::Number(_)), "{answer:?}");
        }
    }

    /// Lets it hang: connections stay open and nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`RedisServer::pause`].
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Empties it.
    pub fn flush_all(&self) {
        self.order(&["FLUSHALL"]);
    }

    /// What it answers to a command.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn ask(&self, words: &[&str]) -> Reply {
        reply::ask(self.address, words).unwrap_or_else(|error| panic!("{words:?} to {}: {error}", self.address))
    }

    /// Has it do something, which it must say it has done.
    fn order(&self, words: &[&str]) {
        assert_eq!(self.ask(words), Reply::Text("OK".to_owned()), "{words:?}");
    }

    fn signal(&self, name: &str) {
        self.process.as_ref().unwrap().signal(name);
    }
}

fn program() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let named =
        std::env::split_paths(&folders).flat_map(|folder| ["redis-server", "valkey-server"].map(|n| folder.join(n)));
    named.into_iter().find(|path| path.is_file()).expect("redis-server is installed: clustered tests need it")
}
