//! How posts get into feeds: carried to each follower, looked up of those whom very many follow, brought by a follow; and
//! the audit that finds what is missing all the same.

use chrono::TimeDelta;
use darkroom_platform::timelines::of_author;
use darkroom_service::{Viewer, account, feed};
use darkroom_testing::{Person, TestApp};
use uuid::Uuid;

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

async fn viewer(app: &TestApp, username: &str) -> Viewer {
    let account = account::by_username(&app.app, None, username).await.unwrap().unwrap();
    Viewer { account, session_id: Uuid::nil() }
}

/// Publishes a picture; puts it in front of the others.
async fn post(app: &TestApp, author: &Person, posts: &mut Vec<String>) {
    posts.insert(0, author.post_picture().await);
    app.run_jobs().await;
}

/// Looks at the feed, and waits for the timeline that this may have begun.
async fn look(app: &TestApp, viewer: &Person, expected: &[String]) {
    for first in [1, 2, 20] {
        assert_eq!(viewer.feed(first).await, expected, "pages of {first} for {}", viewer.username);
        app.app.settle().await;
    }
}

#[tokio::test]
async fn a_follow_is_merged_into_the_timeline_and_its_end_taken_out() {
    let app = TestApp::start().await;
    let [viewer, ada, ben] = people(&app, ["viewer", "ada", "ben"]).await;
    let (mut of_ada, mut all) = (Vec::new(), Vec::new());
    viewer.follow(&ben.id).await;
    for _ in 0..3 {
        post(&app, &ada, &mut of_ada).await;
        post(&app, &ben, &mut all).await;
    }
    look(&app, &viewer, &all).await;
    assert_eq!(app.timeline_length("viewer").await, Some(3));
    viewer.follow(&ada.id).await;
    app.app.settle().await;
    assert_eq!(app.timeline_length("viewer").await, Some(6), "it is of the new epoch, and nobody has looked");
    let both: Vec<String> = all.iter().zip(&of_ada).flat_map(|(ben, ada)| [ben.clone(), ada.clone()]).collect();
    look(&app, &viewer, &both).await;
    viewer.unfollow(&ada.id).await;
    app.app.settle().await;
    assert_eq!(app.timeline_length("viewer").await, Some(3));
    look(&app, &viewer, &all).await;
    ben.to_user("blockUser", &viewer.id).await.payload();
    app.app.settle().await;
    assert_eq!(app.timeline_length("viewer").await, Some(0));
    look(&app, &viewer, &[]).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn who_is_followed_by_very_many_is_pulled_until_it_is_few() {
    // Pulled with three followers, pushed again with one.
    let settings = [("DARKROOM_FEED_PULL_ABOVE", "2"), ("DARKROOM_FEED_FAN_OUT_CHUNK", "2")];
    let app = TestApp::start_with(&settings).await;
    let [ada] = people(&app, ["ada"]).await;
    let followers = people(&app, ["f1", "f2", "f3"]).await;
    let mut posts = Vec::new();
    for follower in &followers {
        follower.follow(&ada.id).await;
        look(&app, follower, &posts).await;
    }
    assert_eq!(app.rows("pulled_author").await, 0);
    post(&app, &ada, &mut posts).await;
    assert_eq!(app.rows("pulled_author").await, 1);
    for follower in &followers {
        assert_eq!(app.timeline_length(&follower.username).await, Some(1), "carried to them before all were marked");
        look(&app, follower, &posts).await;
    }
    for _ in 0..2 {
        post(&app, &ada, &mut posts).await;
        for follower in &followers {
            look(&app, follower, &posts).await;
            assert_eq!(app.timeline_length(&follower.username).await, Some(1), "looked up, and not carried");
        }
    }
    let [late] = people(&app, ["late"]).await;
    look(&app, &late, &[]).await;
    late.follow(&ada.id).await;
    app.app.settle().await;
    look(&app, &late, &posts).await;
    post(&app, &ada, &mut posts).await;
    look(&app, &late, &posts).await;
    // What everybody looks at is lost, and so is what one has.
    let author = viewer(&app, "ada").await.id();
    app.app.timelines.forget(of_author(author)).await.unwrap();
    app.lose_timeline("f1").await;
    for follower in followers.iter().chain([&late]) {
        look(&app, follower, &posts).await;
    }
    post(&app, &ada, &mut posts).await;
    for follower in followers.iter().chain([&late]) {
        look(&app, follower, &posts).await;
    }
    // The audit finds nothing to say about any of it.
    app.clock.advance(TimeDelta::hours(2));
    assert_eq!(feed::audit(&app.app).await.unwrap(), 0);
    for follower in [&followers[0], &followers[1], &late] {
        follower.unfollow(&ada.id).await;
    }
    post(&app, &ada, &mut posts).await;
    assert_eq!(app.rows("pulled_author").await, 0, "with one follower left they are pushed to");
    look(&app, &followers[2], &posts).await;
    look(&app, &late, &[]).await;
    let carried = app.timeline_length("f3").await.unwrap();
    post(&app, &ada, &mut posts).await;
    assert_eq!(app.timeline_length("f3").await, Some(carried + 1));
    look(&app, &followers[2], &posts).await;
    app.finish().await;
}

#[tokio::test]
async fn the_window_of_a_feed_is_the_same_with_a_timeline_and_without() {
    let app = TestApp::start_with(&[("DARKROOM_FEED_PULL_ABOVE", "1"), ("DARKROOM_FEED_WINDOW", "20")]).await;
    let [me, ada, ben, other] = people(&app, ["me", "ada", "ben", "other"]).await;
    me.follow(&ada.id).await;
    me.follow(&ben.id).await;
    other.follow(&ada.id).await;
    look(&app, &me, &[]).await;
    let mut posts = Vec::new();
    for _ in 0..13 {
        post(&app, &ada, &mut posts).await;
        post(&app, &ben, &mut posts).await;
    }
    look(&app, &me, &posts).await;
    let person = viewer(&app, "me").await;
    let with = feed::window(&app.app, &person).await.unwrap();
    assert_eq!(with.ids.len(), 20);
    assert_eq!(with.pulled, [viewer(&app, "ada").await.id()]);
    app.lose_timeline("me").await;
    let without = feed::window(&app.app, &person).await.unwrap();
    app.app.settle().await;
    let again = feed::window(&app.app, &person).await.unwrap();
    assert_eq!((&with.ids, &without.ids), (&without.ids, &again.ids));
    assert_eq!(without.end, without.ids.last().copied());
    app.finish().await;
}

#[tokio::test]
async fn the_audit_finds_counts_and_mends_what_is_missing() {
    let app = TestApp::start().await;
    let [me, ada] = people(&app, ["me", "ada"]).await;
    me.follow(&ada.id).await;
    look(&app, &me, &[]).await;
    let mut posts = Vec::new();
    for _ in 0..3 {
        post(&app, &ada, &mut posts).await;
    }
    assert_eq!(feed::audit(&app.app).await.unwrap(), 0);
    // A timeline that lacks the second.
    let person = viewer(&app, "me").await;
    let (id, epoch) = (person.id(), person.account.timeline_epoch);
    let mut ids = app.app.timelines.read(id, epoch).await.unwrap().unwrap().ids;
    ids.remove(1);
    let token = app.app.timelines.begin(id, epoch).await.unwrap();
    assert!(app.app.timelines.finish(id, &token, &ids, &[]).await.unwrap());
    let holed = [posts[0].clone(), posts[2].clone()];
    look(&app, &me, &holed).await;
    assert_eq!(feed::audit(&app.app).await.unwrap(), 0, "so new a post may still be on its way");
    app.clock.advance(TimeDelta::minutes(11));
    let before = feed::missing();
    assert_eq!(feed::audit(&app.app).await.unwrap(), 1);
    assert!(feed::missing() > before);
    assert_eq!(app.timeline_length("me").await, None);
    look(&app, &me, &posts).await;
    assert_eq!(feed::audit(&app.app).await.unwrap(), 0);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn posting_and_following_during_an_audit_raise_no_alarm() {
    let mut app = TestApp::start().await;
    let [me, ada, ben] = people(&app, ["me", "ada", "ben"]).await;
    me.follow(&ada.id).await;
    look(&app, &me, &[]).await;
    app.start_workers();
    let posting = async {
        for number in 0..8 {
            ada.post_picture().await;
            ben.post_picture().await;
            let verb = if number % 2 == 0 { "followUser" } else { "unfollowUser" };
            me.to_user(verb, &ben.id).await.payload();
            me.feed(20).await;
        }
    };
    let mut alarms = 0;
    let auditing = async {
        loop {
            alarms += feed::audit(&app.app).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = posting => {}
        () = auditing => {}
    }
    assert_eq!(alarms, 0);
    app.finish().await;
}
