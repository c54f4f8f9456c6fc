//! What people are told: whom it concerns, once, in groups, and no longer than it is so.

use chrono::TimeDelta;
use darkroom_testing::{Client, Person, TestApp};
use serde_json::{Value, json};

/// Everything that a person was told, page by page.
async fn told(viewer: &Client, first: i32) -> Vec<Value> {
    let query = "query($first: Int!, $after: String) { viewer { notifications(first: $first, after: $after) {
        nodes { id cursor groupKey kind actor { username } actors { username } actorCount readAt
            post { id } comment { id } } pageInfo { hasNextPage endCursor } } } }";
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = viewer.run(query, json!({ "first": first, "after": after })).await;
        all.extend(page.at("/viewer/notifications/nodes").as_array().unwrap().iter().cloned());
        if page.at("/viewer/notifications/pageInfo/hasNextPage") == false {
            return all;
        }
        after = page.at("/viewer/notifications/pageInfo/endCursor").clone();
    }
}

/// Each as its kind, its actors by name and how many they are.
fn lines(told: &[Value]) -> Vec<String> {
    let line = |one: &Value| {
        let names: Vec<&str> =
            one["actors"].as_array().unwrap().iter().map(|actor| actor["username"].as_str().unwrap()).collect();
        assert_eq!(one["actor"]["username"], names[0], "{one}");
        format!("{} {} {}", one["kind"].as_str().unwrap(), names.join(","), one["actorCount"])
    };
    told.iter().map(line).collect()
}

async fn unread(viewer: &Client) -> i64 {
    viewer
        .run("{ viewer { unreadNotificationCount } }", json!({}))
        .await
        .at("/viewer/unreadNotificationCount")
        .as_i64()
        .unwrap()
}

async fn like(person: &Client, post: &str) {
    person.mutate("likePost", json!({ "postId": post }), "").await.payload();
}

async fn unlike(person: &Client, post: &str) {
    person.mutate("unlikePost", json!({ "postId": post }), "").await.payload();
}

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

#[tokio::test]
async fn likes_of_a_day_are_one_group_with_its_newest_first() {
    let app = TestApp::start().await;
    let [author, ada, ben, cleo, dan] = people(&app, ["author", "ada", "ben", "cleo", "dan"]).await;
    let (post, other) = (author.post_picture().await, author.post_picture().await);
    app.run_jobs().await;
    // The day's end must not fall into the test.
    let midnight = TimeDelta::seconds(86_400 - app.clock.now().timestamp() % 86_400);
    app.clock.advance(midnight);
    for person in [&ada, &ben, &cleo, &author, &dan] {
        like(person, &post).await;
        app.run_jobs().await;
    }
    like(&ada, &other).await;
    app.run_jobs().await;
    let all = told(&author, 20).await;
    assert_eq!(lines(&all), ["POST_LIKE ada 1", "POST_LIKE dan,cleo,ben 4"]);
    assert_eq!(all[1]["post"]["id"], post);
    assert_eq!(told(&author, 1).await, all, "page by page");
    assert_eq!(unread(&author).await, 5, "each event counts");
    let [told_ada, told_ben] = [told(&ada, 20).await, told(&ben, 20).await];
    assert_eq!((told_ada.len(), told_ben.len()), (0, 0));

    // It is a node for its recipient only.
    let id = all[1]["id"].as_str().unwrap();
    assert_eq!(author.node(id, "... on Notification { actorCount }").await["actorCount"], 4);
    assert_eq!(ada.node(id, "").await, Value::Null);
    // More of the day joins the group, which stands at its newest; the next day begins another.
    app.clock.advance(TimeDelta::seconds(1));
    let eve = app.client().sign_up("eve").await;
    like(&eve, &post).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&author, 20).await), ["POST_LIKE eve,dan,cleo 5", "POST_LIKE ada 1"]);
    assert_eq!(author.node(id, "... on Notification { actorCount }").await["actorCount"], 4, "up to that event");
    app.clock.advance(TimeDelta::days(1));
    let fay = app.client().sign_up("fay").await;
    like(&fay, &post).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&author, 2).await), ["POST_LIKE fay 1", "POST_LIKE eve,dan,cleo 5", "POST_LIKE ada 1"]);
    app.finish().await;
}

