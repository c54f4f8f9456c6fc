//! Where a scenario's rows, hints and bytes live: a world of its own, thrown away after it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, bail};
use darkroom_platform::{Clock, Config, Platform, Role};
use darkroom_service::App;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use crate::usage::{Meter, listener};

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stores {
    /// SQLite, a folder, queues in the process: one `darkroom`.
    Embedded,
    /// PostgreSQL, Redis, S3: a `darkroom-api` and a `darkroom-worker`.
    Clustered,
}

impl Stores {
    /// As figures name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Clustered => "clustered",
        }
    }
}

/// An empty Darkroom: settings, a folder, perhaps a database of its own.
pub(crate) struct World {
    /// What it runs on.
    pub(crate) stores: Stores,
    /// Where its server is to listen.
    pub(crate) address: SocketAddr,
    /// Its settings, as variables for a process.
    pub(crate) variables: Vec<(String, String)>,
    /// Names and process ids of the servers behind it, as far as this machine shows them.
    pub(crate) servers: Vec<(&'static str, u32)>,
    folder: TempDir,
    database: Option<String>,
}

impl World {
    /// Makes one, with further settings.
    pub(crate) async fn new(stores: Stores, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("darkroom-bench.").tempdir()?;
        let address = free_address()?;
        let mut world = Self { stores, address, variables: Vec::new(), servers: Vec::new(), folder, database: None };
        world.set("DARKROOM_DATA_DIR", &world.folder.path().display().to_string());
        world.set("DARKROOM_LISTEN", &address.to_string());
        world.set("DARKROOM_SECRET", "a secret of a benchmark that nobody needs to keep");
        if stores == Stores::Clustered {
            world.cluster().await?;
        }
        // What a photo costs until it is READY is measured here; WebP, which comes later, by `bench/photo --webp`.
        world.set("DARKROOM_MEDIA_WEBP", "false");
        for (name, value) in settings {
            world.set(name, value);
        }
        Ok(world)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    async fn cluster(&mut self) -> anyhow::Result<()> {
        let name = format!("bench{}", Uuid::new_v4().simple());
        let mut database = Url::parse(&named("DARKROOM_TEST_DATABASE_URL")?)?;
        administer(&format!("CREATE DATABASE {name}")).await?;
        database.set_path(&name);
        self.database = Some(name.clone());
        let (redis, s3) = (named("DARKROOM_TEST_REDIS_URL")?, named("DARKROOM_TEST_S3_ENDPOINT")?);
        self.set("DARKROOM_DATABASE_URL", database.as_str());
        self.set("DARKROOM_REDIS_URL", &redis);
        self.set("DARKROOM_REDIS_KEY_PREFIX", &name);
        self.set("DARKROOM_OBJECTS_URL", &format!("s3://{}/{name}", named("DARKROOM_TEST_S3_BUCKET")?));
        self.set("AWS_ENDPOINT_URL", &s3);
        for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            self.set(variable, &named(variable)?);
        }
        for (name, url) in [("PostgreSQL", database.as_str()), ("Redis", &redis), ("S3", &s3)] {
            let port = Url::parse(url)?.port().context("a store's URL without a port")?;
            self.servers.extend(listener(port).map(|pid| (name, pid)));
        }
        Ok(())
    }

    /// Its folder; gone with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its settings for a program of this role.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load_from(Role::Single, None, self.variables.clone())?)
    }

    /// The application on its stores, in this process, the tables made.
    pub(crate) async fn open(&self) -> anyhow::Result<App> {
        let platform = Platform::connect(self.config()?, Clock::system()).await?;
        platform.database.migrate().await?;
        Ok(App::new(platform))
    }

    /// Starts to count the time, and the CPU of these processes and then of the servers behind.
    pub(crate) fn meter(&self, pids: &[u32]) -> anyhow::Result<Meter> {
        let servers = self.servers.iter().map(|(_, pid)| *pid);
        Meter::start(&pids.iter().copied().chain(servers).collect::<Vec<_>>())
    }

    /// Removes what is not in its folder. Redis keys and objects go with their servers.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        match &self.database {
            Some(name) => administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await,
            None => Ok(()),
        }
    }
}

/// Whether `scripts/services` has started the servers that a cluster needs.
pub(crate) fn cluster_is_there() -> bool {
    std::env::var_os("DARKROOM_TEST_DATABASE_URL").is_some()
}

fn named(variable: &str) -> anyhow::Result<String> {
    match std::env::var(variable) {
        Ok(value) => Ok(value),
        Err(_) => bail!("{variable} is not set; `just bench` starts the stores, or give --embedded"),
    }
}

async fn administer(sql: &str) -> anyhow::Result<()> {
    let admin = Database::connect(named("DARKROOM_TEST_DATABASE_URL")?).await?;
    admin.execute_raw(Statement::from_string(DbBackend::Postgres, sql.to_owned())).await?;
    Ok(admin.close().await?)
}

/// A loopback address that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
