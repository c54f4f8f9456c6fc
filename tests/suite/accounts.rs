//! People: signing up, in and out, sessions, profiles, and private accounts.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use darkroom_testing::{Answer, Client, Person, TestApp, picture};
use serde_json::{Value, json};

const SESSION: &str = "viewer { email user { id username } } session { token expiresAt }";

async fn sign_in(client: &Client, login: &str, password: &str) -> Answer {
    client.mutate("signIn", json!({ "login": login, "password": password }), SESSION).await
}

async fn viewer(client: &Client) -> Answer {
    client.run("{ viewer { email user { username } } }", json!({})).await
}

#[tokio::test]
async fn signing_up_in_and_out() {
    let app = TestApp::start().await;
    let nobody = app.client();
    assert_eq!(*viewer(&nobody).await.at("/viewer"), Value::Null);
    let ada = nobody.sign_up("Ada.Lovelace").await;
    let myself = viewer(&ada).await;
    assert_eq!(
        *myself.at("/viewer"),
        json!({ "email": "Ada.Lovelace@example.test", "user": { "username": "Ada.Lovelace" } })
    );

    for login in ["ada.lovelace", "ADA.LOVELACE", " Ada.Lovelace ", "ada.lovelace@EXAMPLE.test"] {
        let signed_in = sign_in(&nobody, login, "a good password").await;
        let payload = signed_in.payload();
        assert_eq!(payload["viewer"]["user"]["id"], ada.id.as_str(), "{login}");
        let token = payload["session"]["token"].as_str().unwrap();
        assert_ne!(token, ada.token);
        assert_eq!(viewer(&nobody.with_token(token)).await.text("/viewer/user/username"), "Ada.Lovelace");
    }
    ada.run("mutation { signOut { userErrors { code } } }", json!({})).await.payload();
    let ended = viewer(&ada).await;
    assert_eq!((ended.status, ended.error_code()), (401, "UNAUTHENTICATED"));
    let again = sign_in(&nobody, "ada.lovelace", "a good password").await;
    again.payload();
    let out = nobody.run("mutation { signOut { userErrors { code } } }", json!({})).await;
    assert_eq!(out.error_code(), "UNAUTHENTICATED");
    app.finish().await;
}

#[tokio::test]
async fn names_are_found_in_any_case() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("Ada").await;
    let query = "query($name: String!) { user(username: $name) { id username isPrivate followerCount } }";
    for name in ["Ada", "ada", "ADA"] {
        let found = app.client().run(query, json!({ "name": name })).await;
        assert_eq!(found.text("/user/id"), ada.id);
    }
    for name in ["adam", "", "a b", "Ада", &"a".repeat(500)] {
        assert_eq!(*app.client().run(query, json!({ "name": name })).await.at("/user"), Value::Null, "{name}");
    }
    app.finish().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn an_unknown_login_and_a_wrong_password_get_the_same_answer_in_the_same_time() {
    let app = TestApp::start().await;
    app.client().sign_up("ada").await;
    let client = app.client();
    sign_in(&client, "ada", "warm").await;
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let start = Instant::now();
        let refused = sign_in(&client, "ada", "not the password").await;
        wrong.push(start.elapsed());
        let start = Instant::now();
        let stranger = sign_in(&client, "nobody", "not the password").await;
        unknown.push(start.elapsed());
        assert_eq!(refused.status, stranger.status);
        assert_eq!(refused.body, stranger.body);
        assert_eq!(refused.user_errors(), [("FORBIDDEN".into(), "login".into())]);
        assert_eq!(refused.at("/signIn/session"), &Value::Null);
    }
    let (wrong, unknown) = (median(wrong), median(unknown));
    assert!(wrong < 2 * unknown && unknown < 2 * wrong, "wrong password {wrong:?}, unknown login {unknown:?}");
    app.finish().await;
}

async fn sessions(person: &Client) -> Vec<(String, bool)> {
    let query = "{ viewer { sessions { nodes { id isCurrent userAgent createdAt expiresAt } } } }";
    let answer = person.run(query, json!({})).await;
    let nodes = answer.at("/viewer/sessions/nodes").as_array().unwrap();
    nodes.iter().map(|node| (node["id"].as_str().unwrap().to_owned(), node["isCurrent"] == true)).collect()
}

