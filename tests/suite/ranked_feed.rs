//! The ranked feed: what it puts first, and why.

use std::collections::HashMap;

use chrono::TimeDelta;
use darkroom_testing::{Person, TestApp, picture};
use serde_json::json;

/// Longer than an order is shown to those who begin to read.
const LATER: TimeDelta = TimeDelta::minutes(31);

async fn followed<const N: usize>(app: &TestApp, viewer: &Person, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        let person = app.client().sign_up(name).await;
        viewer.follow(&person.id).await;
        people.push(person);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

async fn post(author: &Person, caption: &str) -> String {
    let photo = author.photo(picture::jpeg(32, 24)).await;
    author.post(&[photo], caption).await
}

#[tokio::test]
async fn who_one_has_to_do_with_comes_first_and_the_reasons_say_so() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben] = followed(&app, &viewer, ["ada", "ben"]).await;
    let old = post(&ada, "").await;
    app.run_jobs().await;
    viewer.comment(&old, "for you").await;
    viewer.like_post(&old).await;
    app.clock.advance(TimeDelta::days(1));
    let of_ada = post(&ada, "").await;
    let of_ben = post(&ben, "").await;
    app.run_jobs().await;

    let page = viewer.ranked_page(20, None).await;
    assert_eq!(page.ids, [of_ada.clone(), of_ben.clone(), old], "no two neighbours are of one author");
    assert!(!page.restarted && page.next.is_none());
    assert!(page.value(&of_ada, "RELATIONSHIP") > page.value(&of_ben, "RELATIONSHIP"), "{page:?}");
    assert!(page.value(&of_ben, "RELATIONSHIP") > 0.0, "a follow is a beginning");
    for edge in &page.edges {
        let reasons = edge["reasons"].as_array().unwrap();
        let factors: Vec<&str> = reasons.iter().map(|reason| reason["factor"].as_str().unwrap()).collect();
        assert_eq!(factors, ["RELATIONSHIP", "INTEREST", "RECENCY", "QUALITY", "ACTIVITY"]);
        let weights: Vec<f64> = reasons.iter().map(|reason| reason["weight"].as_f64().unwrap()).collect();
        assert_eq!(weights, [30.0, 25.0, 20.0, 15.0, 10.0]);
        let sum: f64 = reasons.iter().zip(weights).map(|(one, weight)| weight * one["value"].as_f64().unwrap()).sum();
        assert!((sum - edge["score"].as_f64().unwrap()).abs() < 1e-9, "{edge}");
    }
    let by_time =
        viewer.run("{ feed(mode: FOLLOWING) { edges { score reasons { factor } } restarted } }", json!({})).await;
    assert_eq!(*by_time.at("/feed/edges/0"), json!({ "score": null, "reasons": [] }));
    app.finish().await;
}

#[tokio::test]
async fn what_one_cares_for_comes_first() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben, cleo] = followed(&app, &viewer, ["ada", "ben", "cleo"]).await;
    let liked = post(&cleo, "#birds in the morning").await;
    app.run_jobs().await;
    viewer.like_post(&liked).await;
    app.clock.advance(LATER);
    let birds = post(&ada, "more #Birds").await;
    let cars = post(&ben, "more #cars").await;
    app.run_jobs().await;
    let page = viewer.ranked_page(20, None).await;
    assert!(page.value(&birds, "INTEREST") > page.value(&cars, "INTEREST"), "{page:?}");
    let place = |id: &String| page.ids.iter().position(|one| one == id).unwrap();
    assert!(place(&birds) < place(&cars));
    app.finish().await;
}

#[tokio::test]
async fn weights_change_the_order_at_once() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben] = followed(&app, &viewer, ["ada", "ben"]).await;
    let of_ada = post(&ada, "").await;
    app.run_jobs().await;
    viewer.comment(&of_ada, "for you").await;
    app.clock.advance(LATER);
    let of_ben = post(&ben, "").await;
    app.run_jobs().await;
    assert_eq!(viewer.ranked_page(20, None).await.ids, [of_ada.clone(), of_ben.clone()]);

    let set = async |input: serde_json::Value| {
        let fields = "settings { isPersonalised weights { relationship interest recency quality activity } }";
        viewer.mutate("updateSettings", input, fields).await.payload()["settings"]["weights"].clone()
    };
    let new_only = json!({ "weights": { "relationship": 0, "interest": 0, "quality": 0, "recency": 100 } });
    let expected = json!({ "relationship": 0, "interest": 0, "recency": 100, "quality": 0, "activity": 10 });
    assert_eq!(set(new_only).await, expected);
    let page = viewer.ranked_page(20, None).await;
    assert_eq!(page.ids, [of_ben.clone(), of_ada.clone()]);
    assert_eq!(page.edges[0]["reasons"][2]["weight"], 100.0);
    assert_eq!(set(json!({ "weights": { "activity": 0 } })).await["recency"], 100, "what is left out stays");
    let own = viewer.run("{ viewer { settings { isPersonalised weights { recency activity } } } }", json!({})).await;
    let expected = json!({ "isPersonalised": true, "weights": { "recency": 100, "activity": 0 } });
    assert_eq!(*own.at("/viewer/settings"), expected);
    assert_eq!(set(json!({ "weights": null })).await["recency"], 20);
    assert_eq!(viewer.ranked_page(20, None).await.ids, [of_ada, of_ben]);
    for bad in [-1, 101] {
        let refused = viewer.mutate("updateSettings", json!({ "weights": { "recency": bad } }), "").await;
        assert_eq!(refused.user_errors(), [("INVALID".to_owned(), "weights".to_owned())]);
    }
    app.finish().await;
}

