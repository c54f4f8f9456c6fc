//! Input that breaks a rule: the rule is said, the field is named, and nothing has changed.

use chrono::TimeDelta;
use darkroom_testing::{Answer, Person, TestApp, picture};
use serde_json::{Value, json};

fn errors(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(code, field)| ((*code).to_owned(), (*field).to_owned())).collect()
}

/// An id that is well formed and names nothing.
fn unknown(kind: &str) -> String {
    format!("{kind}_01h455vb4pex5vsknk084sn02q")
}

async fn create_post(person: &Person, media: &[String]) -> Answer {
    person.mutate("createPost", json!({ "mediaIds": media }), "post { id }").await
}

#[tokio::test]
async fn a_post_of_the_wrong_media_is_refused_and_takes_none_of_them() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let ben = app.client().sign_up("ben").await;
    let foreign = ben.photo(picture::jpeg(20, 20)).await;
    let mut own = Vec::new();
    for _ in 0..11 {
        own.push(ada.photo(picture::jpeg(20, 20)).await);
    }
    let one = own[0].clone();
    let table: [(Vec<String>, &str); 8] = [
        (vec![], "INVALID"),
        (own.clone(), "INVALID"),
        (vec![one.clone(), one.clone()], "INVALID"),
        (vec![foreign.clone()], "NOT_FOUND"),
        (vec![one.clone(), foreign], "NOT_FOUND"),
        (vec![one.clone(), unknown("media")], "NOT_FOUND"),
        (vec![one.clone(), ada.id.clone()], "INVALID"),
        (vec![one.clone(), "nonsense".to_owned()], "INVALID"),
    ];
    for (media, code) in table {
        let refused = create_post(&ada, &media).await;
        assert_eq!(refused.user_errors(), errors(&[(code, "mediaIds")]), "{media:?}");
        assert_eq!(*refused.at("/createPost/post"), Value::Null);
    }
    assert_eq!((app.rows("post").await, app.rows("post_media").await), (0, 0));

    let ten = own[..10].to_vec();
    let post = ada.post(&ten, "").await;
    for used in [vec![one.clone()], vec![own[10].clone(), own[9].clone()]] {
        assert_eq!(create_post(&ada, &used).await.user_errors(), errors(&[("CONFLICT", "mediaIds")]));
    }
    let story = ada.mutate("createStory", json!({ "mediaId": one }), "story { id }").await;
    assert_eq!(story.user_errors(), errors(&[("CONFLICT", "mediaId")]));
    let avatar = ada.mutate("updateProfile", json!({ "avatarMediaId": one }), "").await;
    assert_eq!(avatar.user_errors(), errors(&[("CONFLICT", "avatarMediaId")]));
    app.run_jobs().await;
    assert_eq!(ada.feed(20).await, [post]);
    app.finish().await;
}

#[tokio::test]
async fn of_two_posts_with_one_photo_at_the_same_moment_one_is_accepted() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let media = vec![ada.photo(picture::jpeg(20, 20)).await];
    let answers = futures::future::join_all((0..6).map(|_| create_post(&ada, &media))).await;
    let refused: Vec<_> = answers.iter().map(Answer::user_errors).filter(|errors| !errors.is_empty()).collect();
    assert_eq!(refused, vec![errors(&[("CONFLICT", "mediaIds")]); 5]);
    assert_eq!(app.rows("post").await, 1);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn words_that_are_too_long_are_refused_together() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let media = ada.photo(picture::jpeg(20, 20)).await;
    let input = json!({ "mediaIds": [media], "caption": "x".repeat(2201), "location": "x".repeat(201) });
    let refused = ada.mutate("createPost", input, "post { id }").await;
    assert_eq!(refused.user_errors(), errors(&[("INVALID", "caption"), ("INVALID", "location")]));
    assert_eq!(app.rows("post").await, 0);
    // Characters are Unicode scalar values, not bytes.
    let faces = "🙂".repeat(2200);
    let post = ada.post(&[media], &faces).await;
    app.run_jobs().await;
    let refused = ada.mutate("updatePost", json!({ "postId": post, "caption": "x".repeat(2201) }), "").await;
    assert_eq!(refused.user_errors(), errors(&[("INVALID", "caption")]));
    assert_eq!(ada.node(&post, "... on Post { caption }").await["caption"], faces.as_str());
    app.finish().await;
}

