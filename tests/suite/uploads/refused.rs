//! What can't be taken: said where it can be mended, and gone where it can't.

use darkroom_testing::{Answer, TestApp, announcement, picture};
use serde_json::{Value, json};

use super::{AFTER_ALL_LINKS, SMALL, id_of, photo, uploaded, url_of};

fn errors(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(code, field)| ((*code).to_owned(), (*field).to_owned())).collect()
}

fn failure(answer: &Answer) -> &Value {
    answer.at("/finishUpload/userErrors/0/mediaFailure")
}

#[tokio::test]
async fn what_is_announced_must_be_what_this_server_takes() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let good = announcement(&file, content_type);
    let table = [
        ("contentType", json!("application/pdf")),
        ("contentType", json!("")),
        ("byteSize", json!(0)),
        ("byteSize", json!(-5)),
        ("byteSize", json!(1_000_001)),
        ("byteSize", json!(i64::MAX)),
        ("sha256", json!("")),
        ("sha256", json!("z".repeat(64))),
        ("sha256", json!("a".repeat(10_000))),
        ("altText", json!("x".repeat(1001))),
    ];
    for (field, value) in table {
        let mut input = good.clone();
        input[field] = value;
        let refused = ada.create_upload(input).await;
        assert_eq!(refused.user_errors(), errors(&[("INVALID", field)]), "{}", refused.body);
    }
    let nobody = app.client().create_upload(good).await;
    assert_eq!(nobody.error_code(), "UNAUTHENTICATED");
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn one_person_has_a_bounded_number_of_them_and_of_bytes() {
    let bounds = [
        SMALL[0],
        SMALL[1],
        ("DARKROOM_LIMITS_UPLOADS_OPEN_MAX", "3"),
        ("DARKROOM_LIMITS_UPLOADS_OPEN_MAX_BYTES", "80000"),
    ];
    let app = TestApp::start_with(&bounds).await;
    let [ada, ben] = [app.client().sign_up("ada").await, app.client().sign_up("ben").await];
    let (file, content_type) = photo();
    let mut small = announcement(&file, content_type);
    small["byteSize"] = json!(20_000);
    let mut large = small.clone();
    large["byteSize"] = json!(60_001);
    let mut too_large = small.clone();
    too_large["byteSize"] = json!(80_001);
    let begun = ada.create_upload(small.clone()).await.payload()["upload"].clone();
    assert_eq!(ada.create_upload(large.clone()).await.user_errors(), errors(&[("CONFLICT", "byteSize")]));
    assert_eq!(ada.create_upload(too_large).await.user_errors(), errors(&[("INVALID", "byteSize")]));
    // Of many at once as many are taken as there is room for.
    let at_once = futures::future::join_all((0..5).map(|_| ada.create_upload(small.clone()))).await;
    let refused: Vec<_> = at_once.iter().map(Answer::user_errors).filter(|errors| !errors.is_empty()).collect();
    assert_eq!(refused, vec![errors(&[("CONFLICT", "")]); 3]);
    ben.create_upload(large).await.payload();
    ada.cancel_upload(id_of(&begun)).await.payload();
    ada.create_upload(small.clone()).await.payload();
    assert_eq!(ada.create_upload(small.clone()).await.user_errors(), errors(&[("CONFLICT", "")]));
    // Nor do those count whose time is over.
    app.clock.advance(chrono::TimeDelta::hours(25));
    ada.create_upload(small).await.payload();
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_part_that_is_missing_or_wrong_can_be_sent_again() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    let id = id_of(&upload);
    let nothing = ada.finish_upload(id).await;
    assert_eq!(nothing.user_errors(), errors(&[("CONFLICT", "uploadId")]));
    ada.send_parts(&upload, &file).await;

    // Shorter than it should be: our route does not take it, a bucket does.
    let short = ada.put(url_of(&upload, 2), vec![7; 100]).await.status();
    if short.is_success() {
        assert_eq!(uploaded(&ada, &upload).await, [1, 2, 4, 5, 6, 7, 8]);
        let refused = ada.finish_upload(id).await;
        assert_eq!(refused.user_errors(), errors(&[("CONFLICT", "uploadId")]));
        assert!(refused.body.to_string().contains("part 3."), "{}", refused.body);
    } else {
        assert_eq!((short.as_u16(), uploaded(&ada, &upload).await.len()), (400, 8));
    }
    ada.send_part(&upload["parts"][2], &file).await;

    // Damaged in the middle, and so that it looks like no picture at all.
    for part in [4, 0] {
        let mut damaged = file.clone();
        damaged[part * 4096 + 1] ^= 1;
        ada.send_part(&upload["parts"][part], &damaged).await;
        let refused = ada.finish_upload(id).await;
        assert_eq!(refused.user_errors(), errors(&[("INVALID", "uploadId")]));
        assert!(refused.body.to_string().contains("SHA-256"), "{}", refused.body);
        assert_eq!(*failure(&refused), Value::Null);
        ada.send_part(&upload["parts"][part], &file).await;
    }
    assert_eq!(app.rows("media").await, 0, "nothing is left of what was refused");
    ada.finish_upload(id).await.payload();
    app.run_jobs().await;
    app.assert_photos(1).await;
    app.finish().await;
}

