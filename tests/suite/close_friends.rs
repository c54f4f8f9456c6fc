//! Close friends: what is for them reaches them alone, and the list works at once in both directions.

use darkroom_testing::{TestApp, uuid_of};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_for_close_friends_reaches_them_alone_and_their_feed_if_they_follow() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for name in ["author", "follower", "reader"] {
        people.push(app.client().sign_up(name).await);
    }
    let [author, follower, reader] = people.try_into().unwrap_or_else(|_| unreachable!());
    follower.follow(&author.id).await;
    let post = author.post_picture_for("CLOSE_FRIENDS").await;
    app.run_jobs().await;
    assert_eq!(author.feed(20).await, std::slice::from_ref(&post));
    let nothing = Vec::<String>::new();
    for person in [&follower, &reader] {
        assert_eq!((person.feed(20).await, person.node(&post, "").await), (nothing.clone(), Value::Null));
    }
    app.app.settle().await;

    for _ in 0..2 {
        author.to_user("addCloseFriend", &follower.id).await.payload();
        author.to_user("addCloseFriend", &reader.id).await.payload();
    }
    assert_eq!(author.own_list("closeFriends").await, ["reader", "follower"]);
    assert_eq!(follower.feed(20).await, std::slice::from_ref(&post), "with a timeline from before");
    assert_eq!(reader.feed(20).await, nothing, "who does not follow finds it elsewhere");
    assert_eq!(reader.node(&post, "").await["id"], post.as_str());
    let listed = |fields: &Value| fields["isViewersCloseFriend"].clone();
    assert_eq!(listed(&author.node(&reader.id, "... on User { isViewersCloseFriend }").await), true);
    assert_eq!(listed(&reader.node(&author.id, "... on User { isViewersCloseFriend }").await), false, "nobody is told");
    assert_eq!(reader.own_list("closeFriends").await, nothing);

    for _ in 0..2 {
        author.to_user("removeCloseFriend", &follower.id).await.payload();
        assert_eq!((follower.feed(20).await, follower.node(&post, "").await), (nothing.clone(), Value::Null));
    }
    // A timeline from when it was not to be seen; then the post is for all.
    app.lose_timeline("follower").await;
    assert_eq!(follower.feed(20).await, nothing);
    app.app.settle().await;
    author.set_audience(&post, "EVERYONE").await;
    assert_eq!(follower.feed(20).await, std::slice::from_ref(&post));
    author.set_audience(&post, "CLOSE_FRIENDS").await;
    assert_eq!(follower.feed(20).await, nothing);
    let oneself = author.to_user("addCloseFriend", &author.id).await;
    assert_eq!(oneself.user_errors(), [("INVALID".into(), "userId".into())]);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_list_has_an_end_and_pages() {
    let app = TestApp::start().await;
    let [ada, ben, cleo] =
        [app.client().sign_up("ada").await, app.client().sign_up("ben").await, app.client().sign_up("cleo").await];
    let people = app.write_people("friend", 999).await;
    app.write_close_friends(uuid_of(&ada.id), &people).await;
    ada.to_user("addCloseFriend", &ben.id).await.payload();
    let refused = ada.to_user("addCloseFriend", &cleo.id).await;
    assert_eq!(refused.user_errors(), [("CONFLICT".into(), "userId".into())]);
    ada.to_user("addCloseFriend", &ben.id).await.payload();
    ada.to_user("removeCloseFriend", &ben.id).await.payload();
    ada.to_user("addCloseFriend", &cleo.id).await.payload();

    let query = "query($after: String) { viewer { closeFriends(first: 100, after: $after) {
        nodes { username } pageInfo { hasNextPage endCursor } } } }";
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = ada.run(query, json!({ "after": after })).await;
        let list = page.at("/viewer/closeFriends");
        names.extend(list["nodes"].as_array().unwrap().iter().map(|node| node["username"].to_string()));
        after = list["pageInfo"]["endCursor"].clone();
        if list["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!((names.len(), names[0].as_str()), (1000, "\"cleo\""));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 1000);
    // Another list's cursor is refused.
    let foreign = "query($after: String) { viewer { mutedUsers(after: $after) { nodes { id } } } }";
    assert_eq!(ada.run(foreign, json!({ "after": after })).await.error_code(), "INVALID");
    app.finish().await;
}
