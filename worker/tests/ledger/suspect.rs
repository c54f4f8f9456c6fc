//! What ran beside a job that kills its worker is not given up with it.

use darkroom_entity::job::State;
use darkroom_service::job::Job;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_worker::Registry;
use tokio::sync::Semaphore;

use crate::stage::{Count, Stage, test_job, until};

/// Longer than every lease.
const LATER: i64 = 3600;

/// Two jobs, claimed together twice by workers that died each time.
async fn lost_twice<J: Job>(stage: &Stage, job: impl Fn() -> J) {
    for _ in 0..2 {
        stage.enqueue_silently(&job()).await;
    }
    for attempt in 1..=2 {
        let ids = ledger::due(&stage.app, J::QUEUE, 10).await.unwrap();
        let claimed = ledger::claim(&stage.app, J::QUEUE, &ids, Suspects::One).await.unwrap();
        assert_eq!(claimed.iter().map(|job| job.attempts).collect::<Vec<_>>(), [attempt, attempt]);
        stage.advance(LATER);
    }
}

test_job!(Lost on Interactive, run |app| Ok(()));

#[tokio::test]
async fn of_jobs_that_were_lost_twice_one_is_claimed_at_a_time() {
    let stage = Stage::still().await;
    lost_twice(&stage, Lost::new).await;
    let ids = ledger::due(&stage.app, Lost::QUEUE, 10).await.unwrap();
    assert_eq!(ids.len(), 2);
    let claim = async |suspects| ledger::claim(&stage.app, Lost::QUEUE, &ids, suspects).await.unwrap();
    assert_eq!(claim(Suspects::None).await, []);
    let first = claim(Suspects::One).await;
    assert_eq!(first.iter().map(|job| (job.attempts, job.may_be_suspect())).collect::<Vec<_>>(), [(3, true)]);
    // It kills a third worker. The other one was not beside it, and has its third start still.
    stage.advance(LATER);
    let second = claim(Suspects::One).await;
    assert_eq!(second.iter().map(|job| job.attempts).collect::<Vec<_>>(), [3]);
    assert_ne!(second[0].id, first[0].id);
    stage.end().await;
}

static STARTED: Count = Count::new();
static GATE: Semaphore = Semaphore::const_new(0);
test_job!(Suspected on Interactive, run |app| {
    STARTED.up();
    GATE.acquire().await.unwrap().forget();
    Ok(())
});

static BESIDE: Count = Count::new();
test_job!(Beside on Interactive, run |app| {
    BESIDE.up();
    Ok(())
});

#[tokio::test]
async fn a_worker_has_one_of_them_in_hand_and_goes_on_with_everything_else() {
    let stage = Stage::still().await;
    lost_twice(&stage, Suspected::new).await;
    let working = stage.work(Registry::new().with::<Suspected>().with::<Beside>(), 4);
    until("one has begun", async || STARTED.get() == 1).await;
    // Places are free, and hints of the other one come by with these.
    for passed in 1..=3 {
        let waiting = stage.rows::<Suspected>().await.into_iter().find(|job| job.attempts == 2).unwrap();
        stage.app.transport.announce(Suspected::QUEUE.as_str(), &[waiting.id]).await.unwrap();
        stage.enqueue(&Beside::new()).await;
        until("what is beside it has run", async || BESIDE.get() == passed).await;
    }
    let attempts: Vec<_> = stage.rows::<Suspected>().await.iter().map(|job| (job.state, job.attempts)).collect();
    assert!(attempts.contains(&(State::Running, 2)) && attempts.contains(&(State::Running, 3)), "{attempts:?}");
    assert_eq!(STARTED.get(), 1);
    GATE.add_permits(2);
    until("both are done", async || stage.rows::<Suspected>().await.is_empty()).await;
    assert_eq!(STARTED.get(), 2);
    working.stop().await;
    stage.end().await;
}
