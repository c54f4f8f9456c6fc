//! Listening: what happens reaches those who may see it, once, at another server too, and nothing is lost between two
//! connections.

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use darkroom_service::{App, live};
use darkroom_testing::process::RedisServer;
use darkroom_testing::{Client, Mode, Person, Subscription, TestApp, eventually, mode, picture, uuid_of};
use serde_json::{Value, json};
use uuid::Uuid;

const NOTIFICATIONS: &str = "subscription($after: String) { notificationAdded(after: $after) {
    id cursor groupKey kind actor { username } actorCount } }";
const COMMENTS: &str = "subscription($post: ID!, $after: ID) { commentAdded(postId: $post, after: $after) {
    id text author { username } } }";
const FEED: &str = "subscription($after: String) { feedUpdated(after: $after) { newPostCount since } }";

/// Begins to listen, and waits until the server does: `others` listen there already.
async fn listen(app: &App, others: usize, client: &Client, query: &str, variables: Value) -> Subscription {
    let subscription = client.subscribe(query, variables).await;
    listeners(app, others + 1).await;
    subscription
}

async fn listeners(app: &App, count: usize) {
    eventually(Duration::from_secs(20), "so many listen", async || (app.events.listeners() == count).then_some(()))
        .await;
}

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

async fn next(subscription: &mut Subscription, field: &str) -> Value {
    subscription.next().await.expect("not the end")[field].clone()
}

async fn follow(app: &TestApp, follower: &Person, followee: &Person) {
    follower.follow(&followee.id).await;
    app.run_jobs().await;
}

