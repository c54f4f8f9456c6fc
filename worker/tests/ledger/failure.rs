//! What the envelope makes of jobs that fail.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use darkroom_entity::job::State;
use darkroom_service::Error;
use darkroom_service::job::Job;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_worker::{Registry, drain_with};

use crate::stage::{Count, OnDrop, Stage, test_job};

/// Longer than every back-off.
const LATER: i64 = 3600;

const MINUTE: Duration = Duration::from_secs(60);

async fn drain(stage: &Stage, registry: Registry) -> usize {
    drain_with(&stage.app, registry, || {}).await.unwrap()
}

static FAILED: Count = Count::new();
static GIVEN_UP: Count = Count::new();
test_job!(Fails on Interactive, timeout MINUTE,
run |app| {
    FAILED.up();
    Err(Error::internal(std::io::Error::other("the disk is on fire")))
},
give_up {
    GIVEN_UP.up();
    Ok(())
});

#[tokio::test]
async fn an_error_is_tried_again_later_and_then_given_up_once() {
    let stage = Stage::still().await;
    stage.enqueue(&Fails::new()).await;

    assert_eq!(drain(&stage, Registry::new().with::<Fails>()).await, 1);
    let row = stage.row::<Fails>().await;
    assert_eq!((row.state, row.attempts), (State::Queued, 1));
    assert!(row.run_at > stage.app.clock.now());
    assert!(row.last_error.unwrap().contains("the disk is on fire"));
    assert_eq!(drain(&stage, Registry::new().with::<Fails>()).await, 0, "not before its time");

    stage.advance(LATER);
    assert_eq!(drain(&stage, Registry::new().with::<Fails>()).await, 1);
    assert_eq!(GIVEN_UP.get(), 0);
    stage.advance(LATER);
    assert_eq!(drain(&stage, Registry::new().with::<Fails>()).await, 1);
    let row = stage.row::<Fails>().await;
    assert_eq!((row.state, row.attempts, row.lease_until), (State::Dead, 3, None));
    assert!(row.last_error.unwrap().contains("the disk is on fire"));
    assert_eq!((FAILED.get(), GIVEN_UP.get()), (3, 1));

    stage.advance(LATER);
    assert_eq!(drain(&stage, Registry::new().with::<Fails>()).await, 0, "dead is dead");
    stage.end().await;
}

static PANICKED: Count = Count::new();
test_job!(Panics on Bulk, run |app| {
    PANICKED.up();
    panic!("a nasty surprise")
});

#[tokio::test]
async fn a_panic_is_an_error_like_others() {
    let stage = Stage::still().await;
    stage.enqueue(&Panics::new()).await;
    for _ in 0..3 {
        assert_eq!(drain(&stage, Registry::new().with::<Panics>()).await, 1);
        stage.advance(LATER);
    }
    let row = stage.row::<Panics>().await;
    assert_eq!((row.state, PANICKED.get()), (State::Dead, 3));
    assert!(row.last_error.unwrap().contains("panicked: a nasty surprise"));
    stage.end().await;
}

static STOPPED: Count = Count::new();
test_job!(Hangs on FanOut, timeout Duration::from_millis(30),
    run |app| {
        let _seen = OnDrop(&STOPPED);
        pending().await
    },
    give_up Ok(()));

#[tokio::test]
async fn a_job_that_takes_too_long_is_stopped_and_tried_again() {
    let stage = Stage::still().await;
    stage.enqueue(&Hangs::new()).await;
    assert_eq!(drain(&stage, Registry::new().with::<Hangs>()).await, 1);
    let row = stage.row::<Hangs>().await;
    assert_eq!((row.state, row.attempts), (State::Queued, 1));
    assert!(row.last_error.unwrap().contains("did not end within 0.03 s"));
    assert_eq!(STOPPED.get(), 1);
    stage.end().await;
}

