//! Likes of posts and comments, and who likes them.

use darkroom_testing::{Person, TestApp};
use serde_json::{Value, json};

async fn world() -> (TestApp, Person, Person, String) {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let ben = app.client().sign_up("ben").await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    (app, author, ben, post)
}

#[tokio::test]
async fn doing_it_twice_changes_nothing() {
    let (app, author, ben, post) = world().await;
    let comment = author.comment(&post, "hello").await;
    let fields = "likeCount viewerHasLiked";
    for (verb, count) in [("like", 1), ("like", 1), ("unlike", 0), ("unlike", 0), ("like", 1)] {
        let of_post =
            ben.mutate(&format!("{verb}Post"), json!({ "postId": post }), &format!("post {{ {fields} }}")).await;
        let input = json!({ "commentId": comment });
        let of_comment = ben.mutate(&format!("{verb}Comment"), input, &format!("comment {{ {fields} }}")).await;
        let expected = json!({ "likeCount": count, "viewerHasLiked": count == 1 });
        assert_eq!(of_post.payload()["post"], expected, "{verb}");
        assert_eq!(of_comment.payload()["comment"], expected, "{verb}");
    }
    let seen_by_author = author.node(&post, &format!("... on Post {{ {fields} }}")).await;
    assert_eq!((&seen_by_author["likeCount"], &seen_by_author["viewerHasLiked"]), (&json!(1), &json!(false)));
    let of_another_kind = ben.mutate("likeComment", json!({ "commentId": post }), "").await;
    assert_eq!(of_another_kind.user_errors(), [("INVALID".into(), "commentId".into())]);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn likers_come_the_latest_first_page_by_page() {
    let (app, author, ben, post) = world().await;
    let comment = author.comment(&post, "hello").await;
    let cleo = app.client().sign_up("cleo").await;
    let dora = app.client().sign_up("dora").await;
    for person in [&dora, &ben, &cleo] {
        person.like_post(&post).await;
        person.mutate("likeComment", json!({ "commentId": comment }), "").await.payload();
    }
    dora.mutate("unlikePost", json!({ "postId": post }), "").await.payload();
    dora.like_post(&post).await;
    let page = async |id: &str, kind: &str, after: Option<String>| -> (Vec<Value>, Option<String>) {
        let query = format!(
            "query($id: ID!, $after: String) {{ node(id: $id) {{ ... on {kind} {{ likes(first: 2, after: $after) {{
                nodes {{ username }} pageInfo {{ hasNextPage endCursor }} }} }} }} }}"
        );
        let answer = author.run(&query, json!({ "id": id, "after": after })).await;
        let likes = answer.at("/node/likes").clone();
        let names = likes["nodes"].as_array().unwrap().iter().map(|node| node["username"].clone()).collect();
        let more = likes["pageInfo"]["hasNextPage"].as_bool().unwrap();
        (names, more.then(|| likes["pageInfo"]["endCursor"].as_str().unwrap().to_owned()))
    };
    let (names, end) = page(&post, "Post", None).await;
    assert_eq!(names, ["dora", "cleo"]);
    let (names, none) = page(&post, "Post", end.clone()).await;
    assert!(names == ["ben"] && none.is_none());
    let (names, _) = page(&comment, "Comment", None).await;
    assert_eq!(names, ["cleo", "ben"]);
    // A cursor belongs to its list.
    let query = "query($id: ID!, $after: String) { node(id: $id) { ... on User { followers(after: $after) { nodes { id } } } } }";
    assert_eq!(author.run(query, json!({ "id": ben.id, "after": end })).await.error_code(), "INVALID");

    // Of a suspended person nothing is seen, and nothing of the like is lost.
    app.tamper("UPDATE account SET suspended_at = created_at WHERE username = 'cleo'").await;
    let (names, _) = page(&post, "Post", None).await;
    assert_eq!(names, ["dora", "ben"]);
    assert_eq!(author.node(&post, "... on Post { likeCount }").await["likeCount"], 3);
    app.run_jobs().await;
    app.finish().await;
}
