//! Jobs as operators see them, and what they do to them.

use chrono::TimeDelta;
use darkroom_entity::job::State;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_service::job::{Queue, admin};
use darkroom_testing::{Person, TestApp, picture, uuid_of};
use serde_json::{Value, json};

use super::{act, appoint, give_up, record, row};

const LIST: &str = "query($state: JobState!, $queue: QueueName, $name: String, $first: Int!, $after: String) {
    jobs(state: $state, queue: $queue, name: $name, first: $first, after: $after) {
        nodes { id name queue state attempts lastError payload } pageInfo { hasNextPage endCursor } } }";

/// Every job of a list, page by page.
async fn all(operator: &Person, mut variables: Value, first: usize) -> Vec<Value> {
    variables["first"] = first.into();
    let mut jobs = Vec::new();
    loop {
        let page = operator.operate(LIST, variables.clone()).await;
        let nodes = page.at("/jobs/nodes").as_array().unwrap();
        assert!(nodes.len() <= first);
        jobs.extend(nodes.iter().cloned());
        let info = page.at("/jobs/pageInfo");
        if info["hasNextPage"] == false {
            return jobs;
        }
        variables["after"] = info["endCursor"].clone();
    }
}

fn ids(jobs: &[Value]) -> Vec<uuid::Uuid> {
    jobs.iter().map(|job| uuid_of(job["id"].as_str().unwrap())).collect()
}

