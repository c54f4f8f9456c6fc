//! A Redis of a test's own, to be stopped, killed, flushed and started again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::{PATIENCE, Process, command, until};

/// One answer of a Redis that lives takes microseconds.
const ANSWER: Duration = Duration::from_millis(500);

/// A Redis server on a port of its own, which it keeps over restarts.
pub struct RedisServer {
    address: SocketAddr,
    folder: TempDir,
    process: Option<Process>,
}

impl RedisServer {
    /// Starts one and waits for it.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut server = Self { address: free_address(), folder, process: None };
        server.restart().await;
        server
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Starts it again, empty, after [`RedisServer::kill`].
    pub async fn restart(&mut self) {
        let mut command = command(&program(), self.folder.path(), &[]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(self.address.port().to_string());
        self.process = Some(Process::start(command));
        until("Redis answers", PATIENCE, async || self.ask("PING").is_ok_and(|answer| answer == "+PONG")).await;
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
            let answer = self.ask(&format!("CLIENT KILL TYPE {kind} SKIPME yes")).unwrap();
            assert!(answer.starts_with(':'), "{answer}");
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
        assert_eq!(self.ask("FLUSHALL").unwrap(), "+OK");
    }

    fn signal(&self, name: &str) {
        self.process.as_ref().unwrap().signal(name);
    }

    /// One command without arguments, and the first line of its answer.
    fn ask(&self, words: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.write_all(format!("{words}\r\n").as_bytes())?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned())
    }
}

/// An address of this machine that nobody listens on, below the ports that the kernel gives to outgoing connections: one
/// of those could be gone when the server starts again.
fn free_address() -> SocketAddr {
    let random = || 20_000 + (uuid::Uuid::new_v4().as_u128() % 12_000) as u16;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = std::iter::repeat_with(random).take(100).find(free).expect("a free port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn program() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let named =
        std::env::split_paths(&folders).flat_map(|folder| ["redis-server", "valkey-server"].map(|n| folder.join(n)));
    named.into_iter().find(|path| path.is_file()).expect("redis-server is installed: clustered tests need it")
}