#[tokio::test]
async fn a_file_that_can_not_be_used_ends_its_upload() {
    let app = TestApp::start_with(&SMALL).await;
    let ada = app.client().sign_up("ada").await;
    let words = "no picture at all ".repeat(1000).into_bytes();
    let cut_off = photo().0[..20_000].to_vec();
    let table = [
        (words, "image/jpeg", "UNSUPPORTED_FORMAT"),
        (photo().0, "image/jpeg", "UNSUPPORTED_FORMAT"),
        (picture::jpeg(200, 100), "image/png", "UNSUPPORTED_FORMAT"),
        (cut_off, "image/png", "TRUNCATED"),
    ];
    for (file, content_type, expected) in table {
        let upload = ada.begin_upload(&file, content_type).await;
        ada.send_parts(&upload, &file).await;
        let refused = ada.finish_upload(id_of(&upload)).await;
        assert_eq!(refused.user_errors(), errors(&[("INVALID", "uploadId")]), "{}", refused.body);
        assert_eq!(*failure(&refused), expected, "{}", refused.body);
        assert_eq!(ada.look_up_upload(id_of(&upload)).await, Value::Null);
        for again in [ada.finish_upload(id_of(&upload)).await, ada.cancel_upload(id_of(&upload)).await] {
            assert_eq!(again.user_errors(), errors(&[("NOT_FOUND", "uploadId")]));
        }
    }
    app.app.settle().await;
    assert_eq!(app.object_keys().await, Vec::<String>::new(), "nobody waits for what nobody needs");
    app.clock.advance(AFTER_ALL_LINKS);
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn somebody_elses_upload_is_not_there() {
    let app = TestApp::start_with(&SMALL).await;
    let [ada, eve] = [app.client().sign_up("ada").await, app.client().sign_up("eve").await];
    let (file, content_type) = photo();
    let upload = ada.begin_upload(&file, content_type).await;
    let id = id_of(&upload);
    ada.send_parts(&upload, &file).await;
    assert_eq!(eve.look_up_upload(id).await, Value::Null);
    for refused in [eve.finish_upload(id).await, eve.cancel_upload(id).await] {
        assert_eq!(refused.user_errors(), errors(&[("NOT_FOUND", "uploadId")]));
    }
    let nobody = app.client();
    for refused in [nobody.finish_upload(id).await, nobody.cancel_upload(id).await] {
        assert_eq!(refused.error_code(), "UNAUTHENTICATED");
    }
    for bad in ["", "nonsense", &ada.id] {
        assert_eq!(ada.finish_upload(bad).await.user_errors(), errors(&[("INVALID", "uploadId")]));
        let query = "query($id: ID!) { viewer { upload(id: $id) { id } } }";
        assert_eq!(ada.run(query, json!({ "id": bad })).await.error_code(), "INVALID");
    }
    ada.finish_upload(id).await.payload();
    assert_eq!(eve.look_up_upload(id).await, Value::Null);
    assert_eq!(eve.finish_upload(id).await.user_errors(), errors(&[("NOT_FOUND", "uploadId")]));
    app.run_jobs().await;
    app.finish().await;
}
