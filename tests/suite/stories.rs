//! A story lives for a day, and at the day's end nobody sees it, whether a worker runs or not.

use chrono::{DateTime, TimeDelta, Utc};
use darkroom_testing::{Client, Person, TestApp, link_of, picture};
use serde_json::{Value, json};

/// The tray's people, each with whether something is unseen.
async fn tray(viewer: &Client, first: i32) -> Vec<(String, bool)> {
    let query = "query($first: Int!, $after: String) { storyTray(first: $first, after: $after) {
        nodes { hasUnseen user { username } stories { id } } pageInfo { hasNextPage endCursor } } }";
    let (mut reels, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = viewer.run(query, json!({ "first": first, "after": after })).await;
        for reel in page.at("/storyTray/nodes").as_array().unwrap() {
            assert_ne!(reel["stories"], json!([]), "a reel without a story");
            let username = reel["user"]["username"].as_str().unwrap().to_owned();
            reels.push((username, reel["hasUnseen"].as_bool().unwrap()));
        }
        if page.at("/storyTray/pageInfo/hasNextPage") == false {
            return reels;
        }
        after = page.at("/storyTray/pageInfo/endCursor").clone();
    }
}

fn reels(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected.iter().map(|(username, has_unseen)| ((*username).to_owned(), *has_unseen)).collect()
}

async fn stories_of(viewer: &Client, username: &str) -> Vec<String> {
    let query = "query($name: String!) { user(username: $name) { stories { id } } }";
    let answer = viewer.run(query, json!({ "name": username })).await;
    let stories = answer.at("/user/stories").as_array().unwrap();
    stories.iter().map(|story| story["id"].as_str().unwrap().to_owned()).collect()
}

/// Shows a fresh, processed photo; returns the story's and the media's id.
async fn tell(app: &TestApp, author: &Person) -> (String, String) {
    let media = author.photo(picture::jpeg(90, 160)).await;
    app.run_jobs().await;
    (author.story(&media).await, media)
}

