//! What lies in the object store is what the rows say, and what is not is found.

use bytes::Bytes;
use darkroom_service::operator::Actor;
use darkroom_service::storage::{self, Finding, Totals, Verification};
use darkroom_testing::{TestApp, picture, uuid_of};

async fn verify(app: &TestApp, repair: Option<Actor>) -> (Verification, Vec<Finding>) {
    let mut findings = Vec::new();
    let found = storage::verify(&app.app, repair, |finding| findings.push(finding.clone())).await.unwrap();
    (found, findings)
}

async fn put(app: &TestApp, key: &str, bytes: &'static [u8]) {
    app.app.objects.put(key, Bytes::from_static(bytes), "image/jpeg").await.unwrap();
}

#[tokio::test]
async fn what_the_rows_say_is_what_the_store_has_byte_by_byte() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    ada.post_picture().await;
    ada.photo(picture::jpeg(700, 500)).await;
    let upload = ada.begin_upload(&picture::jpeg(40, 30), "image/jpeg").await;
    ada.send_parts(&upload, &picture::jpeg(40, 30)).await;
    app.run_jobs().await;
    // One that waits for its job, and whose original is there.
    ada.photo(picture::jpeg(8, 8)).await;

    let report = storage::report(&app.app).await.unwrap();
    let mut store = report.store.clone();
    let parts = store.remove("uploads").unwrap();
    assert!(parts.objects >= 1 && parts.bytes == picture::jpeg(40, 30).len() as u64);
    assert_eq!(report.rows, store);
    assert_eq!(report.rows["photos/o"].objects, 3);
    assert_eq!(report.rows["photos/r/large.jpg"].objects, 2);
    let objects: u64 = report.store.values().map(|totals| totals.objects).sum();
    assert_eq!(objects, app.object_keys().await.len() as u64);
    assert_eq!(storage::in_rows(&app.app).await.unwrap(), report.rows);
    let (found, findings) = verify(&app, Some(Actor::Machine)).await;
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(found, Verification { report, ..Verification::default() });
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn orphans_are_found_and_removed_when_that_is_asked_for_and_rows_are_left_alone() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let [whole, torn, lost] = [ada.post_picture().await, ada.post_picture().await, ada.post_picture().await];
    app.run_jobs().await;
    app.app.settle().await;
    let before = app.object_keys().await;
    let media = async |post: &str| {
        let fields = "... on Post { media { id } }";
        uuid_of(ada.node(post, fields).await["media"][0]["id"].as_str().unwrap())
    };
    let (torn_media, lost_media) = (media(&torn).await, media(&lost).await);
    let original = async |id| {
        use sea_orm::EntityTrait;
        darkroom_entity::media::Entity::find_by_id(id).one(app.app.rows()).await.unwrap().unwrap().original_key
    };
    let (torn_key, lost_key) = (original(torn_media).await, original(lost_media).await);
    put(&app, &torn_key, b"torn").await;
    app.app.objects.delete(&[&lost_key]).await.unwrap();
    put(&app, "photos/o/orphan.jpg", b"12345").await;
    put(&app, "stories/r/orphan/large.jpg", b"123").await;
    put(&app, "backups/of-somebody-else", b"1").await;
    let rows = app.rows("media").await;

    let (found, findings) = verify(&app, Some(Actor::Machine)).await;
    assert_eq!((found.young, found.foreign, found.orphans), (2, 1, Totals::default()), "just written");
    assert_eq!(findings.len(), 2, "{findings:?}");

    // The store's clock is the machine's, which is ahead of this one's by three days.
    app.clock.advance(chrono::Duration::days(4));
    for _ in 0..2 {
        let (found, findings) = verify(&app, None).await;
        assert_eq!((found.orphans, found.doomed), (Totals { objects: 2, bytes: 8 }, 0));
        assert_eq!((found.missing, found.other_sizes, found.young, found.foreign), (1, 1, 0, 1));
        assert!(findings.contains(&Finding::Missing { key: lost_key.clone(), media_id: lost_media }));
        assert!(findings.contains(&Finding::Orphan { key: "photos/o/orphan.jpg".to_owned(), bytes: 5 }));
        let torn = findings.iter().find(|finding| matches!(finding, Finding::OtherSize { .. })).unwrap();
        assert!(matches!(torn, Finding::OtherSize { media_id, found: 4, .. } if *media_id == torn_media));
    }
    assert_eq!(app.rows("doomed_object").await, 0, "a dry run");
    let (found, _) = verify(&app, Some(Actor::Machine)).await;
    assert_eq!((found.orphans.objects, found.doomed), (2, 2));
    let (again, _) = verify(&app, Some(Actor::Machine)).await;
    assert_eq!(again.orphans.objects, 0, "they are doomed already");
    app.run_jobs().await;
    let mut expected: Vec<String> = before.into_iter().filter(|key| *key != lost_key).collect();
    expected.push("backups/of-somebody-else".to_owned());
    expected.sort();
    assert_eq!(app.object_keys().await, expected);
    assert_eq!(app.rows("media").await, rows);
    assert!(ada.node(&whole, "").await["id"].is_string());
    app.finish().await;
}
