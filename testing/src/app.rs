//! A whole Darkroom for one test: its own stores, a real HTTP server, jobs when the test says so, a clock that it moves.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{SubsecRound, TimeDelta};
use darkroom_platform::{Clock, Platform};
use darkroom_service::App;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::decoder;
use crate::statements::Statements;
use crate::stores::{Stores, make_tables};
use crate::wait::eventually;

/// A running Darkroom. Jobs run only by [`TestApp::run_jobs`], or after [`TestApp::start_workers`].
///
/// End it with [`TestApp::finish`]: it asserts that no job that is due was left.
pub struct TestApp {
    /// The application behind the server.
    pub app: App,
    /// Its clock: moved only by the test.
    pub clock: Clock,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it asks its database.
    pub statements: Statements,
    stores: Stores,
    stop: CancellationToken,
    server: JoinHandle<anyhow::Result<()>>,
    workers: Option<JoinHandle<anyhow::Result<()>>>,
    folder: TempDir,
}

impl TestApp {
    /// Starts one with the settings of its mode.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with further settings, as `DARKROOM_…` variables.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let mut stores = Stores::new(folder.path()).await;
        stores.variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut config = stores.config();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        config.set_listen(address);
        // A moment in the past, whole seconds: moving it forward by a day or two still lies behind real time, so no
        // certificate, token or presigned URL of a real server is from the future.
        let start = (Clock::system().now() - TimeDelta::days(3)).trunc_subsecs(0);
        let clock = Clock::manual(start);
        let mut platform = Platform::connect(config, clock.clone()).await.unwrap();
        let statements = Statements::default();
        let noted = statements.clone();
        platform.database.observe(move |statement, _| noted.note(statement));
        make_tables(&platform.database).await;
        let app = decoder::decoding(App::new(platform));
        let stop = CancellationToken::new();
        let server = tokio::spawn(darkroom_api::serve(app.clone(), listener, stop.clone()));
        Self { app, clock, address, statements, stores, stop, server, workers: None, folder }
    }

    /// The settings that another process needs to join this world, as variables.
    pub fn variables(&self) -> &[(String, String)] {
        &self.stores.variables
    }

    /// Another application on the same stores, as a second process is, and what it asks its database. Close its database
    /// in the end.
    pub async fn beside(&self) -> (App, Statements) {
        let mut platform = Platform::connect(self.stores.config(), self.clock.clone()).await.unwrap();
        let statements = Statements::default();
        let noted = statements.clone();
        platform.database.observe(move |statement, _| noted.note(statement));
        (App::new(platform), statements)
    }

    /// A client without a session.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// The folder that embedded data lies in.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Runs everything that is due, and what follows from it. Says how many jobs ran.
    pub async fn run_jobs(&self) -> usize {
        self.app.settle().await;
        let ran = darkroom_worker::drain(&self.app).await.unwrap();
        self.app.settle().await;
        ran
    }

    /// Runs jobs from now on as they come, as a real worker does.
    pub fn start_workers(&mut self) {
        let (app, stop) = (self.app.clone(), self.stop.clone());
        self.workers = Some(tokio::spawn(async move {
            let queues = darkroom_service::job::Queue::ALL;
            darkroom_worker::run(app, &queues, 2, stop).await
        }));
    }

    /// Loses a person's timeline, as an eviction or a flushed Redis does.
    pub async fn lose_timeline(&self, username: &str) {
        let account = darkroom_service::account::by_username(&self.app, None, username).await.unwrap().unwrap();
        self.app.timelines.forget(account.id).await.unwrap();
    }

    /// How many posts a person's timeline holds; none if it is not complete.
    pub async fn timeline_length(&self, username: &str) -> Option<usize> {
        let account = darkroom_service::account::by_username(&self.app, None, username).await.unwrap().unwrap();
        let window = self.app.timelines.read(account.id, account.timeline_epoch).await.unwrap();
        window.map(|window| window.ids.len())
    }

    /// Every object key there is.
    pub async fn object_keys(&self) -> Vec<String> {
        use futures::TryStreamExt;
        let mut keys: Vec<String> = self.app.objects.list("").try_collect().await.unwrap();
        keys.sort();
        keys
    }

    /// How many rows a table holds.
    pub async fn rows(&self, table: &str) -> i64 {
        use sea_orm::{ConnectionTrait, Statement};
        let rows = self.app.rows();
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    /// Jobs that are due and were not run, or are dead.
    pub async fn jobs_left(&self) -> Vec<String> {
        use darkroom_entity::job;
        use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};
        let left = job::Entity::find()
            .filter(job::Column::State.eq(job::State::Dead).or(job::Column::RunAt.lte(self.clock.now())))
            .all(self.app.rows())
            .await
            .unwrap();
        left.into_iter().map(|job| format!("{} {:?} {:?}", job.name, job.state, job.last_error)).collect()
    }

    /// Ends it in order, and asserts that it left no job undone. Workers get time for what nobody waits for.
    pub async fn finish(self) {
        self.app.settle().await;
        if self.workers.is_some() {
            let done = async || self.jobs_left().await.is_empty().then_some(());
            eventually(Duration::from_secs(60), "every job is done", done).await;
        }
        let left = self.jobs_left().await;
        self.abandon().await;
        assert!(left.is_empty(), "jobs were left: {left:#?}");
    }

    /// Ends it whatever it has left.
    pub async fn abandon(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
        if let Some(workers) = self.workers {
            workers.await.unwrap().unwrap();
        }
        self.app.settle().await;
        self.app.database.close().await.unwrap();
        self.stores.drop_database().await;
    }
}