#[tokio::test]
async fn sessions_are_listed_and_revoked_by_their_owner_only() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let ben = app.client().sign_up("ben").await;
    let phone = sign_in(&app.client(), "ada", "a good password").await;
    let phone = app.client().with_token(phone.payload()["session"]["token"].as_str().unwrap());
    let listed = sessions(&ada).await;
    assert_eq!(listed.iter().map(|(_, current)| *current).collect::<Vec<_>>(), [false, true], "the newest first");
    assert_eq!(sessions(&phone).await.iter().map(|(_, current)| *current).collect::<Vec<_>>(), [true, false]);

    let of_phone = json!({ "sessionId": listed[0].0 });
    let refused = ben.mutate("revokeSession", of_phone.clone(), "").await;
    assert_eq!(refused.user_errors(), [("NOT_FOUND".into(), "sessionId".into())]);
    assert_eq!(sessions(&ada).await.len(), 2);
    ada.mutate("revokeSession", of_phone.clone(), "").await.payload();
    let ended = viewer(&phone).await;
    assert_eq!((ended.status, ended.error_code()), (401, "UNAUTHENTICATED"));
    assert_eq!(sessions(&ada).await.len(), 1);
    let again = ada.mutate("revokeSession", of_phone, "").await;
    assert_eq!(again.user_errors(), [("NOT_FOUND".into(), "sessionId".into())]);
    app.finish().await;
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    app.clock.advance(TimeDelta::days(90) - TimeDelta::microseconds(1));
    viewer(&ada).await.data();
    app.clock.advance(TimeDelta::microseconds(1));
    for query in ["{ viewer { email } }", "{ instance { version } }"] {
        let ended = ada.run(query, json!({})).await;
        assert_eq!((ended.status, ended.error_code()), (401, "UNAUTHENTICATED"), "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn no_password_and_no_token_stands_in_the_database() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let signed_in = sign_in(&app.client(), "ada", "a good password").await;
    let token = signed_in.payload()["session"]["token"].as_str().unwrap().to_owned();
    assert!(app.database_holds("ada@example.test").await, "what is looked for is looked for in the right place");
    assert!(app.database_holds("$argon2id$").await);
    for secret in ["a good password", &ada.token, &token] {
        assert!(!app.database_holds(secret).await, "a secret is stored in clear");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let fields = "user { fullName bio isPrivate }";
    let change = async |input: Value| ada.mutate("updateProfile", input, fields).await;
    let changed = change(json!({ "fullName": "Ada Lovelace", "bio": "Engines.\n🙂" })).await;
    assert_eq!(
        changed.payload()["user"],
        json!({ "fullName": "Ada Lovelace", "bio": "Engines.\n🙂", "isPrivate": false })
    );
    let changed = change(json!({ "isPrivate": true })).await;
    assert_eq!(
        changed.payload()["user"],
        json!({ "fullName": "Ada Lovelace", "bio": "Engines.\n🙂", "isPrivate": true })
    );
    let refused = change(json!({ "fullName": "x".repeat(101), "bio": "x".repeat(151) })).await;
    assert_eq!(refused.user_errors(), [("INVALID".into(), "fullName".into()), ("INVALID".into(), "bio".into())]);
    let query = "{ user(username: \"ada\") { fullName bio isPrivate } }";
    let shown = app.client().run(query, json!({})).await;
    assert_eq!(*shown.at("/user"), json!({ "fullName": "Ada Lovelace", "bio": "Engines.\n🙂", "isPrivate": true }));
    app.finish().await;
}

async fn avatar(client: &Client) -> Value {
    client.run("{ user(username: \"ada\") { avatar(size: MEDIUM) } }", json!({})).await.at("/user/avatar").clone()
}

#[tokio::test]
async fn a_profile_picture_is_shown_replaced_and_removed_with_its_objects() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let anonymous = app.client();
    let set = async |media: Value| ada.mutate("updateProfile", json!({ "avatarMediaId": media }), "user { id }").await;
    let first = ada.photo(picture::jpeg(300, 200)).await;
    set(json!(first)).await.payload();
    assert_eq!(avatar(&anonymous).await, Value::Null, "it is not ready yet");
    app.run_jobs().await;
    let url = avatar(&anonymous).await;
    assert_eq!(anonymous.get(url.as_str().unwrap()).await.status(), 200);
    assert_eq!(anonymous.node(&first, "").await["id"], first.as_str());

    let of_first = app.object_keys().await;
    let second = ada.photo(picture::jpeg(200, 300)).await;
    set(json!(second)).await.payload();
    app.run_jobs().await;
    let keys = app.object_keys().await;
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| !of_first.contains(key)), "the replaced picture's objects are still there");
    assert_ne!(avatar(&anonymous).await, url);
    assert_eq!(anonymous.get(url.as_str().unwrap()).await.status(), 404);
    assert_eq!(ada.node(&first, "").await, Value::Null);
    // The same picture once more changes nothing.
    set(json!(second)).await.payload();
    app.run_jobs().await;
    assert_eq!(app.object_keys().await, keys);

    let used = set(json!(first)).await;
    assert_eq!(used.user_errors(), [("NOT_FOUND".into(), "avatarMediaId".into())]);
    set(Value::Null).await.payload();
    assert_eq!(avatar(&anonymous).await, Value::Null);
    app.assert_nothing_left().await;
    app.finish().await;
}

