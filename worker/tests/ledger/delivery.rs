//! How jobs reach their handlers: each one, once, whatever becomes of the hints.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use darkroom_entity::job::State;
use darkroom_platform::Clock;
use darkroom_service::job::Job;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_worker::Registry;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::stage::{Count, Stage, test_job, until};

static STARTS: Mutex<Option<HashMap<Uuid, usize>>> = Mutex::new(None);

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Counted {
    number: Uuid,
}

impl Job for Counted {
    const NAME: &'static str = "test.Counted";
    const QUEUE: darkroom_service::job::Queue = darkroom_service::job::Queue::FanOut;
}

impl darkroom_worker::Handler for Counted {
    async fn run(self, _app: &darkroom_service::App) -> darkroom_service::Result<()> {
        *STARTS.lock().unwrap().get_or_insert_default().entry(self.number).or_default() += 1;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_that_come_many_times_to_many_workers_run_each_job_once() {
    let stage = Stage::live().await;
    let registry = || Registry::new().with::<Counted>();
    let workers = [stage.work(registry(), 4), stage.work(registry(), 4)];
    for _ in 0..150 {
        stage.enqueue(&Counted { number: Uuid::new_v4() }).await;
        let ids: Vec<Uuid> = stage.rows::<Counted>().await.iter().map(|row| row.id).collect();
        stage.app.transport.announce(Counted::QUEUE.as_str(), &ids).await.unwrap();
    }
    until("all jobs are done", async || stage.rows::<Counted>().await.is_empty()).await;
    for worker in workers {
        worker.stop().await;
    }
    let starts = STARTS.lock().unwrap().take().unwrap();
    assert_eq!(starts.len(), 150);
    assert!(starts.values().all(|times| *times == 1), "{starts:?}");
    stage.end().await;
}

static UNHEARD: Count = Count::new();
test_job!(Unheard on Bulk, run |app| {
    UNHEARD.up();
    Ok(())
});

#[tokio::test]
async fn the_sweep_finds_jobs_whose_hint_was_never_given_or_lost() {
    let stage = Stage::live().await;
    stage.enqueue_silently(&Unheard::new()).await;
    stage.enqueue(&Unheard::new()).await;
    stage.app.settle().await;
    let lost = stage.app.transport.take(Unheard::QUEUE.as_str(), 10, Duration::from_secs(5)).await.unwrap();
    assert_eq!(lost.len(), 1);
    let working = stage.work(Registry::new().with::<Unheard>(), 1);
    until("both have run", async || UNHEARD.get() == 2).await;
    until("both are gone", async || stage.rows::<Unheard>().await.is_empty()).await;
    working.stop().await;
    stage.end().await;
}

static TAKEN_OVER: Count = Count::new();
test_job!(Abandoned on Interactive, run |app| {
    TAKEN_OVER.up();
    Ok(())
});

#[tokio::test]
async fn the_job_of_a_worker_that_died_is_taken_over_when_its_lease_ends_and_not_before() {
    let stage = Stage::still().await;
    stage.enqueue_silently(&Abandoned::new()).await;
    let ids = ledger::due(&stage.app, Abandoned::QUEUE, 1).await.unwrap();
    let dead = ledger::claim(&stage.app, Abandoned::QUEUE, &ids, Suspects::One).await.unwrap().remove(0);
    let working = stage.work(Registry::new().with::<Abandoned>().with::<Passes>(), 1);

    // A hint alone gives it to nobody; the job behind it in the same queue shows that the hint was looked at.
    stage.app.transport.announce(Abandoned::QUEUE.as_str(), &ids).await.unwrap();
    stage.enqueue(&Passes::new()).await;
    until("the next job has run", async || PASSED.get() == 1).await;
    assert_eq!(TAKEN_OVER.get(), 0);

    stage.advance(stage.app.config.worker.lease_seconds as i64 + 1);
    until("it is done", async || stage.rows::<Abandoned>().await.is_empty()).await;
    assert_eq!(TAKEN_OVER.get(), 1);
    // The first worker was only slow: it must not bring back what is done.
    ledger::retry(&stage.app, &dead, "too late").await.unwrap();
    assert!(stage.rows::<Abandoned>().await.is_empty());
    working.stop().await;
    stage.end().await;
}

static PASSED: Count = Count::new();
test_job!(Passes on Interactive, run |app| {
    PASSED.up();
    Ok(())
});

static LONG_RUNS: Count = Count::new();
static LONG_GATE: Semaphore = Semaphore::const_new(0);
test_job!(Long on Interactive, run |app| {
    LONG_RUNS.up();
    LONG_GATE.acquire().await.unwrap().forget();
    Ok(())
});

#[tokio::test]
async fn a_lease_is_prolonged_while_its_job_runs() {
    let stage = Stage::with(Clock::system(), |config| config.worker.lease_seconds = 1).await;
    let registry = || Registry::new().with::<Long>();
    let workers = [stage.work(registry(), 2), stage.work(registry(), 2)];
    stage.enqueue(&Long::new()).await;
    until("it runs", async || LONG_RUNS.get() == 1).await;
    let first = stage.row::<Long>().await.lease_until.unwrap();
    until("the first lease is long over", async || {
        stage.app.clock.now() > first + chrono::Duration::milliseconds(1500)
    })
    .await;
    let row = stage.row::<Long>().await;
    assert_eq!((row.state, row.attempts), (State::Running, 1));
    assert!(row.lease_until.unwrap() > stage.app.clock.now());
    LONG_GATE.add_permits(2);
    until("it is done", async || stage.rows::<Long>().await.is_empty()).await;
    assert_eq!(LONG_RUNS.get(), 1);
    for worker in workers {
        worker.stop().await;
    }
    stage.end().await;
}

static CUT_RUNS: Count = Count::new();
static CUT_GATE: Semaphore = Semaphore::const_new(0);
test_job!(Cut on Interactive, run |app| {
    CUT_RUNS.up();
    CUT_GATE.acquire().await.unwrap().forget();
    Ok(())
});

#[tokio::test]
async fn another_worker_finishes_what_a_killed_one_was_in_the_middle_of() {
    let stage = Stage::with(Clock::system(), |config| config.worker.lease_seconds = 1).await;
    let registry = || Registry::new().with::<Cut>();
    let killed = stage.work(registry(), 1);
    stage.enqueue(&Cut::new()).await;
    until("it runs", async || CUT_RUNS.get() == 1).await;
    drop(killed);
    let row = stage.row::<Cut>().await;
    assert_eq!((row.state, row.attempts), (State::Running, 1), "the killed one wrote nothing");
    let other = stage.work(registry(), 1);
    until("the other one runs it", async || CUT_RUNS.get() == 2).await;
    assert_eq!(stage.row::<Cut>().await.attempts, 2);
    CUT_GATE.add_permits(1);
    until("it is done", async || stage.rows::<Cut>().await.is_empty()).await;
    other.stop().await;
    stage.end().await;
}

static BULK_RUNS: Count = Count::new();
static BULK_GATE: Semaphore = Semaphore::const_new(0);
test_job!(Heavy on Bulk, run |app| {
    BULK_RUNS.up();
    BULK_GATE.acquire().await.unwrap().forget();
    Ok(())
});
static QUICK_RUNS: Count = Count::new();
test_job!(Quick on Interactive, run |app| {
    QUICK_RUNS.up();
    Ok(())
});

#[tokio::test]
async fn interactive_jobs_pass_bulk_ones_and_no_more_is_claimed_than_can_run() {
    let stage = Stage::live().await;
    let working = stage.work(Registry::new().with::<Heavy>().with::<Quick>(), 2);
    for _ in 0..10 {
        stage.enqueue(&Heavy::new()).await;
    }
    until("bulk is full", async || BULK_RUNS.get() == 2).await;
    for _ in 0..5 {
        stage.enqueue(&Quick::new()).await;
    }
    until("interactive jobs are done", async || stage.rows::<Quick>().await.is_empty()).await;
    assert_eq!(QUICK_RUNS.get(), 5);
    let heavy = stage.rows::<Heavy>().await;
    assert_eq!(heavy.iter().filter(|row| row.state == State::Running).count(), 2);
    assert_eq!(heavy.iter().filter(|row| row.state == State::Queued && row.attempts == 0).count(), 8);
    BULK_GATE.add_permits(10);
    until("bulk jobs are done", async || stage.rows::<Heavy>().await.is_empty()).await;
    assert_eq!(BULK_RUNS.get(), 10);
    working.stop().await;
    stage.end().await;
}

#[tokio::test]
async fn what_comes_back_is_planned_once_by_many_workers() {
    let stage = Stage::still().await;
    let workers = [stage.work(Registry::all(), 1), stage.work(Registry::all(), 1)];
    until("a heartbeat is planned", async || ledger::heartbeat_seen(&stage.app).await.unwrap()).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(stage.rows::<darkroom_service::job::Heartbeat>().await.len(), 1);
    stage.end().await;
}
