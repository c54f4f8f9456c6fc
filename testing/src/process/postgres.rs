//! A PostgreSQL of a test's own, to be crashed and started again.

use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use tempfile::TempDir;

use super::{PATIENCE, Process, command, free_address, until};

/// Backends that it allows.
const CONNECTIONS: &str = "max_connections=120";

/// A PostgreSQL server on a port of its own, which it keeps over restarts.
///
/// What was committed survives the end of its processes: the write-ahead log is written at every commit, and only the
/// flush to the disk, which a crash of the machine would need, is left out.
pub struct PostgresServer {
    address: SocketAddr,
    programs: PathBuf,
    account: Option<(u32, u32)>,
    process: Option<Process>,
    folder: TempDir,
}

impl PostgresServer {
    /// Makes one in an empty folder, starts it and waits for it.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let account = account();
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut server = Self { address: free_address(), programs: programs(), account, process: None, folder };
        server.init().await;
        server.restart().await;
        server
    }

    /// Another one that follows it: what is committed here is replayed there. Waited for.
    pub async fn replica(&self) -> Self {
        let (folder, account) = (TempDir::new().unwrap(), self.account);
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut replica =
            Self { address: free_address(), programs: self.programs.clone(), account, process: None, folder };
        let mut command = replica.command("pg_basebackup");
        command.arg("-D").arg(replica.data()).args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d"]);
        command.arg(format!("host=127.0.0.1 port={} user=postgres password={PASSWORD}", self.port()));
        let mut copy = Process::start(command);
        let status = copy.ended(PATIENCE).await;
        assert!(status.success(), "pg_basebackup: {}", copy.stderr());
        replica.restart().await;
        replica
    }

    /// Has it run a statement.
    pub async fn run(&self, sql: &str) {
        let connection = Database::connect(Self::url_at(self.address)).await.unwrap();
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The one whole number that it says.
    pub async fn number(&self, sql: &str) -> i64 {
        let connection = Database::connect(Self::url_at(self.address)).await.unwrap();
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        connection.close().await.unwrap();
        row.unwrap().try_get_by_index(0).unwrap()
    }

    /// Has it end being a replica, and take changes by itself from now on. Waited for.
    pub async fn promote(&self) {
        self.run("SELECT pg_promote()").await;
    }

    /// Stops all of its processes where they are: connections are taken, and nobody is answered.
    pub fn hang(&self) {
        self.signal_all("STOP");
    }

    /// Lets them go on.
    pub fn go_on(&self) {
        self.signal_all("CONT");
    }

    /// The first process before the others: it starts no more of them then.
    fn signal_all(&self, signal: &str) {
        let Some(process) = &self.process else { return };
        let id = process.id();
        process.signal(signal);
        let others = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        // One that has ended meanwhile hears nothing.
        let _ = Command::new("kill").arg(format!("-{signal}")).args(others.split_whitespace()).output();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How to reach its one database at an address, which may be a proxy's.
    pub fn url_at(address: SocketAddr) -> String {
        format!("postgres://postgres:{PASSWORD}@{address}/postgres")
    }

    /// Ends all of its processes at once, in the middle of whatever they do: it has to recover when it starts again.
    pub async fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The word for it in PostgreSQL's manual is immediate shutdown. Its first process alone, killed, would leave
            // the others behind for a while.
            process.signal("QUIT");
            process.ended(PATIENCE).await;
        }
    }

    /// Starts it again on what it had written.
    pub async fn restart(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-p").arg(self.address.port().to_string());
        let sockets = format!("unix_socket_directories={}", self.folder.path().display());
        for setting in ["listen_addresses=127.0.0.1", &sockets, CONNECTIONS, "fsync=off", "log_min_messages=fatal"] {
            command.args(["-c", setting]);
        }
        self.process = Some(Process::start(command));
        until("PostgreSQL answers", PATIENCE, async || self.is_ready()).await;
    }

    async fn init(&self) {
        let password = self.folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        // PostgreSQL's account reads it; the folder around it is that account's alone.
        std::fs::set_permissions(&password, PermissionsExt::from_mode(0o644)).unwrap();
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data()).arg(format!("--pwfile={}", password.display()));
        command.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let mut init = Process::start(command);
        let status = init.ended(PATIENCE).await;
        assert!(status.success(), "initdb: {}", init.stderr());
    }

    fn is_ready(&self) -> bool {
        let asked = self.command("pg_isready").args(["-q", "-h", "127.0.0.1", "-p"]).arg(self.port()).status();
        asked.is_ok_and(|status| status.success())
    }

    fn port(&self) -> String {
        self.address.port().to_string()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command(&self.programs.join(program), self.folder.path(), &[]);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process
            && process.is_running()
        {
            // Killed, it would leave a segment of shared memory behind.
            process.signal("QUIT");
            // If it hangs, it hears that as it goes on.
            process.signal("CONT");
            process.wait();
        }
    }
}

/// A password even here: a superuser without one would hand PostgreSQL's account to everybody on the machine.
const PASSWORD: &str = "a-password-of-a-test";

/// The account that the server runs as: PostgreSQL refuses root, and so does PgBouncer. `None` for one's own.
pub(super) fn account() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| {
        let answer = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().parse::<u32>().ok()
    };
    if number(&["-u"]) != Some(0) {
        return None;
    }
    let of = |name: &str| number(&["-u", name]).zip(number(&["-g", name]));
    let found = ["postgres", "darkroom-test"].into_iter().find_map(of);
    Some(found.expect("an account to run PostgreSQL as: postgres, or darkroom-test"))
}

/// Where its programs lie. Debian keeps them out of PATH, a folder a major version: the newest wins.
fn programs() -> PathBuf {
    let version = |path: &PathBuf| path.iter().rev().nth(1).and_then(|v| v.to_str()?.parse::<u32>().ok()).unwrap_or(0);
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).filter(|path| is_there(path)).collect();
    found.sort_by_key(version);
    let others = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&others).find(|path| is_there(path));
    found.pop().or_else(on_path).expect("PostgreSQL's server is installed: clustered tests need it")
}

fn is_there(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
}