async fn queue(operator: &Person, name: &str) -> Value {
    let fields = "waiting { number isLeast } due { number } running { number } dead { number } oldestDueAt pausedAt";
    let answer = operator.operate(&format!("{{ queues {{ name {fields} }} }}"), json!({})).await;
    let queues = answer.at("/queues").as_array().unwrap();
    assert_eq!(queues.len(), 3);
    queues.iter().find(|queue| queue["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn jobs_are_listed_by_state_queue_and_name_page_by_page() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    for _ in 0..5 {
        ada.photo(picture::jpeg(8, 8)).await;
    }
    let mut dead = give_up(&app, Queue::Interactive, "media.process").await;
    dead.reverse();
    assert_eq!(dead.len(), 5);
    for _ in 0..3 {
        ada.photo(picture::jpeg(8, 8)).await;
    }
    for first in [1, 2, 5, 100] {
        let found = all(&ada, json!({ "state": "DEAD" }), first).await;
        assert_eq!(ids(&found), dead, "the newest first, in pages of {first}");
        assert_eq!(found[0]["lastError"], "the disk is on fire");
        assert!(found[0]["payload"].as_str().unwrap().contains("media_id"));
        for narrow in [json!({ "queue": "INTERACTIVE" }), json!({ "name": "media.process" })] {
            let mut variables = narrow.clone();
            variables["state"] = json!("DEAD");
            assert_eq!(ids(&all(&ada, variables, first).await), dead, "{narrow}");
        }
        for other in [json!({ "state": "DEAD", "queue": "BULK" }), json!({ "state": "DEAD", "name": "post.purge" })] {
            assert!(all(&ada, other, first).await.is_empty());
        }
        for narrow in [json!({}), json!({ "queue": "INTERACTIVE" }), json!({ "name": "media.process" })] {
            let mut variables = narrow.clone();
            variables["state"] = json!("QUEUED");
            let waiting = all(&ada, variables, first).await;
            assert_eq!(waiting.len(), 3, "{narrow}, in pages of {first}");
            assert!(ids(&waiting).is_sorted(), "as they run");
        }
        assert!(all(&ada, json!({ "state": "RUNNING" }), first).await.is_empty());
    }
    let standing = queue(&ada, "INTERACTIVE").await;
    assert_eq!((&standing["dead"]["number"], &standing["due"]["number"]), (&json!(5), &json!(3)));
    assert!(standing["oldestDueAt"].is_string() && standing["pausedAt"].is_null());
    let foreign = json!({ "state": "QUEUED", "first": 1, "after": Value::Null });
    let page = ada.operate(LIST, foreign).await;
    let cursor = page.at("/jobs/pageInfo/endCursor").clone();
    let refused = ada.operate(LIST, json!({ "state": "DEAD", "first": 1, "after": cursor })).await;
    assert_eq!(refused.error_code(), "INVALID", "a cursor of another list");
    let dead_again = act(&ada, "retryJobs", json!({ "name": "media.process" }), "retried hasMore").await;
    assert_eq!(dead_again.payload()["retried"], 5);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_dead_job_is_tried_again_and_the_photo_that_it_gave_up_comes_back() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let photo = ada.photo(picture::jpeg(30, 40)).await;
    let post = ada.post(std::slice::from_ref(&photo), "").await;
    let dead = give_up(&app, Queue::Interactive, "media.process").await[0];
    darkroom_service::media::give_up(&app.app, uuid_of(&photo)).await.unwrap();
    assert_eq!(ada.media(&photo).await["status"], "FAILED");

    let listed = all(&ada, json!({ "state": "DEAD" }), 20).await;
    let id = listed[0]["id"].as_str().unwrap();
    let retried = act(&ada, "retryJob", json!({ "jobId": id }), "job { id state attempts }").await;
    assert_eq!(retried.payload()["job"], json!({ "id": id, "state": "QUEUED", "attempts": 0 }));
    assert_eq!(ada.media(&photo).await["status"], "PROCESSING");
    let twice = act(&ada, "retryJob", json!({ "jobId": id }), "").await;
    assert_eq!(twice.user_errors(), [("CONFLICT".into(), "jobId".into())]);
    app.run_jobs().await;
    assert_eq!(row(&app, dead).await, None);
    assert_eq!(ada.media(&photo).await["status"], "READY");
    assert_eq!(ada.node(&post, "... on Post { state }").await["state"], "PUBLISHED");
    let gone = act(&ada, "retryJob", json!({ "jobId": id }), "").await;
    assert_eq!(gone.user_errors(), [("NOT_FOUND".into(), "jobId".into())]);
    let answer = ada.operate("query($id: ID!) { job(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(*answer.at("/job"), Value::Null);
    assert_eq!(record(&ada).await[0], (Some(ada.id.clone()), "job.retry".to_owned()));
    app.finish().await;
}

#[tokio::test]
async fn many_are_tried_again_in_bounded_numbers_the_oldest_first() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    for _ in 0..5 {
        ada.photo(picture::jpeg(8, 8)).await;
    }
    let dead = give_up(&app, Queue::Interactive, "media.process").await;
    let other = act(&ada, "retryJobs", json!({ "queue": "BULK" }), "retried hasMore").await;
    assert_eq!((&other.payload()["retried"], &other.payload()["hasMore"]), (&json!(0), &json!(false)));
    let two = act(&ada, "retryJobs", json!({ "first": 2 }), "retried hasMore").await;
    assert_eq!((&two.payload()["retried"], &two.payload()["hasMore"]), (&json!(2), &json!(true)));
    let left: Vec<_> = ids(&all(&ada, json!({ "state": "DEAD" }), 20).await);
    assert_eq!(left, [dead[4], dead[3], dead[2]]);
    for first in [0, 1001, -1] {
        let refused = act(&ada, "retryJobs", json!({ "first": first }), "").await;
        assert_eq!(refused.user_errors(), [("INVALID".into(), "first".into())]);
    }
    let rest = act(&ada, "retryJobs", json!({}), "retried hasMore").await;
    assert_eq!((&rest.payload()["retried"], &rest.payload()["hasMore"]), (&json!(3), &json!(false)));
    app.run_jobs().await;
    app.assert_photos(5).await;
    app.finish().await;
}

#[tokio::test]
async fn what_waits_or_is_dead_is_cancelled_and_what_runs_is_not() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let photo = ada.photo(picture::jpeg(8, 8)).await;
    let waiting = all(&ada, json!({ "state": "QUEUED", "name": "media.process" }), 20).await;
    let job = json!({ "jobId": waiting[0]["id"] });
    let due = ledger::due(&app.app, Queue::Interactive, 10).await.unwrap();
    let claimed = ledger::claim(&app.app, Queue::Interactive, &due, Suspects::One).await.unwrap().remove(0);
    let refused = act(&ada, "cancelJob", job.clone(), "").await;
    assert_eq!(refused.user_errors(), [("CONFLICT".into(), "jobId".into())]);
    let refused = act(&ada, "retryJob", job.clone(), "").await;
    assert_eq!(refused.user_errors(), [("CONFLICT".into(), "jobId".into())]);
    assert_eq!(row(&app, claimed.id).await.unwrap().state, State::Running);
    assert_eq!(ada.media(&photo).await["status"], "PROCESSING");
    ledger::release(&app.app, &claimed).await.unwrap();

    let cancelled = act(&ada, "cancelJob", job.clone(), "cancelledJobId").await;
    assert_eq!(cancelled.payload()["cancelledJobId"], job["jobId"]);
    let failed = ada.media(&photo).await;
    assert_eq!((&failed["status"], &failed["failure"]["code"]), (&json!("FAILED"), &json!("INTERNAL")), "nobody waits");
    assert!(failed["original"].is_object(), "its original is kept");
    let gone = act(&ada, "cancelJob", job, "").await;
    assert_eq!(gone.user_errors(), [("NOT_FOUND".into(), "jobId".into())]);

    ada.photo(picture::jpeg(8, 8)).await;
    give_up(&app, Queue::Interactive, "media.process").await;
    let dead = all(&ada, json!({ "state": "DEAD" }), 20).await;
    act(&ada, "cancelJob", json!({ "jobId": dead[0]["id"] }), "").await.payload();
    assert!(all(&ada, json!({ "state": "DEAD" }), 20).await.is_empty());
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_paused_queue_waits_and_readiness_says_why_nothing_is_heard() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let worker = async || {
        let ready = ada.get(&ada.url("/readyz")).await;
        assert_eq!(ready.status(), 200);
        ready.json::<Value>().await.unwrap()["checks"]["worker"].as_str().unwrap().to_owned()
    };
    assert_eq!(worker().await, "degraded", "nobody has planned a heartbeat");
    for _ in 0..2 {
        let paused = act(&ada, "pauseQueue", json!({ "queue": "INTERACTIVE" }), "queue { name pausedAt }").await;
        assert!(paused.payload()["queue"]["pausedAt"].is_string(), "{}", paused.body);
    }
    assert_eq!(worker().await, "paused");
    let photo = ada.photo(picture::jpeg(8, 8)).await;
    assert_eq!(app.run_jobs().await, 0);
    assert_eq!(ada.media(&photo).await["status"], "PROCESSING");
    assert!(queue(&ada, "BULK").await["pausedAt"].is_null());
    let resumed =
        act(&ada, "resumeQueue", json!({ "queue": "INTERACTIVE" }), "queue { pausedAt due { number } }").await;
    assert_eq!(resumed.payload()["queue"], json!({ "pausedAt": null, "due": { "number": 1 } }));
    assert_eq!(worker().await, "degraded");
    app.run_jobs().await;
    assert_eq!(ada.media(&photo).await["status"], "READY");
    let actions: Vec<String> = record(&ada).await.into_iter().map(|(_, action)| action).collect();
    assert_eq!(actions, ["queue.resume", "queue.pause", "operator.grant"]);
    app.finish().await;
}

#[tokio::test]
async fn a_dead_job_waits_for_an_operator_for_ninety_days() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    ada.photo(picture::jpeg(40, 30)).await;
    app.app.settle().await;
    let [dead] = give_up(&app, Queue::Interactive, "media.process").await[..] else { panic!("one job") };
    app.clock.advance(TimeDelta::days(89));
    admin::sweep(&app.app).await.unwrap();
    assert_eq!(row(&app, dead).await.unwrap().state, State::Dead);
    app.clock.advance(TimeDelta::days(2));
    admin::sweep(&app.app).await.unwrap();
    assert_eq!(row(&app, dead).await, None);
    app.run_jobs().await;
    app.finish().await;
}
