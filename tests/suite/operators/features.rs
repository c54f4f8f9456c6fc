//! Features that operators turn off and on again.

use darkroom_service::feature::{self, Feature};
use darkroom_service::operator::Actor;
use darkroom_testing::{Person, TestApp, announcement, picture};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{act, appoint, record};

/// Turns a feature over the network.
async fn turn(operator: &Person, feature: &str, is_on: bool) -> Value {
    let input = json!({ "feature": feature, "isOn": is_on });
    let answer = act(operator, "turnFeature", input, "feature { name isOn changedAt }").await;
    answer.payload()["feature"].clone()
}

#[tokio::test]
async fn a_feature_is_turned_off_and_on_again_and_it_is_on_record() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let features = async || {
        let answer = ada.operate("{ features { name isOn changedAt } }", json!({})).await;
        answer.at("/features").as_array().unwrap().clone()
    };
    let before = features().await;
    assert_eq!(before.len(), Feature::ALL.len());
    assert!(before.iter().all(|feature| feature["isOn"] == true && feature["changedAt"].is_null()));
    let first = turn(&ada, "WEBP", false).await;
    assert_eq!((&first["isOn"], first["changedAt"].is_string()), (&json!(false), true));
    app.clock.advance(chrono::Duration::minutes(1));
    assert_eq!(turn(&ada, "WEBP", false).await, first, "twice changes nothing");
    let now = features().await;
    assert_eq!(now.iter().filter(|feature| feature["isOn"] == false).collect::<Vec<_>>(), [&first]);
    let again = turn(&ada, "WEBP", true).await;
    assert!(again["isOn"] == true && again["changedAt"] != first["changedAt"]);
    let done: Vec<String> = record(&ada).await.into_iter().map(|(_, action)| action).collect();
    assert_eq!(done, ["feature.on", "feature.off", "operator.grant"]);
    app.finish().await;
}

#[tokio::test]
async fn nobody_signs_up_and_nothing_is_taken_in_while_that_is_off() {
    let app = TestApp::start().await;
    let ada = appoint(&app, "ada").await;
    let file = picture::jpeg(40, 30);
    let begun = ada.begin_upload(&file, "image/jpeg").await;
    turn(&ada, "SIGN_UP", false).await;
    turn(&ada, "UPLOAD", false).await;

    let ben = json!({ "username": "ben", "email": "ben@example.test", "password": "a good password", "fullName": "" });
    let refused = app.client().mutate("signUp", ben, "session { token }").await;
    assert_eq!(refused.user_errors(), [("FORBIDDEN".into(), String::new())]);
    assert_eq!(app.rows("account").await, 1);
    let again = json!({ "login": "ada", "password": "a good password" });
    app.client().mutate("signIn", again, "session { token }").await.payload();
    assert_eq!(ada.upload(file.clone()).await.user_errors(), [("FORBIDDEN".into(), String::new())]);
    let refused = ada.create_upload(announcement(&file, "image/jpeg")).await;
    assert_eq!(refused.user_errors(), [("FORBIDDEN".into(), String::new())]);
    assert_eq!((app.rows("upload").await, app.rows("media").await), (1, 0));

    ada.send_parts(&begun, &file).await;
    ada.finish_upload(begun["id"].as_str().unwrap()).await.payload();
    turn(&ada, "SIGN_UP", true).await;
    turn(&ada, "UPLOAD", true).await;
    app.client().sign_up("ben").await;
    ada.photo(file).await;
    app.run_jobs().await;
    app.assert_photos(2).await;
    app.finish().await;
}

#[tokio::test]
async fn photos_are_ready_without_webp_while_that_is_off() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let webp = async || {
        let rows = darkroom_entity::rendition::Entity::find().all(app.app.rows()).await.unwrap();
        rows.iter().filter(|row| row.format == darkroom_entity::rendition::Format::WebP).count()
    };
    let turn = async |is_on| feature::turn(&app.app, Actor::Machine, Feature::Webp, is_on).await.unwrap();
    turn(false).await;
    let photo = ada.photo(picture::jpeg(700, 500)).await;
    app.run_jobs().await;
    assert_eq!((ada.media(&photo).await["status"].clone(), webp().await), (json!("READY"), 0));
    turn(true).await;
    ada.photo(picture::jpeg(700, 500)).await;
    app.run_jobs().await;
    assert!(webp().await > 0);
    app.finish().await;
}