async fn moment(viewer: &Client, story: &str) -> DateTime<Utc> {
    let found = viewer.node(story, "... on Story { expiresAt }").await;
    found["expiresAt"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_tray_has_the_unseen_first_and_then_the_newest() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let mut stories = Vec::new();
    for name in ["ada", "ben", "cleo", "dan"] {
        let author = app.client().sign_up(name).await;
        viewer.follow(&author.id).await;
        app.clock.advance(TimeDelta::minutes(1));
        stories.push(tell(&app, &author).await.0);
    }
    let stranger = app.client().sign_up("stranger").await;
    tell(&app, &stranger).await;
    app.clock.advance(TimeDelta::minutes(1));
    tell(&app, &viewer).await;
    // One's own count as seen, so they stand behind.
    let all = [("dan", true), ("cleo", true), ("ben", true), ("ada", true), ("viewer", false)];
    assert_eq!(tray(&viewer, 20).await, reels(&all));
    for seen in [3, 1] {
        viewer.mark_viewed(&stories[seen]).await.payload();
    }
    let mixed = reels(&[("cleo", true), ("ada", true), ("viewer", false), ("dan", false), ("ben", false)]);
    for first in 1..=6 {
        assert_eq!(tray(&viewer, first).await, mixed, "pages of {first}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_view_counts_once_and_only_the_author_learns_of_it() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let viewer = app.client().sign_up("viewer").await;
    let other = app.client().sign_up("other").await;
    let (story, _) = tell(&app, &author).await;
    let fields = "... on Story { viewerHasSeen viewerCount viewers { nodes { username } } }";
    assert_eq!(viewer.node(&story, fields).await["viewerHasSeen"], false);
    for person in [&viewer, &viewer, &other, &author, &viewer] {
        assert_eq!(person.mark_viewed(&story).await.payload()["story"]["viewerHasSeen"], true);
    }
    let seen = author.node(&story, fields).await;
    assert_eq!(seen["viewerCount"], 2);
    assert_eq!(seen["viewers"]["nodes"], json!([{ "username": "other" }, { "username": "viewer" }]));
    let not_told = json!({ "id": story, "viewerHasSeen": true, "viewerCount": null, "viewers": null });
    assert_eq!(viewer.node(&story, fields).await, not_told);
    let anonymous = app.client().node(&story, fields).await;
    assert_eq!(anonymous, json!({ "id": story, "viewerHasSeen": false, "viewerCount": null, "viewers": null }));
    assert_eq!(app.rows("story_view").await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_story_waits_for_its_photo() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let follower = app.client().sign_up("follower").await;
    follower.follow(&author.id).await;
    let media = author.photo(picture::jpeg(90, 160)).await;
    let story = author.story(&media).await;
    assert_eq!(stories_of(&author, "author").await, std::slice::from_ref(&story));
    assert_eq!(stories_of(&follower, "author").await, Vec::<String>::new());
    assert_eq!(tray(&follower, 20).await, []);
    assert_eq!(follower.node(&story, "").await, Value::Null);
    assert_eq!(follower.mark_viewed(&story).await.user_errors(), [("NOT_FOUND".into(), "storyId".into())]);
    app.run_jobs().await;
    assert_eq!(stories_of(&follower, "author").await, [story]);
    assert_eq!(tray(&follower, 20).await, reels(&[("author", true)]));
    app.finish().await;
}

/// Whether a story, and everything of it, is to be seen by somebody.
async fn assert_seen(viewer: &Client, story: &str, media: &str, urls: &[String]) {
    assert_eq!(stories_of(viewer, "author").await, [story]);
    assert_eq!(viewer.node(story, "").await["id"], story);
    assert_eq!(viewer.node(media, "").await["id"], media);
    for url in urls {
        assert_eq!(viewer.get(url).await.status(), 200, "{url}");
    }
}

async fn assert_gone(viewer: &Client, story: &str, urls: &[String]) {
    assert_eq!(stories_of(viewer, "author").await, Vec::<String>::new());
    assert_eq!(viewer.node(story, "").await, Value::Null);
    for url in urls {
        assert_eq!(viewer.get(url).await.status(), 404, "{url}");
    }
}

async fn urls_of(author: &Person, media: &str) -> Vec<String> {
    let shown = author.media(media).await;
    let mut urls: Vec<String> = ["THUMBNAIL", "MEDIUM", "LARGE"].iter().map(|size| link_of(&shown, size)).collect();
    urls.push(shown["original"]["url"].as_str().unwrap().to_owned());
    urls
}

#[tokio::test]
async fn at_the_end_of_its_day_nobody_sees_it_and_no_worker_is_needed() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let follower = app.client().sign_up("follower").await;
    follower.follow(&author.id).await;
    let anonymous = app.client();
    let posted = app.clock.now();
    let (story, media) = tell(&app, &author).await;
    let end = moment(&author, &story).await;
    assert_eq!(end - posted, TimeDelta::hours(24));

    // Links are made late, so that their own window reaches beyond the end: the story's end cuts them.
    app.clock.advance(end - app.clock.now() - TimeDelta::minutes(10));
    let urls = urls_of(&author, &media).await;
    // A bucket's own links end in real time, to the second: a busy machine needs a few of them to follow one.
    app.clock.advance(end - app.clock.now() - TimeDelta::seconds(30));
    for viewer in [&anonymous, &follower.client, &author.client] {
        assert_seen(viewer, &story, &media, &urls).await;
    }
    app.clock.advance(end - app.clock.now() - TimeDelta::microseconds(1));
    assert_eq!(anonymous.node(&story, "").await["id"], story.as_str());
    assert_eq!(tray(&follower, 20).await, reels(&[("author", true)]));

    app.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(app.clock.now(), end);
    for viewer in [&anonymous, &follower.client, &author.client] {
        assert_gone(viewer, &story, &urls).await;
    }
    for viewer in [&anonymous, &follower.client] {
        assert_eq!(viewer.node(&media, "").await, Value::Null);
    }
    assert_eq!(tray(&follower, 20).await, []);
    assert_eq!(tray(&author, 20).await, []);
    assert_eq!(follower.mark_viewed(&story).await.user_errors(), [("NOT_FOUND".into(), "storyId".into())]);
    let deleted = author.mutate("deleteStory", json!({ "storyId": story }), "deletedStoryId").await;
    assert_eq!(deleted.user_errors(), [("NOT_FOUND".into(), "storyId".into())]);
    assert_eq!(app.rows("story").await, 1, "nothing has cleaned up yet");

    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn no_link_outlives_a_story_that_ends_between_two_seconds() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    app.clock.advance(TimeDelta::milliseconds(1700));
    let (story, media) = tell(&app, &author).await;
    let end = moment(&author, &story).await;
    assert_eq!(end, app.clock.now() + TimeDelta::hours(24));
    app.clock.advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    let urls = urls_of(&author, &media).await;
    app.clock.advance(TimeDelta::microseconds(1));
    assert_gone(&author, &story, &urls).await;
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn the_sweep_alone_ends_stories_whose_job_was_lost() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let (ended, _) = tell(&app, &author).await;
    app.clock.advance(TimeDelta::hours(1));
    let (live, _) = tell(&app, &author).await;
    app.lose_jobs().await;
    app.clock.advance(TimeDelta::hours(23));
    app.sweep_stories().await;
    app.run_jobs().await;
    assert_eq!(stories_of(&author, "author").await, std::slice::from_ref(&live));
    assert_eq!(author.node(&ended, "").await, Value::Null);
    assert_eq!((app.rows("story").await, app.rows("media").await), (1, 1));
    app.assert_photos(1).await;
    app.clock.advance(TimeDelta::hours(1));
    app.sweep_stories().await;
    app.assert_nothing_left().await;
    app.finish().await;
}

#[tokio::test]
async fn a_deleted_story_is_gone_at_once_and_its_objects_with_the_next_job() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let other = app.client().sign_up("other").await;
    let (story, media) = tell(&app, &author).await;
    other.mark_viewed(&story).await.payload();
    let delete =
        async |person: &Person| person.mutate("deleteStory", json!({ "storyId": story }), "deletedStoryId").await;
    assert_eq!(delete(&other).await.user_errors(), [("FORBIDDEN".into(), "storyId".into())]);
    assert_eq!(delete(&author).await.payload()["deletedStoryId"], story.as_str());
    assert_gone(&author, &story, &[]).await;
    assert_eq!(author.node(&media, "").await, Value::Null);
    assert_eq!(delete(&author).await.user_errors(), [("NOT_FOUND".into(), "storyId".into())]);
    // Its own expiry comes a day later and finds nothing to do.
    app.clock.advance(TimeDelta::hours(25));
    app.assert_nothing_left().await;
    app.finish().await;
}
