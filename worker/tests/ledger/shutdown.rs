//! How workers end: nothing lost, nothing run twice, nothing left behind.

use std::future::pending;

use darkroom_entity::job::State;
use darkroom_platform::Clock;
use darkroom_service::job::Queue;
use darkroom_worker::Registry;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::stage::{Count, OnDrop, Stage, test_job, until};

static FINISHING: Count = Count::new();
static FINISH_GATE: Semaphore = Semaphore::const_new(0);
test_job!(Finishes on Interactive, run |app| {
    FINISHING.up();
    FINISH_GATE.acquire().await.unwrap().forget();
    Ok(())
});

#[tokio::test]
async fn what_runs_is_finished_and_nothing_more_is_claimed() {
    let stage = Stage::live().await;
    let working = stage.work(Registry::new().with::<Finishes>(), 2);
    stage.enqueue(&Finishes::new()).await;
    until("it runs", async || FINISHING.get() == 1).await;
    working.shutdown.cancel();
    stage.enqueue(&Finishes::new()).await;
    stage.app.settle().await;
    FINISH_GATE.add_permits(2);
    working.ended().await.unwrap();
    let row = stage.row::<Finishes>().await;
    assert_eq!((row.state, row.attempts, FINISHING.get()), (State::Queued, 0, 1));
    stage.end().await;
}

static ENDLESS: Count = Count::new();
static ENDLESS_STOPPED: Count = Count::new();
test_job!(Endless on FanOut, run |app| {
    ENDLESS.up();
    let _seen = OnDrop(&ENDLESS_STOPPED);
    pending().await
});

#[tokio::test]
async fn what_cannot_finish_in_time_is_stopped_and_handed_back_as_it_was() {
    let stage = Stage::with(Clock::system(), |config| config.worker.shutdown_timeout_seconds = 1).await;
    let working = stage.work(Registry::new().with::<Endless>(), 2);
    stage.enqueue(&Endless::new()).await;
    until("it runs", async || ENDLESS.get() == 1).await;
    working.stop().await;
    assert_eq!(ENDLESS_STOPPED.get(), 1);
    let row = stage.row::<Endless>().await;
    assert_eq!((row.state, row.attempts, row.lease_until), (State::Queued, 0, None));
    stage.end().await;
}

static DONE: Count = Count::new();
test_job!(Burst on Bulk, run |app| {
    DONE.up();
    Ok(())
});

#[tokio::test]
async fn what_is_done_has_left_the_ledger_when_the_workers_have_ended() {
    let stage = Stage::live().await;
    for _ in 0..40 {
        stage.enqueue(&Burst::new()).await;
    }
    let working = stage.work(Registry::new().with::<Burst>(), 8);
    until("some have run", async || DONE.get() >= 10).await;
    working.stop().await;
    let rows = stage.rows::<Burst>().await;
    assert_eq!(rows.len(), 40 - DONE.get());
    assert!(rows.iter().all(|row| (row.state, row.attempts) == (State::Queued, 0)), "{rows:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_worker_that_never_began_ends_at_once() {
    let stage = Stage::live().await;
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    darkroom_worker::run(stage.app.clone(), &Queue::ALL, 2, shutdown).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_worker_without_a_queue_is_refused() {
    let stage = Stage::live().await;
    let error = darkroom_worker::run(stage.app.clone(), &[], 2, CancellationToken::new()).await.unwrap_err();
    assert!(error.to_string().contains("DARKROOM_WORKER_QUEUES"), "{error}");
    stage.end().await;
}
