//! A document costs a bounded number of statements, however much it returns.

use darkroom_testing::{Client, Person, TestApp};
use serde_json::{Value, json};

/// What a screen asks for, and the most statements that it may take: one to know who asks (which the feed's own says), then one for each kind of
/// thing, never one for each thing.
const SCREENS: [(&str, &str, usize); 7] = [
    (
        "feed",
        "{ feed(mode: FOLLOWING, first: 50) { nodes { id caption location likeCount commentCount viewerHasLiked createdAt
            hashtags mentions { username } author { username fullName avatar viewerFollowState }
            media { id width height placeholder altText url(size: MEDIUM) } } pageInfo { endCursor hasNextPage } } }",
        4,
    ),
    (
        "feed as apps show it",
        "{ feed(mode: FOLLOWING, first: 20) { nodes { id caption likeCount commentCount viewerHasLiked viewerHasSaved createdAt
            author { id username fullName avatar isVerified }
            media { id width height placeholder altText small: url(size: THUMBNAIL) url(size: MEDIUM) large: url } }
            pageInfo { endCursor hasNextPage } } }",
        1,
    ),
    (
        "ranked feed",
        "{ feed(first: 50) { edges { cursor score reasons { factor weight value } node { id caption likeCount createdAt
            author { id username avatar } media { id width height placeholder altText url(size: MEDIUM) } } }
            restarted suggestedFirst pageInfo { endCursor hasNextPage } } }",
        1,
    ),
    (
        "profile",
        "{ user(username: \"author1\") { username bio avatar followerCount viewerFollowState followsViewer
            posts(first: 50) { nodes { id likeCount media { url(size: THUMBNAIL) placeholder } } }
            followers(first: 50) { nodes { username avatar viewerFollowState } }
            stories { id viewerHasSeen media { url } } } }",
        16,
    ),
    (
        "story tray",
        "{ storyTray(first: 50) { nodes { hasUnseen user { username avatar }
            stories { id expiresAt viewerHasSeen media { url } } } } }",
        9,
    ),
    (
        "post with comments",
        "{ user(username: \"author1\") { posts(first: 1) { nodes { id caption viewerHasLiked viewerHasSaved media { url }
            pinnedComments { id } likes(first: 20) { nodes { username avatar } }
            comments(first: 50) { nodes { id text likeCount replyCount viewerHasLiked author { username avatar }
              mentions { username } replies(first: 3) { nodes { id text viewerHasLiked author { username avatar } } } } } } } } }",
        18,
    ),
    (
        "notifications",
        "{ viewer { unreadNotificationCount notifications(first: 50) { nodes { id kind actorCount readAt createdAt
            actor { username avatar } actors(first: 3) { username } post { id media { url(size: THUMBNAIL) } }
            comment { id text } } } } }",
        12,
    ),
];

/// Statements by which two runs may differ.
const SPLIT: usize = 2;

async fn author(app: &TestApp, number: usize, viewer: &Person) -> Person {
    let author = app.client().sign_up(&format!("author{number}")).await;
    viewer.follow(&author.id).await;
    author.follow(&viewer.id).await;
    author
}

async fn more(app: &TestApp, viewer: &Person, authors: &[Person]) {
    let own = viewer.post_picture().await;
    app.run_jobs().await;
    for author in authors {
        author.post_picture().await;
        let photo = author.photo(darkroom_testing::picture::jpeg(20, 30)).await;
        author.story(&photo).await;
        author.mutate("likePost", json!({ "postId": own }), "").await.payload();
        author.mutate("addComment", json!({ "postId": own, "text": "for @viewer" }), "").await.payload();
    }
    app.run_jobs().await;
    // All below the same post, with threads.
    let newest = "{ user(username: \"author1\") { posts(first: 1) { nodes { id } } } }";
    let post = authors[0].run(newest, json!({})).await.text("/user/posts/nodes/0/id");
    for author in authors {
        author.mutate("likePost", json!({ "postId": post }), "").await.payload();
        let top = author.make("addComment", json!({ "postId": post, "text": "for @author1" }), "comment").await;
        let reply = json!({ "postId": post, "text": "so @viewer", "replyToId": top });
        author.mutate("addComment", reply, "").await.payload();
    }
    app.run_jobs().await;
}