#[tokio::test]
async fn a_like_is_told_once_and_not_when_it_is_gone() {
    let app = TestApp::start().await;
    let [author, ada] = people(&app, ["author", "ada"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    like(&ada, &post).await;
    app.run_jobs().await;
    for _ in 0..4 {
        app.tell_again(&ada, &post).await;
    }
    let first = told(&author, 20).await;
    assert_eq!((first.len(), app.rows("notification").await), (1, 1));

    unlike(&ada, &post).await;
    app.run_jobs().await;
    assert_eq!((told(&author, 20).await.len(), unread(&author).await), (0, 0));
    app.tell_again(&ada, &post).await;
    assert_eq!(told(&author, 20).await.len(), 0, "a late job tells nothing that is not so");

    // Again within the hour: the same row, in its place. Later: told anew.
    app.clock.advance(TimeDelta::minutes(59));
    like(&ada, &post).await;
    app.run_jobs().await;
    assert_eq!(told(&author, 20).await, first);
    unlike(&ada, &post).await;
    app.clock.advance(TimeDelta::minutes(2));
    like(&ada, &post).await;
    app.run_jobs().await;
    let again = told(&author, 20).await;
    assert_eq!((again.len(), app.rows("notification").await), (1, 1));
    assert_ne!(again[0]["id"], first[0]["id"]);
    // A like that is taken back while its job runs leaves nothing.
    for _ in 0..10 {
        unlike(&ada, &post).await;
        like(&ada, &post).await;
        tokio::join!(app.run_jobs(), unlike(&ada, &post));
        assert_eq!(told(&author, 20).await.len(), 0);
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_comment_is_told_once_to_each_as_what_concerns_them_most() {
    let app = TestApp::start().await;
    let [author, ada, ben, cleo] = people(&app, ["author", "ada", "ben", "cleo"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let top = app.say(&ada, &post, None, &[&author, &ada]).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&author, 20).await), ["MENTION ada 1"]);
    let reply = app.say(&ben, &post, Some(&top), &[&ada, &cleo]).await;
    app.run_jobs().await;
    app.like_comment(&cleo, &top).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&author, 20).await), ["COMMENT ben 1", "MENTION ada 1"]);
    assert_eq!(lines(&told(&ada, 20).await), ["COMMENT_LIKE cleo 1", "REPLY ben 1"]);
    assert_eq!(lines(&told(&cleo, 20).await), ["MENTION ben 1"]);
    assert_eq!(told(&cleo, 20).await[0]["comment"]["id"], reply);
    assert_eq!(told(&ben, 20).await.len(), 0);
    app.unsay(&reply).await;
    assert_eq!(lines(&told(&author, 20).await), ["MENTION ada 1"]);
    assert_eq!((told(&cleo, 20).await.len(), unread(&cleo).await), (0, 0));
    author.delete_post(&post).await;
    app.run_jobs().await;
    assert_eq!((told(&ada, 20).await.len(), app.rows("notification").await), (0, 0));
    app.finish().await;
}

#[tokio::test]
async fn a_caption_tells_those_whom_it_newly_mentions() {
    let app = TestApp::start().await;
    let [author, ada, ben] = people(&app, ["author", "ada", "ben"]).await;
    let media = author.photo(darkroom_testing::picture::jpeg(32, 24)).await;
    let post = author.post(&[media], "with @ada and @author").await;
    assert_eq!(told(&ada, 20).await.len(), 0, "nobody hears of a pending post");
    app.run_jobs().await;
    assert_eq!(lines(&told(&ada, 20).await), ["MENTION author 1"]);
    let edit = async |caption: &str| {
        author.mutate("updatePost", json!({ "postId": post, "caption": caption }), "").await.payload();
        app.run_jobs().await;
    };
    let before = told(&ada, 20).await;
    edit("with @ada and @ben").await;
    assert_eq!(told(&ada, 20).await, before);
    assert_eq!(lines(&told(&ben, 20).await), ["MENTION author 1"]);
    edit("with @ben").await;
    assert_eq!((told(&ada, 20).await.len(), told(&ben, 20).await.len()), (0, 1));
    app.finish().await;
}

#[tokio::test]
async fn follows_requests_and_being_let_in() {
    let app = TestApp::start().await;
    let [ada, ben] = people(&app, ["ada", "ben"]).await;
    ben.follow(&ada.id).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&ada, 20).await), ["FOLLOW ben 1"]);
    ben.unfollow(&ada.id).await;
    assert_eq!(told(&ada, 20).await.len(), 0);
    ada.set_private(true).await;
    ben.follow(&ada.id).await;
    app.run_jobs().await;
    assert_eq!(lines(&told(&ada, 20).await), ["FOLLOW_REQUEST ben 1"]);
    ada.accept(&ben.id).await;
    app.run_jobs().await;
    assert_eq!(told(&ada, 20).await.len(), 0, "it is no request any more");
    assert_eq!(lines(&told(&ben, 20).await), ["FOLLOW_ACCEPTED ada 1"]);
    app.finish().await;
}