#[tokio::test]
async fn notifications_arrive_and_a_client_that_comes_back_misses_none() {
    let app = TestApp::start().await;
    let [ada, ben, cleo, dan, eve, fay] = people(&app, ["ada", "ben", "cleo", "dan", "eve", "fay"]).await;
    follow(&app, &ben, &ada).await;
    let mut live = listen(&app.app, 0, &ada, NOTIFICATIONS, json!({})).await;
    follow(&app, &cleo, &ada).await;
    let first = next(&mut live, "notificationAdded").await;
    assert_eq!((&first["actor"]["username"], &first["actorCount"]), (&json!("cleo"), &json!(2)));
    // A like that is told twice arrives once; what is withdrawn and comes back is quiet.
    follow(&app, &cleo, &ada).await;
    follow(&app, &dan, &ada).await;
    let second = next(&mut live, "notificationAdded").await;
    assert_eq!(second["actor"]["username"], "dan");
    assert_eq!(second["groupKey"], first["groupKey"]);
    drop(live);
    listeners(&app.app, 0).await;

    app.clock.advance(TimeDelta::minutes(1));
    follow(&app, &eve, &ada).await;
    let mut back = listen(&app.app, 0, &ada, NOTIFICATIONS, json!({ "after": second["cursor"] })).await;
    // What came shortly before the cursor may come again, with the same id.
    let mut heard = Vec::new();
    while heard.last() != Some(&json!("eve")) {
        let item = next(&mut back, "notificationAdded").await;
        assert_ne!(item["id"], second["id"], "the client has it");
        heard.push(item["actor"]["username"].clone());
    }
    follow(&app, &fay, &ada).await;
    assert_eq!(next(&mut back, "notificationAdded").await["actor"]["username"], "fay");

    // Signing out ends it with the next event.
    ada.run("mutation { signOut { userErrors { code } } }", json!({})).await;
    let gil = app.client().sign_up("gil").await;
    follow(&app, &gil, &ada).await;
    assert_eq!(back.next().await, None);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_was_away_for_too_long_begins_afresh() {
    let app = TestApp::start().await;
    let [ada, ben] = people(&app, ["ada", "ben"]).await;
    follow(&app, &ben, &ada).await;
    let read = "{ viewer { notifications { nodes { cursor } } } }";
    let cursor = ada.run(read, json!({})).await.text("/viewer/notifications/nodes/0/cursor");
    let post = ada.post_picture().await;
    app.run_jobs().await;
    for _ in 0..101 {
        app.say(&ben, &post, None, &[]).await;
    }
    app.run_jobs().await;
    let refused = ada.subscribe(NOTIFICATIONS, json!({ "after": cursor })).await.refusal().await;
    assert_eq!(refused, "CONFLICT");
    let count = ada.run("{ viewer { unreadNotificationCount } }", json!({})).await;
    assert_eq!(*count.at("/viewer/unreadNotificationCount"), 100, "counted up to there");
    let wrong = ada.subscribe(NOTIFICATIONS, json!({ "after": "x" })).await.refusal().await;
    assert_eq!(wrong, "INVALID");
    let anonymous = app.client().subscribe(NOTIFICATIONS, json!({})).await.refusal().await;
    assert_eq!(anonymous, "UNAUTHENTICATED");
    app.finish().await;
}

#[tokio::test]
async fn comments_arrive_as_long_as_the_post_and_their_authors_are_seen() {
    let app = TestApp::start().await;
    let [author, ada, ben, cleo] = people(&app, ["author", "ada", "ben", "cleo"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let old = app.say(&ben, &post, None, &[]).await;
    app.write_block(&ben, &ada).await;
    let by_name = json!({ "post": post });
    let mut live = listen(&app.app, 0, &ada, COMMENTS, by_name.clone()).await;
    let mut anonymous = listen(&app.app, 1, &app.client(), COMMENTS, by_name.clone()).await;
    let top = app.say(&cleo, &post, None, &[]).await;
    assert_eq!(next(&mut live, "commentAdded").await["id"], top);
    assert_eq!(next(&mut anonymous, "commentAdded").await["id"], top);
    // Of somebody who blocks the listener nothing is heard; others hear it.
    let unheard = app.say(&ben, &post, None, &[]).await;
    let reply = app.say(&author, &post, Some(&top), &[]).await;
    let heard = next(&mut live, "commentAdded").await;
    assert_eq!((&heard["id"], &heard["author"]["username"]), (&json!(reply), &json!("author")));
    for id in [&unheard, &reply] {
        assert_eq!(next(&mut anonymous, "commentAdded").await["id"], id.as_str());
    }
    drop(anonymous);
    listeners(&app.app, 1).await;
    // Coming back with the newest that one has.
    app.clock.advance(TimeDelta::minutes(1));
    let missed = [app.say(&cleo, &post, None, &[]).await, app.say(&author, &post, None, &[]).await];
    let mut back = listen(&app.app, 1, &app.client(), COMMENTS, json!({ "post": post, "after": reply })).await;
    let mut heard: Vec<String> = Vec::new();
    while heard.last() != Some(&missed[1]) {
        heard.push(next(&mut back, "commentAdded").await["id"].as_str().unwrap().to_owned());
    }
    assert!(heard.contains(&missed[0]) && !heard.contains(&reply), "{heard:?}");
    assert!(!heard.is_empty() && old != missed[0]);
    for id in &missed {
        assert_eq!(next(&mut live, "commentAdded").await["id"], id.as_str());
    }
    // The author blocks the listener: what follows is not delivered, and the stream ends.
    app.write_block(&author, &ada).await;
    app.say(&cleo, &post, None, &[]).await;
    assert_eq!(live.next().await, None);
    let refused = ada.subscribe(COMMENTS, by_name).await.refusal().await;
    assert_eq!(refused, "NOT_FOUND");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_suspended_person_hears_nothing_more() {
    let app = TestApp::start().await;
    let [author, ada] = people(&app, ["author", "ada"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let mut live = listen(&app.app, 0, &ada, COMMENTS, json!({ "post": post })).await;
    app.write_suspension(&ada, true).await;
    app.say(&author, &post, None, &[]).await;
    assert_eq!(live.next().await, None);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_feed_tells_how_many_posts_wait() {
    let app = TestApp::start().await;
    let [author, stranger, ada] = people(&app, ["author", "stranger", "ada"]).await;
    follow(&app, &ada, &author).await;
    let old = author.post_picture().await;
    app.run_jobs().await;
    let feed = "{ feed(mode: FOLLOWING) { edges { cursor node { id } } } }";
    let shown = ada.run(feed, json!({})).await;
    assert_eq!(shown.text("/feed/edges/0/node/id"), old);
    let cursor = shown.text("/feed/edges/0/cursor");
    let mut live = listen(&app.app, 0, &ada, FEED, json!({})).await;
    let one = author.post_picture().await;
    stranger.post_picture().await;
    ada.post_picture().await;
    app.run_jobs().await;
    assert_eq!(next(&mut live, "feedUpdated").await, json!({ "newPostCount": 1, "since": null }));
    author.post_picture().await;
    app.run_jobs().await;
    assert_eq!(next(&mut live, "feedUpdated").await["newPostCount"], 2);
    // Deleted ones don't wait any more.
    author.delete_post(&one).await;
    author.post_picture().await;
    author.post_picture().await;
    app.run_jobs().await;
    let mut counts = vec![next(&mut live, "feedUpdated").await["newPostCount"].clone()];
    if counts[0] != 3 {
        counts.push(next(&mut live, "feedUpdated").await["newPostCount"].clone());
    }
    assert_eq!(counts.last(), Some(&json!(3)));
    drop(live);
    listeners(&app.app, 0).await;
    let mut back = ada.subscribe(FEED, json!({ "after": cursor })).await;
    assert_eq!(next(&mut back, "feedUpdated").await, json!({ "newPostCount": 3, "since": cursor }));
    app.finish().await;
}

#[tokio::test]
async fn a_feed_tells_of_posts_that_nobody_carries_to_it() {
    let app = TestApp::start_with(&[("DARKROOM_FEED_PULL_ABOVE", "1")]).await;
    let [author, ada, ben] = people(&app, ["author", "ada", "ben"]).await;
    follow(&app, &ada, &author).await;
    follow(&app, &ben, &author).await;
    author.post_picture().await;
    app.run_jobs().await;
    assert_eq!(app.rows("pulled_author").await, 1);
    let mut live = ada.subscribe(FEED, json!({})).await;
    // To her own topic, and to the author's.
    listeners(&app.app, 2).await;
    author.post_picture().await;
    app.run_jobs().await;
    assert_eq!(next(&mut live, "feedUpdated").await["newPostCount"], 1);
    drop(live);
    listeners(&app.app, 0).await;
    app.finish().await;
}

#[tokio::test]
async fn events_reach_the_sockets_of_another_server() {
    if mode() == Mode::Embedded {
        return;
    }
    let app = TestApp::start().await;
    let [author, ada] = people(&app, ["author", "ada"]).await;
    follow(&app, &ada, &author).await;
    let peer = app.peer().await;
    let there = peer.client(&ada.token);
    let post = author.post_picture().await;
    app.run_jobs().await;
    let mut comments = listen(&peer.app, 0, &there, COMMENTS, json!({ "post": post })).await;
    let mut notifications = listen(&peer.app, 1, &there, NOTIFICATIONS, json!({})).await;
    let mut feed = listen(&peer.app, 2, &there, FEED, json!({})).await;
    let said = app.say(&author, &post, None, &[&ada]).await;
    author.post_picture().await;
    app.run_jobs().await;
    assert_eq!(next(&mut comments, "commentAdded").await["id"], said);
    assert_eq!(next(&mut notifications, "notificationAdded").await["kind"], "MENTION");
    assert_eq!(next(&mut feed, "feedUpdated").await["newPostCount"], 1);
    peer.finish().await;
    app.finish().await;
}

#[tokio::test]
async fn what_happens_while_redis_is_away_is_delivered() {
    if mode() == Mode::Embedded {
        return;
    }
    let mut redis = RedisServer::start().await;
    let settings = [("DARKROOM_REDIS_URL", redis.url()), ("DARKROOM_REDIS_CONNECT_TIMEOUT_MS", "500".to_owned())];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::start_with(&settings).await;
    let [author, ada] = people(&app, ["author", "ada"]).await;
    follow(&app, &ada, &author).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    let mut comments = listen(&app.app, 0, &ada, COMMENTS, json!({ "post": post })).await;
    let mut notifications = listen(&app.app, 1, &ada, NOTIFICATIONS, json!({})).await;
    let mut feed = listen(&app.app, 2, &ada, FEED, json!({})).await;
    let is_up = async |wanted: bool| {
        let reached = async || (app.app.events.ping().await.is_ok() == wanted).then_some(());
        eventually(Duration::from_secs(20), "Redis is noticed", reached).await;
    };
    for (count, outage) in ["none", "cut", "gone", "none again"].into_iter().enumerate() {
        match outage {
            // Whether it is heard at once or read after the reconnection: both must do.
            "cut" => redis.cut_clients(),
            "gone" => {
                redis.kill();
                is_up(false).await;
            }
            _ => {}
        }
        let said = app.say(&author, &post, None, &[&ada]).await;
        author.post_picture().await;
        app.run_jobs().await;
        if outage == "gone" {
            redis.restart().await;
        }
        is_up(true).await;
        // What a job could not push meanwhile, it pushes when its turn comes again.
        app.clock.advance(TimeDelta::minutes(1));
        app.run_jobs().await;
        assert_eq!(next(&mut comments, "commentAdded").await["id"], said, "{outage}");
        assert_eq!(next(&mut notifications, "notificationAdded").await["kind"], "MENTION", "{outage}");
        assert_eq!(next(&mut feed, "feedUpdated").await["newPostCount"], count + 1, "{outage}");
        is_up(true).await;
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_listeners_select_is_asked_together() {
    let app = TestApp::start().await;
    let everyone = people(&app, ["author", "ada", "ben", "cleo", "dan", "eve"]).await;
    let (author, ben) = (&everyone[0], &everyone[2]);
    let post = author.post_picture().await;
    app.run_jobs().await;
    let top = app.say(author, &post, None, &[]).await;
    app.run_jobs().await;
    let query = "subscription($post: ID!) { commentAdded(postId: $post) { id text viewerHasLiked
        author { username avatar } mentions { username avatar } replyTo { author { username } } } }";
    let mut all = Vec::new();
    for place in 0..60 {
        let person = &everyone[place % everyone.len()];
        all.push(listen(&app.app, place, person, query, json!({ "post": post })).await);
    }
    // One of them does not see whom the comment mentions.
    app.write_block(ben, &everyone[1]).await;
    let avatar = author.photo(picture::jpeg(40, 40)).await;
    app.run_jobs().await;
    author.mutate("updateProfile", json!({ "avatarMediaId": avatar }), "").await.payload();
    app.statements.start();
    app.say(author, &post, Some(&top), &[ben]).await;
    for (place, live) in all.iter_mut().enumerate() {
        let heard = next(live, "commentAdded").await;
        let mentioned = if place % everyone.len() == 1 { json!([]) } else { json!(["ben"]) };
        let names: Vec<&Value> = heard["mentions"].as_array().unwrap().iter().map(|one| &one["username"]).collect();
        assert_eq!(json!(names), mentioned);
        assert_eq!(heard["replyTo"]["author"]["username"], "author");
        assert!(heard["author"]["avatar"].is_string(), "{heard}");
    }
    let statements: Vec<String> = app.statements.stop().into_iter().map(|statement| statement.sql).collect();
    // A dozen questions, each asked a few times, as listeners come to it: one by one they would be more than 480.
    assert!(statements.len() <= 300, "{} statements: {statements:#?}", statements.len());
    drop(all);
    listeners(&app.app, 0).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn many_listeners_of_one_post_all_hear_and_share_one_topic() {
    let app = TestApp::start().await;
    let [author, ada] = people(&app, ["author", "ada"]).await;
    let post = author.post_picture().await;
    app.run_jobs().await;
    // More than one statement's parts of different viewers would need as many people; sockets of two do for the rest.
    let mut all = Vec::new();
    for place in 0..40 {
        let client = if place % 2 == 0 { ada.client.clone() } else { app.client() };
        all.push(listen(&app.app, place, &client, COMMENTS, json!({ "post": post })).await);
    }
    let ids = [app.say(&author, &post, None, &[]).await, app.say(&ada, &post, None, &[]).await];
    for live in &mut all {
        for id in &ids {
            assert_eq!(next(live, "commentAdded").await["id"], id.as_str());
        }
    }
    drop(all);
    listeners(&app.app, 0).await;
    app.run_jobs().await;
    app.finish().await;
}

/// What many ask at once is one statement for all of them: it must answer as each alone is answered.
#[tokio::test]
async fn many_who_ask_at_once_see_what_each_sees_alone() {
    let app = TestApp::start().await;
    let [author, follower, friend, stranger, blocked, blocker, other] =
        people(&app, ["author", "follower", "friend", "stranger", "blocked", "blocker", "other"]).await;
    for person in [&follower, &friend, &other] {
        follow(&app, person, &author).await;
    }
    author.to_user("addCloseFriend", &friend.id).await;
    let posts = [
        author.post_picture_for("EVERYONE").await,
        author.post_picture_for("FOLLOWERS").await,
        author.post_picture_for("CLOSE_FRIENDS").await,
    ];
    app.run_jobs().await;
    let mut comments = Vec::new();
    for post in &posts {
        comments.push(author.comment(post, "mine").await);
        comments.push(author.reply(post, &comments[comments.len() - 1], "a reply").await);
    }
    comments.push(other.comment(&posts[0], "by somebody else").await);
    author.to_user("blockUser", &blocked.id).await;
    blocker.to_user("blockUser", &author.id).await;
    // Follower and the other commenter don't see each other.
    follower.to_user("blockUser", &other.id).await;
    app.run_jobs().await;

    let mut viewers = vec![None];
    for person in [&author, &follower, &friend, &stranger, &blocked, &blocker, &other] {
        viewers.push(Some(uuid_of(&person.id)));
    }
    for private in [false, true] {
        author.set_private(private).await;
        let ids: Vec<Uuid> = comments.iter().map(|id| uuid_of(id)).collect();
        let asked: Vec<_> = viewers.iter().flat_map(|viewer| ids.iter().map(|id| (*viewer, *id))).collect();
        let together: HashSet<_> = live::comments_among(&app.app, &asked).await.unwrap().into_keys().collect();
        let mut alone = HashSet::new();
        for one in &asked {
            alone.extend(live::comments_among(&app.app, &[*one]).await.unwrap().into_keys());
        }
        assert_eq!(together, alone, "comments, private: {private}");
        assert!(alone.len() > viewers.len() && alone.len() < asked.len(), "some are seen and some are not");

        let ids: Vec<Uuid> = posts.iter().map(|id| uuid_of(id)).collect();
        let asked: Vec<_> = viewers.iter().flat_map(|viewer| ids.iter().map(|id| (*viewer, *id))).collect();
        let together = live::posts_among(&app.app, &asked).await.unwrap();
        let mut alone = HashSet::new();
        for one in &asked {
            alone.extend(live::posts_among(&app.app, &[*one]).await.unwrap());
        }
        assert_eq!(together, alone, "posts, private: {private}");
    }
}
