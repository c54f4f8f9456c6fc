//! Scrolling in a ranked feed while everything changes, and its end.

use chrono::TimeDelta;
use darkroom_testing::{Person, TestApp};
use serde_json::json;

async fn followed(app: &TestApp, viewer: &Person, names: &[&str]) -> Vec<Person> {
    let mut people = Vec::new();
    for name in names {
        let person = app.client().sign_up(name).await;
        viewer.follow(&person.id).await;
        people.push(person);
    }
    people
}

/// Posts of all of these, in turn.
async fn posts(app: &TestApp, authors: &[Person], each: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..each {
        for author in authors {
            ids.push(author.post_picture().await);
        }
    }
    app.run_jobs().await;
    ids
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn every_post_comes_once_whatever_happens_between_two_pages() {
    let app = TestApp::start_with(&[("DARKROOM_FEED_WINDOW", "20")]).await;
    let viewer = app.client().sign_up("viewer").await;
    let authors = followed(&app, &viewer, &["ada", "ben", "cleo", "dan"]).await;
    let mut expected = posts(&app, &authors, 8).await;
    // Once from the database, once from the timeline.
    for round in 0..2 {
        let mut page = viewer.ranked_page(3, None).await;
        let mut seen = page.ids.clone();
        assert!(page.edges.iter().all(|edge| edge["score"].is_number()));
        let mut step = 0;
        while let Some(next) = page.next.clone() {
            step += 1;
            let unseen = |id: &&String| !seen.contains(id);
            let victim = expected.iter().rfind(unseen).cloned();
            match (round, step, victim) {
                // Likes and comments make others closer, and posts come.
                (_, 1, Some(victim)) => viewer.like_post(&victim).await,
                (_, 2, Some(victim)) => {
                    viewer.comment(&victim, "words").await;
                    let new = authors[0].post_picture().await;
                    app.run_jobs().await;
                    if round == 0 {
                        authors[0].delete_post(&new).await;
                    } else {
                        authors[0].mutate("archivePost", json!({ "postId": new }), "").await.payload();
                    }
                    viewer.ranked_page(3, None).await;
                }
                (_, 3, Some(victim)) => {
                    let query = "query($id: ID!) { node(id: $id) { ... on Post { author { username } } } }";
                    let of = viewer.run(query, json!({ "id": victim })).await.text("/node/author/username");
                    authors.iter().find(|one| one.username == of).unwrap().delete_post(&victim).await;
                    expected.retain(|id| *id != victim);
                }
                (1, 4, _) => {
                    authors[3].to_user("blockUser", &viewer.id).await.payload();
                    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
                    let left = viewer.run(query, json!({ "ids": expected })).await;
                    let is_left =
                        |id: &String| left.body["data"]["nodes"].as_array().unwrap().contains(&json!({ "id": id }));
                    // Those of the blocker that were shown before stay shown.
                    expected.retain(|id| is_left(id) || seen.contains(id));
                }
                _ => {}
            }
            page = viewer.ranked_page(3, Some(&next)).await;
            assert!(!page.restarted);
            seen.extend(page.ids.clone());
        }
        assert_eq!(sorted(seen), sorted(expected.clone()), "round {round}");
        // Below the window it goes by time.
        assert!(page.edges.iter().all(|edge| edge["score"].is_null() && edge["reasons"] == json!([])));
        app.run_jobs().await;
        app.app.settle().await;
    }
    app.finish().await;
}

#[tokio::test]
async fn an_order_is_kept_for_an_hour_and_then_begins_anew() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let authors = followed(&app, &viewer, &["ada", "ben"]).await;
    let all = posts(&app, &authors, 3).await;
    let first = viewer.ranked_page(2, None).await;
    let cursor = first.next.clone().unwrap();
    let same = viewer.ranked_page(2, None).await;
    assert_eq!(same.next, first.next, "the same order is shown again");
    app.clock.advance(TimeDelta::minutes(31));
    let other = viewer.ranked_page(2, None).await;
    assert_ne!(other.next, first.next, "half an hour later there is a new one");
    let second = viewer.ranked_page(2, Some(&cursor)).await;
    assert!(!second.restarted, "and the old one is there for those who read in it");
    assert!(second.ids.iter().all(|id| all.contains(id) && !first.ids.contains(id)));
    app.clock.advance(TimeDelta::minutes(30));
    let third = viewer.ranked_page(2, Some(&cursor)).await;
    assert!(third.restarted);
    assert_eq!(third.ids, viewer.ranked_page(2, None).await.ids);
    let previous = "query($after: String) { feed(after: $after) { pageInfo { hasPreviousPage } } }";
    let info = viewer.run(previous, json!({ "after": cursor })).await;
    assert_eq!(*info.at("/feed/pageInfo/hasPreviousPage"), false, "it is a first page");
    // Nor is it anybody else's.
    let own = third.next.unwrap();
    let stranger = &authors[0];
    assert!(stranger.ranked_page(2, Some(&own)).await.restarted);
    let foreign = "query($after: String) { feed(mode: FOLLOWING, after: $after) { nodes { id } } }";
    assert_eq!(viewer.run(foreign, json!({ "after": own })).await.error_code(), "INVALID");
    app.finish().await;
}

