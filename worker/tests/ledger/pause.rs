//! A paused queue: nothing of it is started, all else goes on, and nothing is lost.

use std::time::Duration;

use darkroom_service::job::{Queue, pause};
use darkroom_service::operator::Actor;
use darkroom_worker::{Registry, drain_with};
use tokio::sync::Semaphore;

use crate::stage::{Count, Stage, test_job, until};

static HELD_BACK: Count = Count::new();
test_job!(HeldBack on Bulk, run |app| {
    HELD_BACK.up();
    Ok(())
});

static PASSED: Count = Count::new();
test_job!(Passing on FanOut, run |app| {
    PASSED.up();
    Ok(())
});

#[tokio::test]
async fn a_worker_that_starts_leaves_a_paused_queue_alone_until_it_is_resumed() {
    let stage = Stage::live().await;
    pause::pause(&stage.app, Actor::Machine, Queue::Bulk).await.unwrap();
    stage.enqueue(&HeldBack::new()).await;
    stage.enqueue_silently(&HeldBack::new()).await;
    let working = stage.work(Registry::new().with::<HeldBack>().with::<Passing>(), 2);
    // Each of these takes several sweeps' time, which is when the other queue would be looked at.
    for passed in 1..=3 {
        stage.enqueue_silently(&Passing::new()).await;
        until("the other queue goes on", async || PASSED.get() == passed).await;
    }
    assert_eq!(HELD_BACK.get(), 0);
    pause::resume(&stage.app, Actor::Machine, Queue::Bulk).await.unwrap();
    until("both have run", async || HELD_BACK.get() == 2).await;
    until("both are gone", async || stage.rows::<HeldBack>().await.is_empty()).await;
    working.stop().await;
    stage.end().await;
}

static GATE: Semaphore = Semaphore::const_new(0);
static BEGUN: Count = Count::new();
test_job!(Long on Bulk, run |app| {
    BEGUN.up();
    GATE.acquire().await.unwrap().forget();
    Ok(())
});

static SHORT: Count = Count::new();
test_job!(Short on Bulk, run |app| {
    SHORT.up();
    Ok(())
});

#[tokio::test]
async fn a_worker_that_works_hears_of_a_pause_and_ends_what_it_runs() {
    let stage = Stage::live().await;
    let working = stage.work(Registry::new().with::<Long>().with::<Short>(), 2);
    stage.enqueue(&Long::new()).await;
    until("the long one runs", async || BEGUN.get() == 1).await;
    pause::pause(&stage.app, Actor::Machine, Queue::Bulk).await.unwrap();
    // A job is done within moments, so that a few wait together only when none is started any more.
    until("nothing is started", async || {
        stage.enqueue(&Short::new()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.rows::<Short>().await.len() > 4
    })
    .await;
    let done = SHORT.get();
    GATE.add_permits(1);
    until("the long one has ended", async || stage.rows::<Long>().await.is_empty()).await;
    assert_eq!(SHORT.get(), done, "its place is taken by none");
    pause::resume(&stage.app, Actor::Machine, Queue::Bulk).await.unwrap();
    until("all are gone", async || stage.rows::<Short>().await.is_empty()).await;
    working.stop().await;
    stage.end().await;
}

static DRAINED: Count = Count::new();
test_job!(Drained on Interactive, run |app| {
    DRAINED.up();
    Ok(())
});

#[tokio::test]
async fn draining_passes_a_paused_queue_by_and_ends() {
    let stage = Stage::still().await;
    stage.enqueue(&Drained::new()).await;
    let drain = async || drain_with(&stage.app, Registry::new().with::<Drained>(), || {}).await.unwrap();
    for _ in 0..2 {
        pause::pause(&stage.app, Actor::Machine, Queue::Interactive).await.unwrap();
    }
    assert_eq!((drain().await, DRAINED.get()), (0, 0));
    for _ in 0..2 {
        pause::resume(&stage.app, Actor::Machine, Queue::Interactive).await.unwrap();
    }
    assert_eq!((drain().await, DRAINED.get()), (1, 1));
    stage.end().await;
}
