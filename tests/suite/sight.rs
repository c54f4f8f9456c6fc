//! What is measured although nothing happens: queues, dead jobs, stores.

use chrono::TimeDelta;
use darkroom_entity::job::{self, State};
use darkroom_platform::metrics::{self, Queue, Store};
use darkroom_service::sight;
use darkroom_testing::{TestApp, picture};
use sea_orm::{ActiveValue::Set, EntityTrait};

/// What the gauges say of a queue: jobs that wait, seconds of the oldest, dead ones.
fn line(queue: &'static str) -> (i64, f64, i64) {
    let (metrics, labels) = (metrics::enable(), Queue { queue });
    let depth = metrics.queue_depth.get_or_create(&labels).get();
    let oldest = metrics.queue_oldest.get_or_create(&labels).get();
    let dead = metrics.dead_jobs.get_or_create(&labels).get();
    (depth, oldest, dead)
}

#[tokio::test]
async fn queues_are_measured_by_what_is_due() {
    metrics::enable();
    let app = TestApp::start().await;
    sight::sample(&app.app).await;
    assert_eq!(line("interactive"), (0, 0.0, 0));

    let ada = app.client().sign_up("ada").await;
    ada.photo(picture::jpeg(40, 30)).await;
    app.clock.advance(TimeDelta::seconds(90));
    sight::sample(&app.app).await;
    let (depth, oldest, dead) = line("interactive");
    assert_eq!((depth, dead), (1, 0));
    assert!((90.0..100.0).contains(&oldest), "{oldest} s");

    app.run_jobs().await;
    sight::sample(&app.app).await;
    assert_eq!(line("interactive"), (0, 0.0, 0), "what is done waits no more");
    let metrics = metrics::enable();
    for store in ["database", "objects"] {
        assert_eq!(metrics.store_up.get_or_create(&Store { store }).get(), 1, "{store} answers");
    }
    assert!(metrics.sampled.get() > 0.0);
    app.finish().await;
}

#[tokio::test]
async fn a_long_line_is_counted_so_far_and_no_further() {
    metrics::enable();
    let app = TestApp::start().await;
    let now = app.clock.now();
    let row = |state: State, run_at| job::ActiveModel {
        id: Set(app.clock.new_id()),
        name: Set("post.purge".to_owned()),
        payload: Set(serde_json::json!({})),
        queue: Set("bulk".to_owned()),
        state: Set(state),
        attempts: Set(0),
        run_at: Set(run_at),
        lease_until: Set(None),
        unique_key: Set(None),
        last_error: Set(None),
        created_at: Set(now),
        trace: Set(None),
    };
    let mut rows = vec![row(State::Dead, now), row(State::Dead, now), row(State::Queued, now + TimeDelta::hours(1))];
    rows.extend((0..10_050).map(|_| row(State::Queued, now - TimeDelta::seconds(5))));
    for some in rows.chunks(1000) {
        job::Entity::insert_many(some.to_vec()).exec_without_returning(app.app.rows()).await.unwrap();
    }
    sight::sample(&app.app).await;
    let (depth, oldest, dead) = line("bulk");
    assert_eq!((depth, dead), (10_001, 2));
    assert!(oldest >= 5.0);
    assert_eq!(line("fanout"), (0, 0.0, 0), "each queue has its own");
    app.abandon().await;
}
