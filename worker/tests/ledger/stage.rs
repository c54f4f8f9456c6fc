//! What the tests play on: an application with an empty ledger, and workers that end with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use darkroom_entity::job;
use darkroom_platform::config::{Config, Role};
use darkroom_platform::{Clock, Platform};
use darkroom_service::App;
use darkroom_service::job::{Job, Queue};
use darkroom_worker::Registry;
use sea_orm::{ColumnTrait, ConnectionTrait, Database, EntityTrait, QueryFilter, QueryOrder};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// Longest wait for anything: far more than it takes, so that only what never comes fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An application with an empty ledger. Its database goes with it.
pub(crate) struct Stage {
    pub(crate) app: App,
    folder: TempDir,
    settings: Vec<(String, String)>,
    server: Option<(String, String)>,
}

/// Where a manual clock begins.
pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 5, 4, 12, 0, 0).unwrap()
}

pub(crate) fn is_clustered() -> bool {
    std::env::var("DARKROOM_TEST_MODE").is_ok_and(|mode| mode == "clustered")
}

impl Stage {
    /// With a clock that stands still at [`noon`].
    pub(crate) async fn still() -> Self {
        Self::with(Clock::manual(noon()), |_| {}).await
    }

    /// With the machine's clock, for what renews and waits by itself.
    pub(crate) async fn live() -> Self {
        Self::with(Clock::system(), |_| {}).await
    }

    /// With this clock; `change` sets what validation would refuse as too short for real life.
    pub(crate) async fn with(clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let mut settings = vec![
            ("DARKROOM_DATA_DIR".to_owned(), data),
            ("DARKROOM_WORKER_SWEEP_INTERVAL_MS".to_owned(), "50".to_owned()),
            ("DARKROOM_WORKER_MAX_ATTEMPTS".to_owned(), "3".to_owned()),
            ("DARKROOM_SECRET".to_owned(), "0123456789abcdef0123456789abcdef".to_owned()),
        ];
        let mut server = None;
        if is_clustered() {
            let missing = "clustered tests need it: run them by scripts/test";
            let url = std::env::var("DARKROOM_TEST_DATABASE_URL").expect(missing);
            let redis = std::env::var("DARKROOM_TEST_REDIS_URL").expect(missing);
            let name = format!("worker_{}", Uuid::new_v4().simple());
            let admin = Database::connect(url.as_str()).await.unwrap();
            admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            admin.close().await.unwrap();
            let (base, _) = url.rsplit_once('/').unwrap();
            settings.push(("DARKROOM_DATABASE_URL".to_owned(), format!("{base}/{name}")));
            settings.push(("DARKROOM_REDIS_URL".to_owned(), redis));
            settings.push(("DARKROOM_REDIS_KEY_PREFIX".to_owned(), name.clone()));
            server = Some((url, name));
        }
        let mut config = Config::load_from(Role::Single, None, settings.clone()).unwrap();
        change(&mut config);
        let platform = Platform::connect(config, clock).await.unwrap();
        platform.database.migrate().await.unwrap();
        Self { app: App::new(platform), folder, settings, server }
    }

    /// The settings of this stage as environment variables, for processes beside this one.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// A folder that goes with the stage.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Writes a job that is announced.
    pub(crate) async fn enqueue<J: Job>(&self, job: &J) {
        let mut change = self.app.begin().await.unwrap();
        change.enqueue(job).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Writes a job that is due and of which nobody is told.
    pub(crate) async fn enqueue_silently<J: Job>(&self, job: &J) {
        let mut change = self.app.begin().await.unwrap();
        change.enqueue_at(job, self.app.clock.now()).await.unwrap();
        change.commit().await.unwrap();
    }

    /// The rows of a kind of job.
    pub(crate) async fn rows<J: Job>(&self) -> Vec<job::Model> {
        let rows = job::Entity::find().filter(job::Column::Name.eq(J::NAME)).order_by_asc(job::Column::Id);
        rows.all(self.app.rows()).await.unwrap()
    }

    /// The only row of a kind of job.
    pub(crate) async fn row<J: Job>(&self) -> job::Model {
        let mut rows = self.rows::<J>().await;
        assert_eq!(rows.len(), 1, "one row of {}", J::NAME);
        rows.remove(0)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.app.clock.advance(chrono::Duration::seconds(seconds));
    }

    /// Starts workers on all queues.
    pub(crate) fn work(&self, registry: Registry, concurrency: usize) -> Working {
        let (app, shutdown) = (self.app.clone(), CancellationToken::new());
        let token = shutdown.clone();
        let task: JoinHandle<_> =
            tokio::spawn(
                async move { darkroom_worker::run_with(app, registry, &Queue::ALL, concurrency, token).await },
            );
        Working { shutdown, task: AbortOnDropHandle::new(task) }
    }

    /// Ends connections and removes the database of a clustered stage.
    pub(crate) async fn end(self) {
        self.app.settle().await;
        self.app.database.close().await.unwrap();
        if let Some((url, name)) = &self.server {
            let admin = Database::connect(url.as_str()).await.unwrap();
            admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            admin.close().await.unwrap();
        }
    }
}

/// Workers that run; dropped, they are gone as if killed.
pub(crate) struct Working {
    pub(crate) shutdown: CancellationToken,
    task: AbortOnDropHandle<anyhow::Result<()>>,
}

impl Working {
    /// Waits for their end.
    pub(crate) async fn ended(self) -> anyhow::Result<()> {
        tokio::time::timeout(PATIENCE, self.task).await.expect("the workers end").unwrap()
    }

    /// Asks them to end and waits for it.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.ended().await.unwrap();
    }
}

/// Waits until it holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How often something happened.
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts when it is dropped: shows that a handler was really stopped.
pub(crate) struct OnDrop(pub(crate) &'static Count);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.up();
    }
}

/// Declares a job of one test: its type, its name, its queue, what a run does and, if wanted, how it is given up.
macro_rules! test_job {
    ($name:ident on $queue:ident, timeout $timeout:expr, run |$app:ident| $run:expr, give_up $give_up:expr) => {
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        struct $name {
            #[allow(dead_code)]
            id: uuid::Uuid,
        }
        impl $name {
            fn new() -> Self {
                Self { id: uuid::Uuid::new_v4() }
            }
        }
        impl darkroom_service::job::Job for $name {
            const NAME: &'static str = concat!("test.", stringify!($name));
            const QUEUE: darkroom_service::job::Queue = darkroom_service::job::Queue::$queue;
            const TIMEOUT: std::time::Duration = $timeout;
        }
        impl darkroom_worker::Handler for $name {
            async fn run(self, $app: &darkroom_service::App) -> darkroom_service::Result<()> {
                let _ = $app;
                $run
            }
            async fn give_up(self, _app: &darkroom_service::App) -> darkroom_service::Result<()> {
                $give_up
            }
        }
    };
    ($name:ident on $queue:ident, run |$app:ident| $run:expr) => {
        test_job!($name on $queue, timeout std::time::Duration::from_secs(60), run |$app| $run, give_up Ok(()));
    };
}
pub(crate) use test_job;
