//! The stores of one test, and Darkroom's programs on them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use darkroom_platform::{Clock, Platform};
use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{PATIENCE, Process, binary, command, until};
use crate::client::Client;
use crate::stores::{Stores, make_tables};

/// A folder or a database, a key prefix and an object prefix, on which programs are started.
pub struct World {
    folder: TempDir,
    stores: Stores,
    rows: OnceCell<DatabaseConnection>,
    /// Where the programs are taken from instead of this build.
    binaries: Option<PathBuf>,
}

/// A program that serves the API.
pub struct Server {
    /// It.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// A client without a session.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }
}

impl World {
    /// Stores of this run's mode, with nothing in them, not even tables.
    pub async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let stores = Stores::new(&folder.path().join("data")).await;
        Self { folder, stores, rows: OnceCell::new(), binaries: None }
    }

    /// A folder, and stores that the caller has made and ends: what these variables name, else embedded ones.
    pub fn on(variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let stores = Stores::local(&folder.path().join("data"));
        let mut world = Self { folder, stores, rows: OnceCell::new(), binaries: None };
        variables.iter().for_each(|(name, value)| world.set(name, value));
        world
    }

    /// Makes the tables.
    pub async fn migrate(&self) {
        let platform = self.platform().await;
        make_tables(&platform.database).await;
        platform.database.close().await.unwrap();
    }

    /// The same with tables.
    pub async fn migrated() -> Self {
        let world = Self::new().await;
        world.migrate().await;
        world
    }

    /// Sets a variable for every program that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.stores.variables.retain(|(known, _)| known != name);
        self.stores.variables.push((name.to_owned(), value.to_owned()));
    }

    /// A variable that every program is given.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.stores.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Starts programs of another build from now on, which lie in this folder, or of this one again.
    pub fn set_binaries(&mut self, folder: Option<&Path>) {
        self.binaries = folder.map(Path::to_owned);
    }

    /// Where the database is.
    pub fn database_url(&self) -> String {
        self.stores.config().database_url()
    }

    /// The folder that programs run in; embedded data lies in its `data`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program with the world's variables, and `extra` over them.
    pub fn command(&self, program: &str, arguments: &[&str], extra: &[(&str, &str)]) -> Command {
        let path = self.binaries.as_ref().map_or_else(|| binary(program), |folder| folder.join(program));
        let mut command = command(&path, self.folder(), &self.stores.variables);
        command.args(arguments).envs(extra.iter().copied());
        command
    }

    /// Runs a program to its end, which must come within half a minute.
    pub async fn run(&self, program: &str, arguments: &[&str], extra: &[(&str, &str)]) -> Output {
        let mut process = Process::start(self.command(program, arguments, extra));
        let status = process.ended(PATIENCE).await;
        Output { status, stdout: process.stdout().into_bytes(), stderr: process.stderr().into_bytes() }
    }

    /// `darkroom`, serving.
    pub async fn darkroom(&self) -> Server {
        let mut process = Process::start(self.command("darkroom", &[], &[]));
        let line = process.printed(" is serving at ").await;
        let address = line.rsplit_once("http://").and_then(|(_, address)| address.trim().parse().ok());
        let server = Server { address: address.unwrap_or_else(|| panic!("no address in {line:?}")), process };
        serves(&server).await;
        server
    }

    /// `darkroom-api`, serving.
    pub async fn api(&self) -> Server {
        let mut process = Process::start(self.command("darkroom-api", &[], &[]));
        let line = process.logged("serving").await;
        let address = line["listen"].as_str().and_then(|address| address.parse().ok());
        let server = Server { address: address.unwrap_or_else(|| panic!("no address in {line}")), process };
        serves(&server).await;
        server
    }

    /// `darkroom-worker`, at work, with `extra` variables.
    pub async fn worker(&self, extra: &[(&str, &str)]) -> Process {
        let mut process = Process::start(self.command("darkroom-worker", &[], extra));
        process.logged("darkroom-worker started").await;
        process
    }

    async fn platform(&self) -> Platform {
        Platform::connect(self.stores.config(), Clock::system()).await.unwrap()
    }

    /// The one whole number that a SELECT gives, in a column named `n`.
    pub async fn number(&self, sql: &str) -> i64 {
        // Past a pooler, if there is one: this connection is the driver's own.
        let config = self.stores.config();
        let url = match config.database.direct_url.expose() {
            "" => config.database_url(),
            direct => direct.to_owned(),
        };
        let rows = self.rows.get_or_init(async || Database::connect(url).await.unwrap()).await;
        let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
        row.and_then(|row| row.try_get::<Option<i64>>("", "n").unwrap()).unwrap_or_default()
    }

    /// How many rows of a table meet a condition.
    pub async fn count(&self, table: &str, condition: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}")).await
    }

    /// Waits until as many photos are ready. Says how long it took.
    pub async fn ready(&self, photos: i64, within: Duration) -> Duration {
        let what = format!("{photos} photos are ready");
        until(&what, within, async || {
            assert_eq!(self.count("media", "status = 'failed'").await, 0, "no photo fails");
            self.count("media", "status = 'ready'").await >= photos
        })
        .await
    }

    /// Waits until nothing works on photos, then asserts that so many are ready, that each has each size in JPEG once, and
    /// that nothing lies in the store that no row knows.
    pub async fn each_photo_once(&self, photos: i64) {
        let jobs = "name LIKE 'media.%' AND name <> 'media.sweep'";
        until("no photo is worked on", PATIENCE, async || self.count("job", jobs).await == 0).await;
        assert_eq!(self.count("media", "status = 'ready'").await, photos);
        assert_eq!(self.count("media", "status <> 'ready'").await, 0);
        let sizes = "SELECT COUNT(*) AS n FROM (SELECT media_id FROM rendition WHERE format = 'jpeg'
            GROUP BY media_id HAVING COUNT(*) = 3) AS x";
        assert_eq!(self.number(sizes).await, photos, "photos with exactly three renditions in JPEG");
        let renditions = self.count("rendition", "1 = 1").await;
        assert_eq!(
            self.object_keys().await.len() as i64,
            photos + renditions,
            "originals and renditions, nothing else"
        );
        assert_eq!(self.count("job", "state = 'dead'").await, 0, "jobs are left");
    }

    /// Every object key there is, in order.
    pub async fn object_keys(&self) -> Vec<String> {
        let objects = darkroom_platform::Objects::connect(&self.stores.config()).unwrap();
        let mut keys: Vec<String> = objects.list("").try_collect().await.unwrap();
        keys.sort();
        keys
    }

    /// Removes what is not in the folder. Programs must have ended, or they lose their database.
    pub async fn end(mut self) {
        if let Some(rows) = self.rows.take() {
            rows.close().await.unwrap();
        }
        self.stores.drop_database().await;
    }
}

async fn serves(server: &Server) {
    let (client, url) = (server.client(), server.client().url("/healthz"));
    until("it answers /healthz", PATIENCE, async || {
        client.http().get(&url).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
}
