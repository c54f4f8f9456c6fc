//! What workers have done, minute by minute.

use chrono::{DurationRound, TimeDelta};
use darkroom_service::job::tally::{self, Tally};
use darkroom_testing::TestApp;
use serde_json::json;

use super::appoint;

#[tokio::test]
async fn work_is_that_of_the_last_whole_minutes_and_forgotten_after_two_days() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let work = async |minutes: i32| {
        let query = "query($minutes: Int!) { work(minutes: $minutes) { queue minutes done failed } }";
        ada.operate(query, json!({ "minutes": minutes })).await
    };
    let bulk = async |minutes: i32| {
        let answer = work(minutes).await;
        let all = answer.at("/work").as_array().unwrap().clone();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|of| of["minutes"] == minutes));
        let of = all.iter().find(|of| of["queue"] == "BULK").unwrap();
        (of["done"].as_i64().unwrap(), of["failed"].as_i64().unwrap())
    };
    // The beginning of a minute, so that what follows lies within it.
    let now = app.clock.now();
    let next = now.duration_trunc(TimeDelta::minutes(1)).unwrap() + TimeDelta::minutes(1);
    app.clock.advance(next - now);
    // Two workers, in the same minute.
    for done in [3, 4] {
        tally::add(&app.app, &[("bulk", Tally { done, failed: 1 }), ("fanout", Tally::default())].into())
            .await
            .unwrap();
    }
    assert_eq!(app.rows("job_tally").await, 1, "nothing has no row");
    assert_eq!(bulk(5).await, (0, 0), "this minute is not over");
    app.clock.advance(TimeDelta::minutes(1));
    tally::add(&app.app, &[("bulk", Tally { done: 10, failed: 0 })].into()).await.unwrap();
    assert_eq!(bulk(1).await, (7, 2));
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!((bulk(1).await, bulk(5).await, bulk(1440).await), ((10, 0), (17, 2), (17, 2)));
    app.clock.advance(TimeDelta::minutes(5));
    assert_eq!((bulk(5).await, bulk(60).await), ((0, 0), (17, 2)));
    for minutes in [0, -1, 1441] {
        assert_eq!(work(minutes).await.error_code(), "INVALID", "{minutes}");
    }

    tally::sweep(&app.app).await.unwrap();
    assert_eq!(app.rows("job_tally").await, 2);
    app.clock.advance(TimeDelta::days(2));
    tally::sweep(&app.app).await.unwrap();
    assert_eq!(app.rows("job_tally").await, 0);
    app.finish().await;
}
