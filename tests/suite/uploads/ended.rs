//! However an upload ends, nothing of it stays: not even what comes when it is over.

use bytes::Bytes;
use chrono::TimeDelta;
use darkroom_service::upload;
use darkroom_testing::{Person, TestApp};
use serde_json::Value;

use super::{AFTER_ALL_LINKS, SMALL, id_of, photo, url_of};

#[tokio::test]
async fn what_nobody_finishes_is_gone_after_a_day() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    for part in [0, 4, 7] {
        ada.send_part(&upload["parts"][part], &file).await;
    }
    app.clock.advance(TimeDelta::hours(23));
    upload::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!((app.rows("upload").await, app.object_keys().await.len()), (1, 3), "its time is not over");
    // No link outlives it.
    let now = ada.look_up_upload(id_of(&upload)).await;
    assert_eq!(now["parts"][0]["urlExpiresAt"], now["expiresAt"]);

    app.clock.advance(TimeDelta::minutes(61));
    assert_eq!(ada.look_up_upload(id_of(&upload)).await, Value::Null);
    for refused in [ada.finish_upload(id_of(&upload)).await, ada.cancel_upload(id_of(&upload)).await] {
        assert_eq!(refused.user_errors(), [("NOT_FOUND".into(), "uploadId".into())]);
    }
    upload::sweep(&app.app).await.unwrap();
    assert_eq!(app.rows("upload").await, 0);
    app.clock.advance(TimeDelta::hours(1));
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn what_comes_too_late_is_removed_as_well() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    ada.send_parts(&upload, &file).await;
    let parts = app.object_keys().await;
    assert_eq!(parts.len(), 8);
    ada.cancel_upload(id_of(&upload)).await.payload();
    app.run_jobs().await;
    assert_eq!(app.object_keys().await, Vec::<String>::new());
    // By a link that a bucket still honours, while the upload is over.
    app.app.objects.put(&parts[3], Bytes::from_static(b"late"), "text/plain").await.unwrap();
    let sent = ada.put(url_of(&upload, 0), file[..4096].to_vec()).await.status();
    assert!(sent.is_success() || sent == 404, "{sent}");
    app.run_jobs().await;
    assert!(!app.object_keys().await.is_empty());
    app.clock.advance(AFTER_ALL_LINKS);
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn a_finished_upload_is_forgotten_after_a_day_and_its_photo_is_not() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (upload, post) = posted(&app, &ada).await;
    app.clock.advance(TimeDelta::hours(25));
    upload::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!((app.rows("upload").await, app.rows("doomed_object").await), (0, 0));
    app.assert_photos(1).await;
    assert_eq!(ada.finish_upload(id_of(&upload)).await.user_errors(), [("NOT_FOUND".into(), "uploadId".into())]);
    ada.delete_post(&post).await;
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn an_upload_whose_photo_is_gone_is_finished_no_second_time() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (upload, post) = posted(&app, &ada).await;
    ada.delete_post(&post).await;
    app.run_jobs().await;
    assert_eq!(ada.finish_upload(id_of(&upload)).await.user_errors(), [("NOT_FOUND".into(), "uploadId".into())]);
    assert_eq!(ada.look_up_upload(id_of(&upload)).await["media"], Value::Null);
    assert_eq!(app.object_keys().await, Vec::<String>::new());
    app.finish().await;
}

/// An upload that was finished, and the post that its photo is in.
async fn posted(app: &TestApp, author: &Person) -> (Value, String) {
    let (file, content_type) = photo();
    let upload = author.begin_upload(&file, content_type).await;
    author.send_parts(&upload, &file).await;
    let finished = author.finish_upload(id_of(&upload)).await;
    let media = finished.payload()["media"]["id"].as_str().unwrap().to_owned();
    let post = author.post(&[media], "").await;
    app.run_jobs().await;
    (upload, post)
}