#[tokio::test]
async fn nobody_floods_a_page() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben, cleo, dan] = followed(&app, &viewer, ["ada", "ben", "cleo", "dan"]).await;
    for author in [&ben, &cleo, &dan] {
        for _ in 0..3 {
            post(author, "").await;
        }
    }
    let mut newest = String::new();
    for _ in 0..9 {
        newest = post(&ada, "").await;
    }
    app.run_jobs().await;
    viewer.comment(&newest, "for you").await;
    app.clock.advance(LATER);
    let page = viewer.ranked_page(20, None).await;
    let authors = page.authors();
    assert_eq!(authors.len(), 18);
    assert_eq!(authors[0], "ada", "who is close comes first");
    let others: usize = authors.iter().rposition(|author| *author != "ada").unwrap();
    // As long as others have something to show.
    for pair in authors[..=others].windows(2) {
        assert!(pair[0] != pair[1], "{authors:?}");
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    authors[..12].iter().for_each(|author| *counts.entry(author).or_default() += 1);
    assert!(counts.values().all(|count| *count <= 4), "{authors:?}");
    assert!((10..=30).contains(&page.suggested_first));
    app.run_jobs().await;
    app.finish().await;
}

/// Between two posts of one author stands somebody else's that the viewer sees: what they don't see keeps nobody apart.
#[tokio::test]
async fn what_is_hidden_takes_nobodys_place() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben, cleo] = followed(&app, &viewer, ["ada", "ben", "cleo"]).await;
    let of_cleo = post(&cleo, "").await;
    let first = post(&ada, "").await;
    let between = post(&ben, "").await;
    let second = post(&ada, "").await;
    app.run_jobs().await;
    let [of_cleo, first, between, second] = [&of_cleo, &first, &between, &second].map(String::as_str);
    assert_eq!(viewer.ranked_page(20, None).await.ids, [second, between, first, of_cleo]);

    let without = [second, of_cleo, first];
    ben.set_audience(between, "CLOSE_FRIENDS").await;
    app.clock.advance(LATER);
    assert_eq!(viewer.ranked_page(20, None).await.ids, without, "it is for close friends");
    ben.mutate("addCloseFriend", json!({ "userId": viewer.id }), "").await.payload();
    app.clock.advance(LATER);
    assert_eq!(viewer.ranked_page(20, None).await.ids, [second, between, first, of_cleo], "and so are they");
    viewer.to_user("muteUser", &ben.id).await.payload();
    app.clock.advance(LATER);
    assert_eq!(viewer.ranked_page(20, None).await.ids, without, "its author is muted");
    viewer.to_user("unmuteUser", &ben.id).await.payload();
    ben.mutate("archivePost", json!({ "postId": between }), "").await.payload();
    app.clock.advance(LATER);
    assert_eq!(viewer.ranked_page(20, None).await.ids, without, "it is archived");
    app.finish().await;
}

#[tokio::test]
async fn what_was_seen_and_passed_over_sinks() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada, ben] = followed(&app, &viewer, ["ada", "ben"]).await;
    let good = post(&ada, "").await;
    let passed = post(&ben, "").await;
    app.run_jobs().await;
    assert_eq!(viewer.ranked_page(20, None).await.ids, [passed.clone(), good.clone()], "of equals the newest");
    for number in 0..3 {
        let other = app.client().sign_up(&format!("other{number}")).await;
        let seen = json!({ "impressions": [
            { "postId": passed, "dwellMs": 0 }, { "postId": good, "dwellMs": 20_000 }, { "postId": good } ] });
        let recorded = other.mutate("recordImpressions", seen.clone(), "recordedCount").await;
        assert_eq!(recorded.payload()["recordedCount"], 2);
        let again = other.mutate("recordImpressions", seen, "recordedCount").await;
        assert_eq!(again.payload()["recordedCount"], 0, "one person counts once");
    }
    app.clock.advance(LATER);
    let page = viewer.ranked_page(20, None).await;
    assert!(page.value(&good, "QUALITY") > page.value(&passed, "QUALITY"), "{page:?}");
    assert_eq!(page.ids, [good, passed]);
    app.finish().await;
}

#[tokio::test]
async fn ones_own_new_post_is_on_the_first_page_before_it_is_carried() {
    let app = TestApp::start().await;
    let viewer = app.client().sign_up("viewer").await;
    let [ada] = followed(&app, &viewer, ["ada"]).await;
    let other = post(&ada, "").await;
    let photo = viewer.photo(picture::jpeg(32, 24)).await;
    app.run_jobs().await;
    assert_eq!(viewer.ranked_page(1, None).await.ids, std::slice::from_ref(&other));
    // Its photo is ready, so it is published at once; the job that carries it has not run.
    let own = viewer.post(&[photo], "").await;
    let page = viewer.ranked_page(1, None).await;
    assert_eq!(page.ids, std::slice::from_ref(&own));
    assert_eq!(viewer.ranked_page(1, page.next.as_deref()).await.ids, std::slice::from_ref(&other));
    app.run_jobs().await;
    assert_eq!(viewer.ranked_page(2, None).await.ids, [own.clone(), other.clone()]);
    // An hour later it stands where its score has it.
    app.clock.advance(TimeDelta::hours(2));
    assert_eq!(viewer.ranked_page(2, None).await.ids, [other, own]);
    app.finish().await;
}
