//! What operators are told of a photo.

use chrono::TimeDelta;
use darkroom_service::job::Queue;
use darkroom_service::job::ledger::{self, Suspects};
use darkroom_service::media;
use darkroom_testing::{Client, TestApp, picture, uuid_of};
use serde_json::{Value, json};

use super::{act, appoint, give_up};

const TRACE: &str =
    "query($id: ID!) { media(id: $id) { id ownerId status failure { code message } contentType width begunAt
    acceptedAt usedBy removedFrom objects { key size format byteSize isPresent }
    runs { jobId name attempt begunAt endedAt outcome detail } jobs { id name state attempts lastError runAt } } }";

async fn trace(operator: &Client, photo: &str) -> Value {
    operator.operate(TRACE, json!({ "id": photo })).await.at("/media").clone()
}

/// These members of each entry of a list.
fn each(list: &Value, members: &[&str]) -> Vec<Vec<Value>> {
    let entries = list.as_array().unwrap().iter();
    entries.map(|entry| members.iter().map(|member| entry[member].clone()).collect()).collect()
}

/// Of the runs of `media.process`: which, how it ended, why.
fn runs(trace: &Value) -> Vec<(i64, String, Option<String>)> {
    let all = trace["runs"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    all.filter(|run| run["name"] == "media.process")
        .map(|run| (run["attempt"].as_i64().unwrap(), text(&run["outcome"]).unwrap(), text(&run["detail"])))
        .collect()
}

#[tokio::test]
async fn a_photo_is_followed_from_its_first_byte_to_what_shows_it() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let ben = app.client().sign_up("ben").await;
    let photo = ben.photo(picture::jpeg(1280, 960)).await;
    let waiting = trace(&ada, &photo).await;
    assert_eq!((&waiting["id"], &waiting["ownerId"]), (&json!(photo), &json!(ben.id)));
    assert_eq!((&waiting["status"], &waiting["contentType"]), (&json!("PROCESSING"), &json!("image/jpeg")));
    assert!(waiting["begunAt"].is_string() && waiting["acceptedAt"].is_string());
    assert!(waiting["removedFrom"].is_string(), "nothing shows it");
    assert_eq!((&waiting["usedBy"], &waiting["failure"]), (&Value::Null, &Value::Null));
    let job = [json!("media.process"), json!("QUEUED"), json!(0), Value::Null];
    assert_eq!(each(&waiting["jobs"], &["name", "state", "attempts", "lastError"]), [job]);
    assert_eq!(each(&waiting["objects"], &["size", "format", "isPresent"]), [[Value::Null, Value::Null, json!(true)]]);
    assert_eq!(runs(&waiting), []);

    let post = ben.post(std::slice::from_ref(&photo), "").await;
    app.run_jobs().await;
    let ready = trace(&ada, &photo).await;
    assert_eq!((&ready["status"], &ready["width"], &ready["usedBy"]), (&json!("READY"), &json!(1280), &json!(post)));
    assert_eq!((&ready["acceptedAt"], &ready["jobs"]), (&waiting["acceptedAt"], &json!([])));
    assert_eq!(ready["removedFrom"], Value::Null);
    let done = |name: &str| vec![json!(name), json!(1), json!("DONE")];
    let ended = each(&ready["runs"], &["name", "attempt", "outcome"]);
    assert_eq!(ended, [done("media.process"), done("media.encode_webp")]);
    assert_eq!(ready["runs"][0]["jobId"], waiting["jobs"][0]["id"]);
    assert!(ready["runs"][0]["begunAt"].is_string() && ready["runs"][0]["endedAt"].is_string());
    let kinds = each(&ready["objects"], &["size", "format", "isPresent"]);
    assert!(kinds.contains(&vec![json!("THUMBNAIL"), json!("JPEG"), json!(true)]), "{kinds:?}");
    assert!(kinds.contains(&vec![json!("LARGE"), json!("WEBP"), json!(true)]), "{kinds:?}");
    let keys = each(&ready["objects"], &["key"]);
    let mut keys: Vec<&str> = keys.iter().map(|key| key[0].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert_eq!(keys, app.object_keys().await, "keys alone: no link");

    let large = ready["objects"].as_array().unwrap().iter().find(|object| object["size"] == "LARGE").unwrap();
    app.app.objects.delete(&[large["key"].as_str().unwrap()]).await.unwrap();
    let lost = trace(&ada, &photo).await;
    let missing = lost["objects"].as_array().unwrap().iter().filter(|object| object["isPresent"] == false);
    assert_eq!(missing.map(|object| &object["key"]).collect::<Vec<_>>(), [&large["key"]]);

    app.clock.advance(TimeDelta::days(31));
    media::sweep(&app.app).await.unwrap();
    assert_eq!(app.rows("media_run").await, 0, "a month later runs are forgotten");
    let old = trace(&ada, &photo).await;
    assert_eq!((&old["status"], &old["acceptedAt"], &old["runs"]), (&json!("READY"), &Value::Null, &json!([])));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_photo_that_cant_be_used_says_why_and_goes_with_its_runs() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let ben = app.client().sign_up("ben").await;
    let photo = ben.photo(picture::damaged()).await;
    app.run_jobs().await;
    let failed = trace(&ada, &photo).await;
    let code = failed["failure"]["code"].as_str().unwrap();
    assert_eq!((&failed["status"], code), (&json!("FAILED"), "CORRUPT"));
    assert_eq!(failed["failure"], ben.media(&photo).await["failure"], "what its owner is told");
    assert_eq!(runs(&failed), [(1, "REFUSED".to_owned(), Some("CORRUPT".to_owned()))]);
    assert_eq!((&failed["jobs"], &failed["objects"]), (&json!([]), &json!([])));

    app.clock.advance(TimeDelta::days(2));
    media::sweep(&app.app).await.unwrap();
    assert_eq!(trace(&ada, &photo).await, Value::Null, "a photo that is gone");
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn attempts_that_failed_are_kept_and_a_job_is_found_dead_and_tried_again() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let photo = ada.photo(picture::jpeg(40, 30)).await;
    let due = ledger::due(&app.app, Queue::Interactive, 10).await.unwrap();
    let claimed = ledger::claim(&app.app, Queue::Interactive, &due, Suspects::One).await.unwrap().remove(0);
    ledger::retry(&app.app, &claimed, &"ä".repeat(300)).await.unwrap();
    let first = (1, "RETRIED".to_owned(), Some("ä".repeat(200)));
    assert_eq!(runs(&trace(&ada, &photo).await), std::slice::from_ref(&first));
    // Fenced: this claim is over.
    ledger::bury(&app.app, &claimed, "late").await.unwrap();
    assert_eq!(runs(&trace(&ada, &photo).await), std::slice::from_ref(&first));

    app.clock.advance(TimeDelta::seconds(10));
    give_up(&app, Queue::Interactive, "media.process").await;
    media::give_up(&app.app, uuid_of(&photo)).await.unwrap();
    let dead = trace(&ada, &photo).await;
    let second = (2, "DEAD".to_owned(), Some("the disk is on fire".to_owned()));
    assert_eq!(runs(&dead), [first.clone(), second.clone()]);
    assert_eq!((&dead["status"], &dead["failure"]["code"]), (&json!("FAILED"), &json!("INTERNAL")));
    let job = [json!("media.process"), json!("DEAD"), json!("the disk is on fire")];
    assert_eq!(each(&dead["jobs"], &["name", "state", "lastError"]), [job]);

    let id = json!({ "jobId": dead["jobs"][0]["id"] });
    act(&ada, "retryJob", id, "job { id }").await.payload();
    let again = trace(&ada, &photo).await;
    assert_eq!(each(&again["jobs"], &["name", "state"]), [[json!("media.process"), json!("QUEUED")]]);
    app.run_jobs().await;
    let ready = trace(&ada, &photo).await;
    assert_eq!(runs(&ready), [first, second, (1, "DONE".to_owned(), None)]);
    assert_eq!((&ready["status"], &ready["jobs"]), (&json!("READY"), &json!([])));
    app.finish().await;
}

#[tokio::test]
async fn a_failed_attempt_at_a_photo_that_is_gone_is_settled_all_the_same() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    ada.photo(picture::jpeg(40, 30)).await;
    let due = ledger::due(&app.app, Queue::Interactive, 10).await.unwrap();
    let claimed = ledger::claim(&app.app, Queue::Interactive, &due, Suspects::One).await.unwrap().remove(0);
    app.clock.advance(TimeDelta::days(2));
    media::sweep(&app.app).await.unwrap();
    ledger::retry(&app.app, &claimed, "the disk is on fire").await.unwrap();
    // Its objects might still be written for a while.
    app.clock.advance(TimeDelta::hours(1));
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn only_operators_are_told_and_only_of_what_there_is() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let ben = app.client().sign_up("ben").await;
    let photo = ben.photo(picture::jpeg(8, 8)).await;
    let asked = ben.operate(TRACE, json!({ "id": photo })).await;
    assert_eq!(asked.status, 404, "not even its owner");
    assert_eq!(trace(&ada, &format!("media_{}", "0".repeat(26))).await, Value::Null);
    let wrong = ada.operate(TRACE, json!({ "id": ben.id })).await;
    assert_eq!(wrong.error_code(), "INVALID");
    app.run_jobs().await;
    app.finish().await;
}
