//! A Darkroom with stores of its own: its processes and everything below them can be taken away.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use darkroom_entity::job;
use darkroom_platform::Clock;
use darkroom_service::job::Queue;
use darkroom_testing::process::{PATIENCE, PostgresServer, Process, RedisServer, S3Server, Server, World};
use sea_orm::{
    ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, Statement,
};
use uuid::Uuid;

use crate::proxy::{Mode, Proxy};

/// Which form of the product it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `darkroom` on SQLite and a folder.
    Embedded,
    /// Two `darkroom-api` and two `darkroom-worker` on PostgreSQL, Redis and S3.
    Clustered,
}

/// Where requests may go: shared with those who ask.
pub(crate) type Addresses = Arc<RwLock<Vec<SocketAddr>>>;

/// The stores of the clustered form, each behind a proxy.
pub(crate) struct Stores {
    pub(crate) postgres: PostgresServer,
    pub(crate) redis: RedisServer,
    pub(crate) to_postgres: Proxy,
    pub(crate) to_redis: Proxy,
    pub(crate) to_s3: Proxy,
    _s3: S3Server,
}

/// One Darkroom.
pub(crate) struct Site {
    pub(crate) form: Form,
    // Programs end before their stores.
    pub(crate) apis: Vec<Server>,
    pub(crate) workers: Vec<Process>,
    pub(crate) world: World,
    /// Photos that a fault has let FAIL, as it should.
    pub(crate) spoiled: i64,
    stores: Option<Stores>,
    addresses: Addresses,
    /// Past the proxies: what is looked at while a fault lasts.
    rows: DatabaseConnection,
}

impl Site {
    /// Starts one of this form. An embedded one has its data in `data`, if that is given.
    pub(crate) async fn start(form: Form, data: Option<&Path>) -> Self {
        let mut world = World::on(&[
            ("DARKROOM_RATES_UPLOADS_PER_ACCOUNT", "0"),
            ("DARKROOM_LIMITS_FOLLOWS_PER_HOUR", "1000000"),
            ("DARKROOM_LOG_FORMAT", "json"),
        ]);
        let mut stores = None;
        let url = match form {
            Form::Embedded => {
                if let Some(data) = data {
                    world.set("DARKROOM_DATA_DIR", &data.display().to_string());
                }
                // As short as it may be: what a killed process had begun waits for it.
                world.set("DARKROOM_WORKER_LEASE_SECONDS", "5");
                world.migrate().await;
                world.database_url()
            }
            Form::Clustered => {
                let (made, url) = Stores::start(&mut world).await;
                stores = Some(made);
                world.migrate().await;
                url
            }
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(4).sqlx_logging(false);
        let rows = Database::connect(options).await.unwrap();
        let (apis, workers, addresses) = (Vec::new(), Vec::new(), Addresses::default());
        let mut site = Self { form, apis, workers, world, spoiled: 0, stores, addresses, rows };
        for _ in 0..if form == Form::Clustered { 2 } else { 1 } {
            site.start_api().await;
        }
        for _ in 0..if form == Form::Clustered { 2 } else { 0 } {
            site.start_worker(&[]).await;
        }
        site
    }

    /// The stores of a clustered one.
    pub(crate) fn stores(&mut self) -> &mut Stores {
        self.stores.as_mut().expect("a fault of the clustered form")
    }

    /// Where requests may go.
    pub(crate) fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    /// Starts another server of the API; the embedded program, in the embedded form.
    pub(crate) async fn start_api(&mut self) {
        let server = match self.form {
            Form::Embedded => self.world.darkroom().await,
            Form::Clustered => self.world.api().await,
        };
        self.write_addresses(|addresses| addresses.push(server.address));
        self.apis.push(server);
    }

    /// Starts another worker, with these variables over the others.
    pub(crate) async fn start_worker(&mut self, extra: &[(&str, &str)]) {
        let worker = self.world.worker(extra).await;
        self.workers.push(worker);
    }

    /// Kills the oldest server of the API. Those who ask still know its address until [`Site::forget_killed`].
    pub(crate) fn kill_api(&mut self) -> Server {
        let mut server = self.apis.remove(0);
        server.process.kill();
        server
    }

    /// Sends nobody to this address any more.
    pub(crate) fn forget(&self, address: SocketAddr) {
        self.write_addresses(|addresses| addresses.retain(|known| *known != address));
    }

    /// Stops the oldest server of the API in order: first nobody is sent to it, as a load balancer does.
    pub(crate) async fn stop_api(&mut self) {
        let mut server = self.apis.remove(0);
        self.forget(server.address);
        server.process.stop(PATIENCE).await;
    }

    fn write_addresses(&self, change: impl FnOnce(&mut Vec<SocketAddr>)) {
        change(&mut self.addresses.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The database, past every proxy.
    pub(crate) fn rows(&self) -> &DatabaseConnection {
        &self.rows
    }

    /// The one whole number that a SELECT gives, in a column named `n`.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.rows.get_database_backend(), sql);
        let row = self.rows.query_one_raw(statement).await.unwrap();
        row.and_then(|row| row.try_get::<Option<i64>>("", "n").unwrap()).unwrap_or_default()
    }

    /// How many rows of a table meet a condition.
    pub(crate) async fn count(&self, table: &str, condition: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}")).await
    }

    /// The texts of the column `line` of a SELECT.
    pub(crate) async fn lines(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.rows.get_database_backend(), sql);
        let found = self.rows.query_all_raw(statement).await.unwrap();
        found.iter().map(|row| row.try_get("", "line").unwrap()).collect()
    }