#[tokio::test]
async fn who_is_not_told_and_what_is_not_shown() {
    let app = TestApp::start().await;
    let [author, blocked, muted, ada, ben] = people(&app, ["author", "blocked", "muted", "ada", "ben"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    app.write_mute(&author, &muted).await;
    like(&blocked, &post).await;
    // Between the like and its job.
    app.write_block(&author, &blocked).await;
    for person in [&muted, &ada, &ben] {
        like(person, &post).await;
        app.run_jobs().await;
    }
    assert_eq!(app.rows("notification").await, 2);
    assert_eq!(lines(&told(&author, 20).await), ["POST_LIKE ben,ada 2"]);
    // Hidden afterwards, even the newest of a group; shown again when it is over.
    app.write_suspension(&ben, true).await;
    assert_eq!(lines(&told(&author, 20).await), ["POST_LIKE ada 1"]);
    assert_eq!(unread(&author).await, 1);
    app.write_suspension(&ben, false).await;
    assert_eq!(lines(&told(&author, 20).await), ["POST_LIKE ben,ada 2"]);

    // Whoever does not see the post is not told that it mentions them.
    author.set_private(true).await;
    let hidden = author.photo(darkroom_testing::picture::jpeg(32, 24)).await;
    author.post(&[hidden], "@ada").await;
    app.run_jobs().await;
    assert_eq!(told(&ada, 20).await.len(), 0);
    app.finish().await;
}

#[tokio::test]
async fn settings_decide_by_whose_doings_one_is_told() {
    let app = TestApp::start().await;
    let [author, ada, ben] = people(&app, ["author", "ada", "ben"]).await;
    author.follow(&ada.id).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let choose = async |settings: Value| {
        author.mutate("updateNotificationSettings", json!({ "settings": settings }), "settings { kind senders }").await
    };
    let chosen =
        choose(json!([{ "kind": "POST_LIKE", "senders": "FOLLOWING" }, { "kind": "MENTION", "senders": "NOBODY" }]))
            .await;
    let all = chosen.payload()["settings"].clone();
    assert_eq!(all.as_array().unwrap().len(), 8);
    assert_eq!(all[0], json!({ "kind": "POST_LIKE", "senders": "FOLLOWING" }));
    assert_eq!(all[1], json!({ "kind": "COMMENT_LIKE", "senders": "EVERYONE" }));
    let read = author.run("{ viewer { notificationSettings { kind senders } } }", json!({})).await;
    assert_eq!(*read.at("/viewer/notificationSettings"), all);
    let twice =
        choose(json!([{ "kind": "REPLY", "senders": "NOBODY" }, { "kind": "REPLY", "senders": "EVERYONE" }])).await;
    assert_eq!(twice.user_errors(), [("INVALID".into(), "settings".into())]);
    like(&ada, &post).await;
    like(&ben, &post).await;
    app.run_jobs().await;
    app.say(&ben, &post, None, &[&author]).await;
    app.run_jobs().await;
    // Mentions are off, so the comment is told as a comment.
    assert_eq!(lines(&told(&author, 20).await), ["COMMENT ben 1", "POST_LIKE ada 1"]);
    choose(json!([{ "kind": "POST_LIKE", "senders": "EVERYONE" }])).await.payload();
    app.tell_again(&ben, &post).await;
    assert_eq!(unread(&author).await, 3);
    app.finish().await;
}

#[tokio::test]
async fn read_up_to_a_place_and_swept_when_old() {
    let app = TestApp::start().await;
    let [author, ada, ben] = people(&app, ["author", "ada", "ben"]).await;
    let posts = [author.post_picture().await, author.post_picture().await];
    app.run_jobs().await;
    for (person, post) in [(&ada, &posts[0]), (&ben, &posts[0]), (&ada, &posts[1])] {
        like(person, post).await;
        app.run_jobs().await;
        app.clock.advance(TimeDelta::seconds(1));
    }
    let all = told(&author, 20).await;
    let mark = async |person: &Client, input: Value| {
        let fields = "unreadNotificationCount viewer { unreadNotificationCount }";
        let marked = person.mutate("markNotificationsRead", input, fields).await;
        let count = marked.payload()["unreadNotificationCount"].clone();
        assert_eq!(marked.payload()["viewer"]["unreadNotificationCount"], count);
        count
    };
    assert_eq!(mark(&ada, json!({ "upToId": all[0]["id"] })).await, 0, "another's changes nothing");
    assert_eq!(unread(&author).await, 3);
    for _ in 0..2 {
        assert_eq!(mark(&author, json!({ "upToId": all[1]["id"] })).await, 1, "its whole group is read");
    }
    let now = told(&author, 20).await;
    assert_eq!((now[0]["readAt"].is_null(), now[1]["readAt"].is_string()), (true, true));
    assert_eq!(mark(&author, json!({})).await, 0);
    let wrong = author.mutate("markNotificationsRead", json!({ "upToId": posts[0] }), "").await;
    assert_eq!(wrong.user_errors(), [("INVALID".into(), "upToId".into())]);
    let anonymous = app.client().mutate("markNotificationsRead", json!({}), "").await;
    assert_eq!(anonymous.error_code(), "UNAUTHENTICATED");

    app.clock.advance(TimeDelta::days(90) - TimeDelta::seconds(2));
    assert!(!darkroom_service::notification::sweep(&app.app).await.unwrap());
    assert_eq!(app.rows("notification").await, 2);
    app.abandon().await;
}