async fn sign_up(app: &TestApp, username: &str, email: &str, password: &str) -> Answer {
    let input = json!({ "username": username, "email": email, "password": password });
    app.client().mutate("signUp", input, "session { token }").await
}

#[tokio::test]
async fn names_and_addresses_are_unique_in_any_case() {
    let app = TestApp::start().await;
    app.client().sign_up("Ada").await;
    let table = [
        ("ada", "other@example.test", vec![("CONFLICT", "username")]),
        ("ADA", "other@example.test", vec![("CONFLICT", "username")]),
        ("ben", "ada@EXAMPLE.test", vec![("CONFLICT", "email")]),
        ("aDa", "ADA@example.test", vec![("CONFLICT", "username"), ("CONFLICT", "email")]),
    ];
    for (username, email, expected) in table {
        let refused = sign_up(&app, username, email, "a good password").await;
        assert_eq!(refused.user_errors(), errors(&expected), "{username} {email}");
    }
    for (username, email, password, field) in [
        ("", "a@example.test", "a good password", "username"),
        ("a b", "a@example.test", "a good password", "username"),
        ("аda", "a@example.test", "a good password", "username"),
        (".ada", "a@example.test", "a good password", "username"),
        ("admin", "a@example.test", "a good password", "username"),
        (&"a".repeat(31), "a@example.test", "a good password", "username"),
        ("ben", "no address", "a good password", "email"),
        ("ben", "", "a good password", "email"),
        ("ben", "a@example.test", "short", "password"),
        ("ben", "a@example.test", &"x".repeat(257), "password"),
    ] {
        let refused = sign_up(&app, username, email, password).await;
        let found = refused.user_errors();
        assert_eq!((found.len(), found[0].1.as_str()), (1, field), "{username:?} {email:?}");
        assert!(["INVALID", "CONFLICT"].contains(&found[0].0.as_str()));
        assert!(!refused.body.to_string().contains("a good password"));
    }
    assert_eq!((app.rows("account").await, app.rows("session").await), (1, 1));
    let at_once = futures::future::join_all(["Ben", "ben", "BEN", "bEN"].map(|name| {
        let email = format!(
            "{name}@{}.test",
            name.chars().map(|c| if c.is_uppercase() { 'u' } else { 'l' }).collect::<String>()
        );
        let app = &app;
        async move { sign_up(app, name, &email, "a good password").await.user_errors() }
    }))
    .await;
    assert_eq!(at_once.iter().filter(|errors| errors.is_empty()).count(), 1, "{at_once:?}");
    assert_eq!(at_once.iter().filter(|found| **found == errors(&[("CONFLICT", "username")])).count(), 3, "{at_once:?}");
    app.finish().await;
}

