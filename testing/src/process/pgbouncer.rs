//! A PgBouncer of a test's own before a PostgreSQL.

use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use reqwest::Url;
use tempfile::TempDir;

use super::postgres::account;
use super::{PATIENCE, Process, command, free_address, until};

/// A pooler of transactions on a port of its own; ended when dropped.
pub struct PgBouncer {
    url: String,
    _process: Process,
    _folder: TempDir,
}

impl PgBouncer {
    /// Its version, major and minor; `None` where it is not installed.
    pub fn version() -> Option<(u32, u32)> {
        let told = Command::new(program()?).arg("--version").output().ok()?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = told.lines().next()?.rsplit(' ').next()?;
        let mut parts = version.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    }

    /// Starts one that has at most `most` server processes for the database of this URL, with further settings, as lines of
    /// its file.
    pub async fn before(database_url: &str, most: usize, more: &str) -> Self {
        let mut url = Url::parse(database_url).unwrap();
        let (host, port) = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let (folder, address) = (TempDir::new().unwrap(), free_address());
        let users = folder.path().join("users");
        std::fs::write(&users, format!("\"{}\" \"{}\"\n", url.username(), url.password().unwrap_or_default())).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = {most}\nmax_client_conn = 200\n{more}\n",
            address.port(),
            users.display()
        );
        std::fs::write(&settings, text).unwrap();

        let mut command = command(&program().expect("pgbouncer is installed"), folder.path(), &[]);
        command.arg(&settings);
        // Like PostgreSQL it refuses root.
        if let Some((user, group)) = account() {
            for path in [folder.path(), &users, &settings] {
                chown(path, Some(user), Some(group)).unwrap();
            }
            command.uid(user).gid(group);
        }
        std::fs::set_permissions(&users, PermissionsExt::from_mode(0o600)).unwrap();
        let mut process = Process::start(command);
        until("PgBouncer listens", PATIENCE, async || {
            assert!(process.is_running(), "PgBouncer ended: {}", process.stderr());
            TcpStream::connect(address).is_ok()
        })
        .await;
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(address.port())).unwrap();
        Self { url: url.to_string(), _process: process, _folder: folder }
    }

    /// How to reach the database through it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Debian keeps it where only root's PATH leads.
fn program() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]);
    all.find_map(|folder| Some(folder.join("pgbouncer")).filter(|path| path.is_file()))
}