    /// Writes a job behind the product's back, due now.
    pub(crate) async fn enqueue(&self, name: &str, payload: serde_json::Value, queue: Queue) -> Uuid {
        let clock = Clock::system();
        let id = clock.new_id();
        let row = job::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            payload: Set(payload),
            queue: Set(queue.as_str().to_owned()),
            state: Set(job::State::Queued),
            attempts: Set(0),
            run_at: Set(clock.now()),
            lease_until: Set(None),
            unique_key: Set(None),
            last_error: Set(None),
            created_at: Set(clock.now()),
            trace: Set(None),
        };
        job::Entity::insert(row).exec_without_returning(&self.rows).await.unwrap();
        id
    }

    /// Changes rows behind the product's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.rows.execute_unprepared(sql).await.unwrap();
    }

    /// What the programs that run now called errors, each kind once.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let processes = self.apis.iter().map(|server| &server.process).chain(&self.workers);
        let lines = processes.flat_map(Process::log).filter(|line| {
            line["level"] == "ERROR" || line["message"].as_str().is_some_and(|text| text.starts_with("job failed"))
        });
        let mut complaints: Vec<String> = lines
            .map(|line| {
                let job = line["span"]["job"].as_str().unwrap_or_default();
                format!(
                    "{} {job} {}",
                    line["message"].as_str().unwrap_or_default(),
                    line["error"].as_str().unwrap_or_default()
                )
            })
            .collect();
        complaints.sort_unstable();
        complaints.dedup();
        complaints
    }

    /// Programs that ended though nobody ended them.
    pub(crate) fn fallen(&mut self) -> Vec<String> {
        let apis = self.apis.iter_mut().map(|server| &mut server.process);
        apis.chain(&mut self.workers)
            .filter_map(|process| (!process.is_running()).then(|| last_words(process)))
            .collect()
    }
}

fn last_words(process: &Process) -> String {
    process.stderr().lines().last().unwrap_or("it said nothing").to_owned()
}

impl Stores {
    async fn start(world: &mut World) -> (Self, String) {
        let (postgres, redis, s3) =
            tokio::join!(PostgresServer::start(), RedisServer::start(), async { S3Server::start().await });
        let to_postgres = Proxy::before(postgres.address()).await;
        let to_redis = Proxy::before(redis.address()).await;
        let to_s3 = Proxy::before(s3.address().parse().unwrap()).await;
        world.set("DARKROOM_DATABASE_URL", &PostgresServer::url_at(to_postgres.address()));
        world.set("DARKROOM_DATABASE_MAX_CONNECTIONS", "8");
        world.set("DARKROOM_REDIS_URL", &format!("redis://{}", to_redis.address()));
        world.set("DARKROOM_OBJECTS_URL", &S3Server::url());
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", to_s3.address()));
        S3Server::credentials().iter().for_each(|(name, value)| world.set(name, value));
        let url = PostgresServer::url_at(postgres.address());
        (Self { postgres, redis, to_postgres, to_redis, to_s3, _s3: s3 }, url)
    }

    /// A store's proxy in a mode for a while.
    pub(crate) async fn disturb(proxy: &Proxy, mode: Mode, duration: Duration) {
        proxy.set(mode);
        tokio::time::sleep(duration).await;
        proxy.set(Mode::Pass);
    }
}