#[tokio::test]
async fn ids_that_are_none_are_told_from_ids_of_nothing() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let verbs = [
        ("updatePost", "postId", "post"),
        ("deletePost", "postId", "post"),
        ("likePost", "postId", "post"),
        ("unlikePost", "postId", "post"),
        ("createStory", "mediaId", "media"),
        ("deleteStory", "storyId", "story"),
        ("markStoryViewed", "storyId", "story"),
        ("followUser", "userId", "user"),
        ("unfollowUser", "userId", "user"),
        ("acceptFollowRequest", "userId", "user"),
        ("declineFollowRequest", "userId", "user"),
        ("revokeSession", "sessionId", "session"),
        ("updateProfile", "avatarMediaId", "media"),
    ];
    for (verb, field, kind) in verbs {
        let other = unknown(if kind == "post" { "user" } else { "post" });
        let malformed =
            ["", "1", "nonsense", kind, &format!("{kind}_"), &format!("{kind}_81h455vb4pex5vsknk084sn02q"), &other];
        for id in malformed {
            let refused = ada.mutate(verb, json!({ field: id }), "").await;
            assert_eq!(refused.user_errors(), errors(&[("INVALID", field)]), "{verb} {id:?}");
        }
        let nothing = ada.mutate(verb, json!({ field: unknown(kind) }), "").await;
        assert_eq!(nothing.user_errors(), errors(&[("NOT_FOUND", field)]), "{verb}");
    }
    for id in ["", "nonsense", "post_", "cat_01h455vb4pex5vsknk084sn02q", &"x".repeat(10_000)] {
        let refused = ada.run("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!((refused.error_code(), &refused.body["errors"][0]["path"]), ("INVALID", &json!(["node"])), "{id}");
    }
    let many = vec![unknown("post"); 101];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(ada.run(query, json!({ "ids": many })).await.error_code(), "INVALID");
    let none = ada.run(query, json!({ "ids": [unknown("post"), unknown("media"), unknown("user")] })).await;
    assert_eq!(*none.at("/nodes"), json!([null, null, null]));
    app.finish().await;
}

#[tokio::test]
async fn pages_and_cursors_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    ada.post_picture().await;
    app.run_jobs().await;
    let lists = [
        ("feed", "{ feed(ARGUMENTS) { pageInfo { endCursor } } }"),
        ("tray", "{ storyTray(ARGUMENTS) { pageInfo { endCursor } } }"),
        ("posts", "{ user(username: \"ada\") { posts(ARGUMENTS) { pageInfo { endCursor } } } }"),
        ("followers", "{ user(username: \"ada\") { followers(ARGUMENTS) { pageInfo { endCursor } } } }"),
        ("sessions", "{ viewer { sessions(ARGUMENTS) { pageInfo { endCursor } } } }"),
    ];
    let ask = async |query: &str, arguments: &str| ada.run(&query.replace("ARGUMENTS", arguments), json!({})).await;
    let feed_cursor = ask(lists[0].1, "first: 1").await.text("/feed/pageInfo/endCursor");
    let session_cursor = ask(lists[4].1, "first: 1").await.text("/viewer/sessions/pageInfo/endCursor");
    for (name, query) in lists {
        for arguments in ["first: 0", "first: 101", "first: -1", "first: 2147483647"] {
            let refused = ask(query, arguments).await;
            assert!(["INVALID", "TOO_COMPLEX"].contains(&refused.error_code()), "{name} {arguments}: {}", refused.body);
        }
        let foreign = if name == "feed" { &session_cursor } else { &feed_cursor };
        for cursor in ["", "*", "AAAA", "AQ==", foreign, &"A".repeat(5000)] {
            let refused = ask(query, &format!("after: \"{cursor}\"")).await;
            assert_eq!(refused.error_code(), "INVALID", "{name} {cursor:?}: {}", refused.body);
        }
        ask(query, "first: 100").await.data();
        ask(query, "first: 1, after: null").await.data();
    }
    app.finish().await;
}

#[tokio::test]
async fn a_token_that_has_ended_opens_nothing() {
    let app = TestApp::start().await;
    let ada = app.client().sign_up("ada").await;
    let signed_out = app.client().sign_up("ben").await;
    signed_out.run("mutation { signOut { userErrors { code } } }", json!({})).await.payload();
    app.clock.advance(TimeDelta::days(91));
    let nobody = app.client();
    let forged = [nobody.with_token(""), nobody.with_token("x"), nobody.with_token(&"A".repeat(43))];
    for client in [&ada.client, &signed_out.client].into_iter().chain(&forged) {
        let refused = client.run("{ instance { version } }", json!({})).await;
        assert_eq!((refused.status, refused.error_code()), (401, "UNAUTHENTICATED"));
        let refused = client.upload(picture::jpeg(20, 20)).await;
        assert_eq!((refused.status, refused.error_code()), (401, "UNAUTHENTICATED"));
    }
    app.assert_nothing_left().await;
    app.finish().await;
}
