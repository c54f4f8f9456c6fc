//! A suspended person is gone for everybody, themselves included, until they are reinstated.

use darkroom_service::account;
use darkroom_service::operator::Actor;
use darkroom_testing::{TestApp, picture};
use serde_json::{Value, json};

#[tokio::test]
async fn a_suspended_person_is_gone_until_they_are_reinstated() {
    let app = TestApp::start().await;
    let [ada, ben] = [app.client().sign_up("Ada").await, app.client().sign_up("ben").await];
    ben.follow(&ada.id).await;
    ada.follow(&ben.id).await;
    let post = ada.post_picture().await;
    let media = ada.photo(picture::jpeg(30, 40)).await;
    let story = ada.story(&media).await;
    app.run_jobs().await;
    ada.to_post("likePost", &post).await.payload();
    assert_eq!(ben.feed(20).await, std::slice::from_ref(&post));
    app.app.settle().await;
    let sign_in = json!({ "login": "ada", "password": "a good password" });

    for _ in 0..2 {
        let suspended = account::suspend(&app.app, Actor::Machine, "ADA").await.unwrap();
        assert!(suspended.suspended_at.is_some());
        let viewer = ada.run("{ viewer { email } }", json!({})).await;
        assert_eq!((viewer.status, viewer.error_code()), (401, "UNAUTHENTICATED"));
        let refused = app.client().mutate("signIn", sign_in.clone(), "session { token }").await;
        assert_eq!(refused.user_errors(), [("FORBIDDEN".into(), "login".into())]);
        assert!(refused.body.to_string().contains("suspended"), "{}", refused.body);
        for id in [&ada.id, &post, &story] {
            assert_eq!(ben.node(id, "").await, Value::Null);
        }
        assert_eq!(ben.feed(20).await, Vec::<String>::new());
        let answer =
            ben.run("{ user(username: \"ada\") { id } viewer { user { followers { nodes { id } } } } }", json!({}));
        assert_eq!(
            *answer.await.data(),
            json!({ "user": null, "viewer": { "user": { "followers": { "nodes": [] } } } })
        );
    }
    // A timeline from the meantime.
    app.lose_timeline("ben").await;
    assert_eq!(ben.feed(20).await, Vec::<String>::new());
    app.app.settle().await;

    for _ in 0..2 {
        account::reinstate(&app.app, Actor::Machine, "ada").await.unwrap();
        assert_eq!(ben.feed(20).await, std::slice::from_ref(&post));
        for id in [&ada.id, &post, &story] {
            assert_eq!(ben.node(id, "").await["id"], id.as_str());
        }
    }
    let ended = ada.run("{ viewer { email } }", json!({})).await;
    assert_eq!(ended.status, 401, "sessions do not come back");
    app.client().mutate("signIn", sign_in, "session { token }").await.payload();
    let nobody = account::suspend(&app.app, Actor::Machine, "nobody").await;
    assert!(nobody.is_err_and(|error| error.is_not_found()));
    app.run_jobs().await;
    app.finish().await;
}