async fn states(person: &Person, other: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on User {
        viewerFollowState followsViewer followerCount followingCount } } }";
    person.run(query, json!({ "id": other })).await.at("/node").clone()
}

async fn requests(person: &Person) -> Vec<String> {
    let answer = person.run("{ viewer { followRequests { nodes { username } } } }", json!({})).await;
    let nodes = answer.at("/viewer/followRequests/nodes").as_array().unwrap();
    nodes.iter().map(|node| node["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_private_account_is_asked() {
    let app = TestApp::start().await;
    let private = app.client().sign_up("private").await;
    let ben = app.client().sign_up("ben").await;
    let cleo = app.client().sign_up("cleo").await;
    private.set_private(true).await;
    ben.follow(&private.id).await;
    ben.follow(&private.id).await;
    cleo.follow(&private.id).await;
    assert_eq!(requests(&private).await, ["cleo", "ben"]);
    assert_eq!(requests(&ben).await, Vec::<String>::new());
    let asked =
        json!({ "viewerFollowState": "REQUESTED", "followsViewer": false, "followerCount": 0, "followingCount": 0 });
    assert_eq!(states(&ben, &private.id).await, asked);

    private.accept(&ben.id).await;
    let accepted =
        json!({ "viewerFollowState": "FOLLOWING", "followsViewer": false, "followerCount": 1, "followingCount": 0 });
    assert_eq!(states(&ben, &private.id).await, accepted);
    assert_eq!(states(&private, &ben.id).await["followsViewer"], true);
    private.mutate("declineFollowRequest", json!({ "userId": cleo.id }), "").await.payload();
    assert_eq!(states(&cleo, &private.id).await["viewerFollowState"], "NONE");
    assert_eq!(requests(&private).await, Vec::<String>::new());
    for (name, user) in [("acceptFollowRequest", &cleo), ("declineFollowRequest", &ben)] {
        let refused = private.mutate(name, json!({ "userId": user.id }), "").await;
        assert_eq!(refused.user_errors(), [("NOT_FOUND".into(), "userId".into())], "{name}");
    }
    // Nobody lets oneself in.
    cleo.follow(&private.id).await;
    let refused = cleo.mutate("acceptFollowRequest", json!({ "userId": cleo.id }), "").await;
    assert_eq!(refused.user_errors(), [("NOT_FOUND".into(), "userId".into())]);
    // A request that is taken back is gone.
    cleo.unfollow(&private.id).await;
    assert_eq!(requests(&private).await, Vec::<String>::new());
    assert_eq!(states(&private, &private.id).await["viewerFollowState"], "SELF");
    let oneself = ben.mutate("followUser", json!({ "userId": ben.id }), "").await;
    assert_eq!(oneself.user_errors(), [("INVALID".into(), "userId".into())]);
    app.run_jobs().await;
    app.finish().await;
}