static CRASHER_RAN: Count = Count::new();
static CRASHER_GIVEN_UP: Count = Count::new();
test_job!(Crasher on Interactive, timeout MINUTE,
run |app| {
    CRASHER_RAN.up();
    Ok(())
},
give_up {
    CRASHER_GIVEN_UP.up();
    Ok(())
});

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up_and_not_run_again() {
    let stage = Stage::still().await;
    stage.enqueue(&Crasher::new()).await;
    for attempt in 1..=3 {
        let ids = ledger::due(&stage.app, Crasher::QUEUE, 10).await.unwrap();
        let claimed = ledger::claim(&stage.app, Crasher::QUEUE, &ids, Suspects::One).await.unwrap();
        assert_eq!((claimed[0].attempts, claimed[0].exhausted), (attempt, false));
        stage.advance(LATER);
    }
    assert_eq!(drain(&stage, Registry::new().with::<Crasher>()).await, 1);
    assert_eq!((CRASHER_RAN.get(), CRASHER_GIVEN_UP.get()), (0, 1));
    let row = stage.row::<Crasher>().await;
    assert_eq!(row.state, State::Dead);
    assert!(row.last_error.unwrap().contains("died"));
    stage.end().await;
}

static MAY_GIVE_UP: AtomicBool = AtomicBool::new(false);
test_job!(Stubborn on Interactive, timeout MINUTE,
    run |app| Err(Error::internal("no")),
    give_up if MAY_GIVE_UP.load(Ordering::SeqCst) { Ok(()) } else { Err(Error::internal("nor this")) });

#[tokio::test]
async fn a_job_is_not_dead_before_giving_up_has_worked() {
    let stage = Stage::still().await;
    stage.enqueue(&Stubborn::new()).await;
    for _ in 0..3 {
        drain(&stage, Registry::new().with::<Stubborn>()).await;
        stage.advance(LATER);
    }
    let row = stage.row::<Stubborn>().await;
    assert_eq!((row.state, row.attempts), (State::Queued, 3));
    assert!(row.last_error.unwrap().contains("giving up failed too"));
    MAY_GIVE_UP.store(true, Ordering::SeqCst);
    assert_eq!(drain(&stage, Registry::new().with::<Stubborn>()).await, 1);
    assert_eq!(stage.row::<Stubborn>().await.state, State::Dead);
    stage.end().await;
}

test_job!(Orphan on Bulk, run |app| Ok(()));

#[tokio::test]
async fn a_job_that_no_handler_knows_waits_for_one_and_then_dies() {
    let stage = Stage::still().await;
    stage.enqueue(&Orphan::new()).await;
    drain(&stage, Registry::new()).await;
    let row = stage.row::<Orphan>().await;
    assert_eq!(row.state, State::Queued);
    assert!(row.last_error.unwrap().contains("no handler for \"test.Orphan\""));
    stage.advance(LATER);
    drain(&stage, Registry::new()).await;
    stage.advance(LATER);
    drain(&stage, Registry::new()).await;
    assert_eq!(stage.row::<Orphan>().await.state, State::Dead);
    stage.end().await;
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct OldOrphan {
    number: u8,
}

impl Job for OldOrphan {
    const NAME: &'static str = Orphan::NAME;
    const QUEUE: darkroom_service::job::Queue = Orphan::QUEUE;
}

#[tokio::test]
async fn a_payload_that_the_handler_cannot_read_is_dead_at_once() {
    let stage = Stage::still().await;
    stage.enqueue(&OldOrphan { number: 7 }).await;
    drain(&stage, Registry::new().with::<Orphan>()).await;
    let row = stage.row::<Orphan>().await;
    assert_eq!((row.state, row.attempts), (State::Dead, 1));
    assert!(row.last_error.unwrap().contains("payload can't be read"));
    stage.end().await;
}

static SECOND_RAN: Count = Count::new();
test_job!(Second on Interactive, run |app| {
    SECOND_RAN.up();
    Ok(())
});
test_job!(First on Bulk, run |app| {
    let mut change = app.begin().await?;
    change.enqueue(&Second::new()).await?;
    change.commit().await
});

#[tokio::test]
async fn draining_runs_what_follows_too_and_leaves_nothing() {
    let stage = Stage::still().await;
    for _ in 0..7 {
        stage.enqueue(&First::new()).await;
    }
    let mut seen = 0;
    let ran = drain_with(&stage.app, Registry::new().with::<First>().with::<Second>(), || seen += 1).await.unwrap();
    assert_eq!((ran, seen, SECOND_RAN.get()), (14, 14, 7));
    assert!(stage.rows::<First>().await.is_empty());
    assert!(stage.rows::<Second>().await.is_empty());
    stage.end().await;
}
