//! Saved posts and collections: for their owner alone.

use darkroom_testing::{Person, TestApp};
use serde_json::{Value, json};

async fn world() -> (TestApp, Person, Person, [String; 3]) {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let ben = app.client().sign_up("ben").await;
    let posts = [author.post_picture().await, author.post_picture().await, author.post_picture().await];
    app.run_jobs().await;
    (app, author, ben, posts)
}

async fn finish(app: TestApp) {
    app.run_jobs().await;
    app.finish().await;
}

/// The ids of a list of posts.
fn ids(list: &Value) -> Vec<&str> {
    list["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect()
}

async fn saved(person: &Person) -> Value {
    person
        .run("{ viewer { savedPosts { nodes { id viewerHasSaved } } } }", json!({}))
        .await
        .at("/viewer/savedPosts")
        .clone()
}

#[tokio::test]
async fn saved_posts_are_the_viewers_as_long_as_they_see_them() {
    let (app, author, ben, [a, b, c]) = world().await;
    for post in [&b, &a, &c, &b] {
        let done = ben.mutate("savePost", json!({ "postId": post }), "post { viewerHasSaved }").await;
        assert_eq!(done.payload()["post"]["viewerHasSaved"], true);
    }
    assert_eq!(ids(&saved(&ben).await), [&c, &a, &b], "the last saved first; twice is once");
    assert_eq!(ids(&saved(&author).await), Vec::<&str>::new());
    assert_eq!(author.node(&a, "... on Post { viewerHasSaved }").await["viewerHasSaved"], false);
    let query = "query($after: String) { viewer { savedPosts(first: 2, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let first = ben.run(query, json!({})).await;
    let end = first.text("/viewer/savedPosts/pageInfo/endCursor");
    let second = ben.run(query, json!({ "after": end })).await;
    assert_eq!(ids(second.at("/viewer/savedPosts")), [&b]);
    let foreign = ben
        .run(
            "query($after: String) { viewer { user { posts(after: $after) { nodes { id } } } } }",
            json!({ "after": end }),
        )
        .await;
    assert_eq!(foreign.error_code(), "INVALID", "a cursor belongs to its list");

    for _ in 0..2 {
        let done = ben.mutate("unsavePost", json!({ "postId": a }), "post { viewerHasSaved }").await;
        assert_eq!(done.payload()["post"]["viewerHasSaved"], false);
    }
    author.delete_post(&c).await;
    assert_eq!(ids(&saved(&ben).await), [&b]);
    author.set_private(true).await;
    assert_eq!(ids(&saved(&ben).await), Vec::<&str>::new());
    let hidden = ben.mutate("savePost", json!({ "postId": a }), "").await;
    let absent = ben.mutate("savePost", json!({ "postId": "post_01h455vb4pex5vsknk084sn02q" }), "").await;
    assert_eq!(hidden.user_errors(), [("NOT_FOUND".into(), "postId".into())]);
    assert_eq!(hidden.body, absent.body);
    author.set_private(false).await;
    assert_eq!(ids(&saved(&ben).await), [&b], "what was saved comes back with its post");
    finish(app).await;
}

#[tokio::test]
async fn collections_hold_saved_posts() {
    let (app, author, ben, [a, b, c]) = world().await;
    let trips = ben.collection("  Trips \n 2026 ").await;
    let prints = ben.collection("To print").await;
    let put = async |person: &Person, verb: &str, collection: &str, post: &str| {
        person.mutate(verb, json!({ "collectionId": collection, "postId": post }), "collection { id }").await
    };
    for (collection, post) in [(&trips, &a), (&trips, &b), (&prints, &a), (&trips, &a)] {
        assert_eq!(
            put(&ben, "addToCollection", collection, post).await.payload()["collection"]["id"],
            collection.as_str()
        );
    }
    let lists = async |person: &Person| -> Value {
        let query = "{ viewer { collections { nodes { name posts { nodes { id } } } } } }";
        person.run(query, json!({})).await.at("/viewer/collections/nodes").clone()
    };
    let shown = lists(&ben).await;
    assert_eq!((&shown[0]["name"], &shown[1]["name"]), (&json!("To print"), &json!("Trips 2026")), "newest first");
    assert_eq!((ids(&shown[0]["posts"]), ids(&shown[1]["posts"])), (vec![a.as_str()], vec![b.as_str(), &a]));
    assert_eq!(ids(&saved(&ben).await), [&b, &a], "what is collected is saved");

    // Taken out it stays saved; unsaved it leaves every collection.
    for _ in 0..2 {
        put(&ben, "removeFromCollection", &trips, &b).await.payload();
    }
    assert_eq!(ids(&saved(&ben).await), [&b, &a]);
    ben.mutate("unsavePost", json!({ "postId": a }), "").await.payload();
    let shown = lists(&ben).await;
    assert_eq!((ids(&shown[0]["posts"]), ids(&shown[1]["posts"])), (vec![], vec![]));

    // Of others' collections nobody learns anything.
    assert_eq!(lists(&author).await, json!([]));
    assert_eq!(ben.node(&trips, "... on Collection { name }").await["name"], "Trips 2026");
    assert_eq!(author.node(&trips, "").await, Value::Null);
    assert_eq!(app.client().node(&trips, "").await, Value::Null);
    let nothing = "collection_01h455vb4pex5vsknk084sn02q";
    for verb in ["addToCollection", "removeFromCollection", "deleteCollection", "renameCollection"] {
        let input = |id: &str| match verb {
            "deleteCollection" => json!({ "collectionId": id }),
            "renameCollection" => json!({ "collectionId": id, "name": "x" }),
            _ => json!({ "collectionId": id, "postId": c }),
        };
        let hidden = author.mutate(verb, input(&trips), "").await;
        assert_eq!(hidden.user_errors(), [("NOT_FOUND".into(), "collectionId".into())], "{verb}");
        assert_eq!(hidden.body, author.mutate(verb, input(nothing), "").await.body, "{verb}");
    }
    assert_eq!(app.rows("saved_post").await, 1, "a refused change is taken back whole");

    put(&ben, "addToCollection", &trips, &c).await.payload();
    let deleted = ben.mutate("deleteCollection", json!({ "collectionId": trips }), "deletedCollectionId").await;
    assert_eq!(deleted.payload()["deletedCollectionId"], trips.as_str());
    assert_eq!(ids(&saved(&ben).await), [&c, &b], "its posts stay saved");
    app.run_jobs().await;
    assert_eq!(app.rows("collection_post").await, 0);
    finish(app).await;
}

#[tokio::test]
async fn names_are_unique_whatever_the_case_and_collections_bounded() {
    let (app, author, ben, _) = world().await;
    let summer = ben.collection("Été").await;
    let other = ben.collection("Winter").await;
    author.collection("Été").await;
    let create = async |name: &str| ben.mutate("createCollection", json!({ "name": name }), "").await.user_errors();
    let rename = async |id: &str, name: &str| {
        ben.mutate("renameCollection", json!({ "collectionId": id, "name": name }), "collection { name }").await
    };
    assert_eq!(create("ÉTÉ").await, [("CONFLICT".into(), "name".into())]);
    assert_eq!(create(" ").await, [("INVALID".into(), "name".into())]);
    assert_eq!(create(&"x".repeat(101)).await, [("INVALID".into(), "name".into())]);
    // Lower case is longer here than what was typed.
    assert_eq!(create(&"İ".repeat(100)).await, []);
    assert_eq!(rename(&other, "été").await.user_errors(), [("CONFLICT".into(), "name".into())]);
    assert_eq!(rename(&summer, "ÉTÉ").await.payload()["collection"]["name"], "ÉTÉ");
    assert_eq!(rename(&other, "Été 2").await.payload()["collection"]["name"], "Été 2");
    for number in 3..200 {
        assert_eq!(create(&format!("number {number}")).await, []);
    }
    assert_eq!(create("one too many").await, [("CONFLICT".into(), "name".into())]);
    finish(app).await;
}
