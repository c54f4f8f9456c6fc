//! Large files: part by part, in any order, interrupted and gone on with, until they are a photo.

mod ended;
mod links;
mod refused;

use chrono::TimeDelta;
use darkroom_testing::{Mode, Person, TestApp, mode, picture};
use serde_json::{Value, json};

/// Small parts of small files.
const SMALL: [(&str, &str); 2] =
    [("DARKROOM_MEDIA_UPLOAD_PART_BYTES", "4096"), ("DARKROOM_LIMITS_UPLOAD_MAX_BYTES", "1000000")];

/// The same, and no part goes straight to a bucket.
const THROUGH_THE_API: [(&str, &str); 3] = [SMALL[0], SMALL[1], ("DARKROOM_MEDIA_DIRECT_UPLOADS", "false")];

/// Longer than any link to a part can be used for.
const AFTER_ALL_LINKS: TimeDelta = TimeDelta::minutes(121);

/// A photo of eight small parts, and its type.
fn photo() -> (Vec<u8>, &'static str) {
    let photo = picture::noise(120, 90);
    assert_eq!(photo.len().div_ceil(4096), 8, "{}", photo.len());
    (photo, "image/png")
}

fn id_of(upload: &Value) -> &str {
    upload["id"].as_str().unwrap()
}

fn url_of(upload: &Value, part: usize) -> &str {
    upload["parts"][part]["url"].as_str().unwrap()
}

/// Which parts are there, by number.
async fn uploaded(person: &Person, upload: &Value) -> Vec<u64> {
    let now = person.look_up_upload(id_of(upload)).await;
    let parts = now["parts"].as_array().unwrap().iter();
    parts.filter(|part| part["uploaded"] == true).map(|part| part["number"].as_u64().unwrap()).collect()
}

/// Once nobody can write to them any more, the parts of an upload are not even listed to be removed.
async fn assert_parts_are_forgotten(app: &TestApp) {
    app.clock.advance(AFTER_ALL_LINKS);
    app.run_jobs().await;
    assert_eq!(app.rows("doomed_object").await, 0);
    let parts: Vec<String> = app.object_keys().await.into_iter().filter(|key| key.starts_with("uploads/")).collect();
    assert_eq!(parts, Vec::<String>::new());
}

#[tokio::test]
async fn parts_in_any_order_become_the_photo_that_they_are_of() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    let parts = upload["parts"].as_array().unwrap().clone();
    assert_eq!((&upload["partSize"], &upload["byteSize"]), (&json!(4096), &json!(file.len())));
    assert_eq!((&upload["media"], parts.len()), (&Value::Null, 8));
    let sizes: Vec<u64> = parts.iter().map(|part| part["byteSize"].as_u64().unwrap()).collect();
    assert_eq!(sizes.iter().sum::<u64>(), file.len() as u64);
    assert!(parts.iter().all(|part| part["uploaded"] == false));
    let is_here = url_of(&upload, 0).starts_with(&ada.url("/uploads/"));
    assert_eq!(is_here, mode() == Mode::Embedded, "{}", url_of(&upload, 0));

    // The last one first; the second one wrong at first.
    assert!(ada.put(url_of(&upload, 1), vec![7; 4096]).await.status().is_success());
    for part in parts.iter().rev() {
        ada.send_part(part, &file).await;
    }
    assert_eq!(uploaded(&ada, &upload).await, [1, 2, 3, 4, 5, 6, 7, 8]);
    let finished = ada.finish_upload(id_of(&upload)).await;
    let media = finished.payload()["media"].clone();
    assert_eq!((&media["status"], &media["altText"]), (&json!("PROCESSING"), &json!("a test")));
    app.run_jobs().await;
    app.assert_photos(1).await;

    let media_id = media["id"].as_str().unwrap();
    let shown = ada.media(media_id).await;
    assert_eq!((&shown["status"], &shown["width"], &shown["height"]), (&json!("READY"), &json!(120), &json!(90)));
    assert_eq!(shown["original"]["contentType"], "image/png");
    let original = ada.get(shown["original"]["url"].as_str().unwrap()).await.bytes().await.unwrap();
    assert!(original == file, "other bytes came back");
    // Once more, as after an answer that was lost.
    assert_eq!(ada.finish_upload(id_of(&upload)).await.payload()["media"]["id"], media_id);
    let now = ada.look_up_upload(id_of(&upload)).await;
    assert_eq!((&now["media"]["id"], &now["parts"]), (&media["id"], &json!([])));
    let refused = ada.cancel_upload(id_of(&upload)).await;
    assert_eq!(refused.user_errors(), [("CONFLICT".into(), "uploadId".into())]);
    ada.post(&[media_id.to_owned()], "in parts").await;
    assert_parts_are_forgotten(&app).await;
    app.assert_photos(1).await;
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_forgot_everything_goes_on_where_it_was() {
    let app = TestApp::start_with(&THROUGH_THE_API).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let begun = ada.begin_upload(&file, content_type).await;
    for part in [5, 0, 3] {
        ada.send_part(&begun["parts"][part], &file).await;
    }
    // On another device, when the first links have ended.
    app.clock.advance(TimeDelta::minutes(61));
    assert_eq!(ada.put(url_of(&begun, 1), vec![7; 4096]).await.status(), 403);
    let sign_in = json!({ "login": "ada", "password": "a good password" });
    let session = app.client().mutate("signIn", sign_in, "session { token }").await;
    let other = app.client().with_token(session.payload()["session"]["token"].as_str().unwrap());
    let found = other.look_up_upload(id_of(&begun)).await;
    let parts = found["parts"].as_array().unwrap();
    let there: Vec<bool> = parts.iter().map(|part| part["uploaded"] == true).collect();
    assert_eq!(there, [true, false, false, true, false, true, false, false]);
    for part in parts.iter().filter(|part| part["uploaded"] == false) {
        other.send_part(part, &file).await;
    }
    other.finish_upload(id_of(&begun)).await.payload();
    app.run_jobs().await;
    app.assert_photos(1).await;
    app.finish().await;
}

#[tokio::test]
async fn of_several_who_finish_at_once_one_makes_the_photo() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    ada.send_parts(&upload, &file).await;
    let finished = futures::future::join_all((0..6).map(|_| ada.finish_upload(id_of(&upload)))).await;
    let made: Vec<&Value> = finished.iter().map(|answer| &answer.payload()["media"]["id"]).collect();
    assert!(made[0].is_string() && made.iter().all(|id| *id == made[0]), "{made:?}");
    app.run_jobs().await;
    assert_eq!(app.rows("media").await, 1);
    app.assert_photos(1).await;
    assert_parts_are_forgotten(&app).await;
    app.finish().await;
}

#[tokio::test]
async fn a_file_may_have_one_part_and_be_for_a_story() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let file = picture::jpeg(300, 200);
    let mut input = darkroom_testing::announcement(&file, "image/jpeg");
    input["purpose"] = json!("STORY");
    input["sha256"] = json!(input["sha256"].as_str().unwrap().to_uppercase());
    let upload = ada.create_upload(input).await.payload()["upload"].clone();
    assert_eq!(upload["parts"].as_array().unwrap().len(), 1);
    ada.send_parts(&upload, &file).await;
    let finished = ada.finish_upload(id_of(&upload)).await;
    let media = finished.payload()["media"]["id"].as_str().unwrap();
    let story = ada.story(media).await;
    app.run_jobs().await;
    assert_eq!(ada.node(&story, "").await["id"], story.as_str());
    let keys = app.object_keys().await;
    assert!(keys.iter().all(|key| key.starts_with("stories/")), "{keys:?}");
    app.finish().await;
}
