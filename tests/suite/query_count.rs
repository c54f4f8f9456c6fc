//! A document costs a bounded number of statements, however much it returns.

use darkroom_testing::{Client, Person, TestApp};
use serde_json::{Value, json};

/// What a screen asks for, and the most statements that it may take: one to know who asks, then one for each kind of
/// thing, never one for each thing.
const SCREENS: [(&str, &str, usize); 3] = [
    (
        "feed",
        "{ feed(mode: FOLLOWING, first: 50) { nodes { id caption location likeCount commentCount viewerHasLiked createdAt
            hashtags mentions { username } author { username fullName avatar viewerFollowState }
            media { id width height placeholder altText url(size: MEDIUM) } } pageInfo { endCursor hasNextPage } } }",
        10,
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
];

async fn author(app: &TestApp, number: usize, viewer: &Person) -> Person {
    let author = app.client().sign_up(&format!("author{number}")).await;
    viewer.follow(&author.id).await;
    author.follow(&viewer.id).await;
    author
}

async fn more(app: &TestApp, authors: &[Person]) {
    for author in authors {
        author.post_picture().await;
        let photo = author.photo(darkroom_testing::picture::jpeg(20, 30)).await;
        author.story(&photo).await;
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
    more(&app, &authors).await;
    let little = measure(&app, &viewer).await;
    for number in 2..6 {
        let next = author(&app, number, &viewer).await;
        next.follow(&authors[0].id).await;
        authors.push(next);
    }
    more(&app, &authors).await;
    more(&app, &authors).await;
    let much = measure(&app, &viewer).await;
    for (((name, _, most), few), many) in SCREENS.iter().zip(little).zip(much) {
        assert!(many.0 > few.0, "{name} has not grown: {} and {}", few.0, many.0);
        assert_eq!(many.1.len(), few.1.len(), "{name} asks more for more: {:#?}", many.1);
        assert!(many.1.len() <= *most, "{name} takes {} statements: {:#?}", many.1.len(), many.1);
    }
    app.finish().await;
}