/// How many things an answer holds.
fn size(value: &Value) -> usize {
    match value {
        Value::Object(object) => 1 + object.values().map(size).sum::<usize>(),
        Value::Array(values) => values.iter().map(size).sum(),
        _ => 0,
    }
}

async fn measure(app: &TestApp, client: &Client) -> Vec<(usize, Vec<String>)> {
    let mut measured = Vec::new();
    for (_, document, _) in SCREENS {
        // The first time may build a timeline.
        client.run(document, json!({})).await.data();
        app.app.settle().await;
        app.statements.start();
        let answer = client.run(document, json!({})).await;
        let statements = app.statements.stop().into_iter().map(|statement| statement.sql).collect();
        measured.push((size(answer.data()), statements));
    }
    measured
}

#[tokio::test]
async fn a_screen_costs_the_same_however_much_is_on_it() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let mut authors = vec![author(&app, 1, &viewer).await];
    more(&app, &viewer, &authors).await;
    let little = measure(&app, &viewer).await;
    for number in 2..6 {
        let next = author(&app, number, &viewer).await;
        next.follow(&authors[0].id).await;
        authors.push(next);
    }
    more(&app, &viewer, &authors).await;
    more(&app, &viewer, &authors).await;
    let much = measure(&app, &viewer).await;
    for (((name, _, most), few), many) in SCREENS.iter().zip(little).zip(much) {
        assert!(many.0 > few.0, "{name} has not grown: {} and {}", few.0, many.0);
        // What is asked for at one moment goes into one batch: whether two moments are one differs from run to run.
        assert!(many.1.len() <= few.1.len() + SPLIT, "{name} asks more for more: {:#?}", many.1);
        assert!(many.1.len() <= most + SPLIT, "{name} takes {} statements: {:#?}", many.1.len(), many.1);
    }
    app.finish().await;
}

/// A page of the feed, in either order, takes one look at the timeline and one at the cards, however many people are on it; without
/// a server none.
#[tokio::test]
async fn a_page_of_the_feed_takes_two_round_trips() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let mut authors = Vec::new();
    for number in 1..4 {
        authors.push(author(&app, number, &viewer).await);
    }
    more(&app, &viewer, &authors).await;
    // Of a ranked one the order, too, which is at hand where it was made.
    for (name, document, _) in &SCREENS[1..3] {
        viewer.run(document, json!({})).await.data();
        app.app.settle().await;
        let before = app.app.timelines.round_trips();
        let answer = viewer.run(document, json!({})).await;
        let taken = app.app.timelines.round_trips() - before;
        assert!(size(answer.data()) > 10, "{}", answer.body);
        let most = if before > 0 { 2 } else { 0 };
        assert!(taken <= most, "{name}: {taken} round trips");
    }
    app.finish().await;
}

/// What a post brings to a ranked order is read once for all in whose feed it stands, and again when it is five minutes old.
#[tokio::test]
async fn an_order_reads_no_post_that_was_just_ranked_for_somebody_else() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let mut viewers = Vec::new();
    for number in 0..4 {
        let viewer = app.client().sign_up(&format!("viewer{number}")).await;
        viewer.follow(&author.id).await;
        viewers.push(viewer);
    }
    author.post_picture().await;
    author.post_picture().await;
    app.run_jobs().await;
    // Only what posts bring is read with what was seen of them.
    let reads = async |viewer: &Person, posts: usize| {
        app.statements.start();
        assert_eq!(viewer.ranked_page(20, None).await.ids.len(), posts);
        app.statements.stop().iter().filter(|statement| statement.sql.contains("post_impression")).count()
    };
    assert_eq!(reads(&viewers[0], 2).await, 1);
    assert_eq!(reads(&viewers[1], 2).await, 0);
    author.post_picture().await;
    app.run_jobs().await;
    assert_eq!(reads(&viewers[0], 3).await, 1, "the new one");
    assert_eq!(reads(&viewers[2], 3).await, 0);
    app.clock.advance(chrono::TimeDelta::minutes(6));
    assert_eq!(reads(&viewers[3], 3).await, 1);
    app.finish().await;
}
