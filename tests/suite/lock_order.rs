//! Who changes both a post and its photos locks the post first: otherwise two would wait for each other, and the database
//! would break one of them off.

use std::time::Duration;

use darkroom_entity::{media, post};
use darkroom_service::media::process;
use darkroom_testing::{Mode, TestApp, eventually, mode, picture, uuid_of};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Statement};

/// Whether somebody waits for a lock in this test's database.
async fn somebody_waits(app: &TestApp) -> Option<()> {
    let sql =
        "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let row = app.app.rows().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    (row.try_get::<i64>("", "n").unwrap() > 0).then_some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_can_be_deleted_while_its_photo_becomes_ready() {
    // SQLite lets in one writer at a time.
    if mode() == Mode::Embedded {
        return;
    }
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(64, 48)).await;
    let posted = ada.post(std::slice::from_ref(&photo), "").await;
    let (photo, posted) = (uuid_of(&photo), uuid_of(&posted));

    // What deleting the post begins with.
    let deletion = app.app.begin().await.unwrap();
    post::Entity::find_by_id(posted).lock_exclusive().one(deletion.rows()).await.unwrap().unwrap();
    let processing = tokio::spawn({
        let app = app.app.clone();
        async move { process(&app, photo).await }
    });
    eventually(Duration::from_secs(20), "the photo waits for its post", async || somebody_waits(&app).await).await;
    // What it goes on with.
    let of_photo = media::Entity::find_by_id(photo).lock_with_behavior(LockType::Update, LockBehavior::Nowait);
    of_photo.one(deletion.rows()).await.expect("nobody who waits for the post holds its photo");

    drop(deletion);
    processing.await.unwrap().unwrap();
    app.run_jobs().await;
    assert_eq!(ada.feed(10).await.len(), 1);
    app.finish().await;
}
