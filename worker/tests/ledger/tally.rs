//! What workers have done is counted for all to see, at the latest when they end.

use darkroom_entity::job_tally;
use darkroom_service::Error;
use darkroom_worker::Registry;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::stage::{Stage, test_job, until};

// On a queue on which nothing comes back by itself.
test_job!(Succeeding on FanOut, run |app| {
    Ok(())
});

test_job!(Failing on FanOut, run |app| {
    Err(Error::internal("on purpose"))
});

#[tokio::test]
async fn runs_that_have_ended_are_counted_by_their_queue() {
    let stage = Stage::live().await;
    let registry = || Registry::new().with::<Succeeding>().with::<Failing>();
    for _ in 0..2 {
        let working = stage.work(registry(), 2);
        stage.enqueue(&Succeeding::new()).await;
        until("it is done", async || stage.rows::<Succeeding>().await.is_empty()).await;
        working.stop().await;
    }
    let working = stage.work(registry(), 2);
    stage.enqueue(&Failing::new()).await;
    until("it has failed", async || stage.row::<Failing>().await.last_error.is_some()).await;
    working.stop().await;

    let of_fan_out = job_tally::Entity::find().filter(job_tally::Column::Queue.eq("fanout"));
    let rows = of_fan_out.all(stage.app.rows()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.done).sum::<i64>(), 2, "{rows:?}");
    assert!(rows.iter().map(|row| row.failed).sum::<i64>() >= 1, "{rows:?}");
    stage.end().await;
}
