//! Darkroom's programs as real processes, with everything around them that a test wants to take away from them.
//!
//! The binaries come from `DARKROOM_TEST_BIN_DIR`, else from the folder above the test's own: `cargo build --workspace
//! --bins` puts them there. A process knows the variables that it is given and `PATH`, and ends with its value.

mod collector;
mod memory;
mod pgbouncer;
mod photograph;
mod postgres;
mod redis;
mod request;
mod s3;
mod world;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

pub use collector::{Collector, SentSpan};
pub use memory::Memory;
pub use pgbouncer::PgBouncer;
pub use photograph::photograph;
pub use postgres::PostgresServer;
pub use redis::{RedisCluster, RedisServer, Reply, WatchedRedis};
pub use request::RawUpload;
pub use s3::S3Server;
pub use world::{Server, World};

/// Longest wait for what should take moments: far more than it takes, so that only what never comes fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Lines of a process's log that are shown when a test fails.
const SHOWN: usize = 40;

/// Waits until it holds; a test that waits longer than `within` has failed. Returns how long it took.
pub async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < within, "waited {} s in vain until {what}", within.as_secs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

/// Where a binary lies.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("DARKROOM_TEST_BIN_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let test = std::env::current_exe().unwrap();
        test.parent().and_then(Path::parent).unwrap().to_owned()
    });
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// A program that runs in a folder, with these variables only.
pub fn command(program: &Path, folder: &Path, variables: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

/// An address of this machine that nobody listens on, below the ports that the kernel gives to outgoing connections: one
/// of those could be gone when the server starts again.
fn free_address() -> SocketAddr {
    let random = || 20_000 + (uuid::Uuid::new_v4().as_u128() % 12_000) as u16;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = std::iter::repeat_with(random).take(100).find(free).expect("a free port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A running program; killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// What a stream has said so far, read by a thread so that the pipe never fills.
struct Lines {
    said: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { said, reader: Some(reader) }
    }

    fn all(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Process {
    /// Starts it.
    pub fn start(mut command: Command) -> Self {
        let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (stdout, stderr) = (Lines::of(child.stdout.take().unwrap()), Lines::of(child.stderr.take().unwrap()));
        Self { name, child, stdout, stderr }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.all().join("\n")
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.all().join("\n")
    }

    /// Its log so far: the lines of standard error that are JSON objects.
    pub fn log(&self) -> Vec<Value> {
        self.stderr.all().iter().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect()
    }

    /// Waits for a line of its log with this message.
    pub async fn logged(&mut self, message: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.log().into_iter().find(|line| line["message"] == message) {
                return line;
            }
            self.must_run(&format!("it logged {message:?}"), end);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for a line of standard output that contains this text.
    pub async fn printed(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.stdout.all().into_iter().find(|line| line.contains(text)) {
                return line;
            }
            self.must_run(&format!("it printed {text:?}"), end);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn must_run(&mut self, what: &str, end: Instant) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "{} ended with {ended:?} before {what}: {}", self.name, self.stderr());
        assert!(Instant::now() < end, "waited in vain until {what}: {}", self.stderr());
    }

    /// Sends it a signal, by name: `TERM`, `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status().unwrap();
        assert!(status.success(), "{} could not be sent {name}", self.name);
    }

    /// Ends it without a chance to clean up, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end without an end to the wait: for what has just been told to end at once.
    fn wait(&mut self) {
        let _ = self.child.wait();
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, and for the last of what it wrote.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let end = Instant::now() + within;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "{} still runs after {} s: {}", self.name, within.as_secs(), self.stderr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        for lines in [&mut self.stdout, &mut self.stderr] {
            if let Some(reader) = lines.reader.take() {
                reader.join().unwrap();
            }
        }
        status
    }

    /// Asks it to end by SIGTERM, and asserts that it does so in order: with code 0, within `within`.
    pub async fn stop(&mut self, within: Duration) {
        self.signal("TERM");
        let status = self.ended(within).await;
        assert_eq!(status.code(), Some(0), "{}: {}", self.name, self.stderr());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.stderr.all();
            let last = &said[said.len().saturating_sub(SHOWN)..];
            eprintln!("── the last of {} ({}) ──\n{}", self.name, self.id(), last.join("\n"));
        }
    }
}

/// A throw-away folder.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty one.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        Self(tempfile::TempDir::new().unwrap())
    }

    /// Where it is, until it is dropped.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
