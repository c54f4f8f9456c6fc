//! Posts that are put aside or put first: for whom they are there, and what they count for.

use darkroom_testing::{Person, TestApp};
use serde_json::{Value, json};

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

/// Ada's posts and pinned posts as this person sees them, and how many she has.
async fn profile(person: &Person) -> (Vec<String>, Vec<String>, i64) {
    let query = "{ user(username: \"ada\") { postCount posts { nodes { id } } pinnedPosts { id isPinned } } }";
    let answer = person.run(query, json!({})).await;
    let user = answer.at("/user");
    assert!(user["pinnedPosts"].as_array().unwrap().iter().all(|post| post["isPinned"] == true));
    (ids(&user["posts"]["nodes"]), ids(&user["pinnedPosts"]), user["postCount"].as_i64().unwrap())
}

async fn archived(person: &Person) -> Vec<String> {
    let answer = person.run("{ viewer { archivedPosts { nodes { id state } } } }", json!({})).await;
    ids(answer.at("/viewer/archivedPosts/nodes"))
}

#[tokio::test]
async fn an_archived_post_is_its_authors_alone_and_comes_back_as_it_was() {
    let app = TestApp::start().await;
    let [ada, ben] = people(&app, ["ada", "ben"]).await;
    ben.follow(&ada.id).await;
    let [old, new] = [ada.post_picture().await, ada.post_picture().await];
    let early = ada.to_post("archivePost", &old).await;
    assert_eq!(early.user_errors(), [("CONFLICT".into(), "postId".into())], "it is not published yet");
    app.run_jobs().await;
    ben.to_post("likePost", &old).await.payload();
    ada.to_post("pinPost", &old).await.payload();
    let both = vec![new.clone(), old.clone()];
    assert_eq!(ben.feed(20).await, both);
    app.app.settle().await;

    for _ in 0..2 {
        let payload = ada.to_post("archivePost", &old).await;
        let post = json!({ "id": old, "state": "ARCHIVED", "isPinned": false, "likeCount": 1 });
        assert_eq!(payload.payload()["post"], post);
        for person in [&ada, &ben] {
            assert_eq!(profile(person).await, (vec![new.clone()], vec![], 1), "{}", person.username);
            assert_eq!(person.feed(20).await, std::slice::from_ref(&new));
        }
        assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    }
    assert_eq!(ben.node(&old, "").await, Value::Null);
    assert_eq!(ben.to_post("unlikePost", &old).await.user_errors(), [("NOT_FOUND".into(), "postId".into())]);
    assert_eq!(ada.node(&old, "... on Post { state }").await["state"], "ARCHIVED");
    assert_eq!(archived(&ada).await, std::slice::from_ref(&old));
    assert_eq!(archived(&ben).await, Vec::<String>::new());
    // It can be edited, and not be pinned.
    ada.mutate("updatePost", json!({ "postId": old, "caption": "from the #archive" }), "").await.payload();
    assert_eq!(ada.to_post("pinPost", &old).await.user_errors(), [("CONFLICT".into(), "postId".into())]);
    // A timeline from the meantime.
    app.lose_timeline("ben").await;
    assert_eq!(ben.feed(20).await, std::slice::from_ref(&new));
    app.app.settle().await;

    for _ in 0..2 {
        let payload = ada.to_post("unarchivePost", &old).await;
        let post = json!({ "id": old, "state": "PUBLISHED", "isPinned": false, "likeCount": 1 });
        assert_eq!(payload.payload()["post"], post);
        for person in [&ada, &ben] {
            assert_eq!(profile(person).await, (both.clone(), vec![], 2), "{}", person.username);
            assert_eq!(person.feed(1).await, both);
        }
        assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    }
    assert_eq!(ben.node(&old, "... on Post { viewerHasLiked caption }").await["viewerHasLiked"], true);
    // An archived post that is deleted counts for nothing.
    ada.to_post("archivePost", &old).await.payload();
    ada.delete_post(&old).await;
    assert_eq!((profile(&ada).await.2, archived(&ada).await.len()), (1, 0));
    for verb in ["archivePost", "unarchivePost", "pinPost", "unpinPost"] {
        let others = ben.to_post(verb, &new).await;
        assert_eq!(others.user_errors(), [("FORBIDDEN".into(), "postId".into())], "{verb}");
        assert_eq!(ben.to_post(verb, &old).await.user_errors(), [("NOT_FOUND".into(), "postId".into())], "{verb}");
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn three_posts_stand_first() {
    let app = TestApp::start().await;
    let [ada, ben] = people(&app, ["ada", "ben"]).await;
    let mut posts = Vec::new();
    for _ in 0..4 {
        posts.push(ada.post_picture().await);
    }
    app.run_jobs().await;
    for post in &posts[..3] {
        let pinned = ada.to_post("pinPost", post).await;
        assert_eq!(pinned.payload()["post"]["isPinned"], true);
        ada.to_post("pinPost", post).await.payload();
        app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let refused = ada.to_post("pinPost", &posts[3]).await;
    assert_eq!(refused.user_errors(), [("CONFLICT".into(), "postId".into())]);
    let last_first = [posts[2].clone(), posts[1].clone(), posts[0].clone()];
    assert_eq!(profile(&ben).await.1, last_first);
    assert_eq!(profile(&ben).await.0.len(), 4, "the list is as it was");
    ada.set_audience(&posts[1], "FOLLOWERS").await;
    assert_eq!(profile(&ben).await.1, [posts[2].clone(), posts[0].clone()], "only what is to be seen");
    assert_eq!(profile(&ada).await.1, last_first);
    for _ in 0..2 {
        let unpinned = ada.to_post("unpinPost", &posts[1]).await;
        assert_eq!(unpinned.payload()["post"]["isPinned"], false);
    }
    ada.to_post("pinPost", &posts[3]).await.payload();
    assert_eq!(profile(&ben).await.1, [posts[3].clone(), posts[2].clone(), posts[0].clone()]);

    // At the same moment, too, no more than three.
    for post in [&posts[3], &posts[2], &posts[0]] {
        ada.to_post("unpinPost", post).await.payload();
    }
    let pins = posts.iter().cloned().map(|post| {
        let ada = ada.clone();
        tokio::spawn(async move { ada.to_post("pinPost", &post).await.user_errors().len() })
    });
    let mut refused = 0;
    for pin in pins.collect::<Vec<_>>() {
        refused += pin.await.unwrap();
    }
    assert_eq!((refused, profile(&ada).await.1.len()), (1, 3));
    app.finish().await;
}