#[tokio::test]
async fn what_was_hidden_is_back_at_once() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let authors = followed(&app, &viewer, &["ada", "ben"]).await;
    let all = posts(&app, &authors, 2).await;
    viewer.to_user("muteUser", &authors[0].id).await.payload();
    let page = viewer.ranked_page(20, None).await;
    assert_eq!(page.authors(), ["ben", "ben"]);
    viewer.to_user("unmuteUser", &authors[0].id).await.payload();
    assert_eq!(sorted(viewer.ranked_page(20, None).await.ids), sorted(all), "in the same order, half an hour or not");
    app.finish().await;
}

#[tokio::test]
async fn a_listener_is_told_what_came_after_a_ranked_page() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let authors = followed(&app, &viewer, &["ada", "ben"]).await;
    posts(&app, &authors, 2).await;
    let page = viewer.ranked_page(2, None).await;
    posts(&app, &authors[..1], 1).await;
    let query = "subscription($after: String) { feedUpdated(after: $after) { newPostCount } }";
    let cursor = page.edges[0]["cursor"].as_str().unwrap();
    let mut listening = viewer.subscribe(query, json!({ "after": cursor })).await;
    assert_eq!(listening.next().await.unwrap()["feedUpdated"]["newPostCount"], 1);
    app.abandon().await;
}

#[tokio::test]
async fn feeds_of_those_who_are_likely_to_come_are_prepared() {
    let app = TestApp::start_with(&[("DARKROOM_RANKING_WARM_PEOPLE", "1")]).await;
    let regular = app.client().sign_up("regular").await;
    let authors = followed(&app, &regular, &["ada", "ben"]).await;
    for day in 0..3 {
        if day == 2 {
            authors[0].ranked_page(1, None).await;
        }
        regular.ranked_page(1, None).await;
        regular.ranked_page(1, None).await;
        app.app.settle().await;
        app.clock.advance(TimeDelta::hours(24));
    }
    assert_eq!(app.rows("account_habit").await, 2, "once an hour of the day");
    let all = posts(&app, &authors, 2).await;
    app.lose_timeline("regular").await;
    assert_eq!(darkroom_service::ranking::warm(&app.app).await.unwrap(), 1, "one is prepared, as set up");
    assert_eq!(app.timeline_length("regular").await, Some(4));
    app.app.settle().await;
    app.statements.start();
    let page = regular.ranked_page(20, None).await;
    app.app.settle().await;
    let asked = app.statements.stop();
    assert_eq!(sorted(page.ids), sorted(all));
    let ranked = asked.iter().filter(|statement| statement.sql.contains("post_impression")).count();
    assert_eq!(ranked, 0, "its order was there: {asked:#?}");
    // Who was not there for a week is not expected.
    app.clock.advance(TimeDelta::days(8));
    assert_eq!(darkroom_service::ranking::warm(&app.app).await.unwrap(), 0);
    app.run_jobs().await;
    app.abandon().await;
}
