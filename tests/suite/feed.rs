//! The feed: newest first, one's own included, and every change of who follows whom shows at once.

use darkroom_testing::{Person, TestApp};

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

async fn posts(author: &Person, number: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..number {
        ids.push(author.post_picture().await);
    }
    ids
}

/// Newest first.
fn turned(mut ids: Vec<String>) -> Vec<String> {
    ids.reverse();
    ids
}

#[tokio::test]
async fn pages_of_every_size_join_without_gap_or_duplicate() {
    let app = TestApp::start().await;
    let [viewer, ada, ben, stranger] = people(&app, ["viewer", "ada", "ben", "stranger"]).await;
    viewer.follow(&ada.id).await;
    viewer.follow(&ben.id).await;
    let mut expected = Vec::new();
    for author in [&ada, &viewer, &ben, &ada, &stranger, &viewer, &ben, &ada] {
        let post = author.post_picture().await;
        if author.id != stranger.id {
            expected.push(post);
        }
    }
    assert_eq!(viewer.feed(20).await, Vec::<String>::new(), "nothing is published yet");
    app.run_jobs().await;
    let expected = turned(expected);
    // The first look finds no timeline, those after it do.
    for _ in 0..2 {
        for first in 1..=9 {
            assert_eq!(viewer.feed(first).await, expected, "pages of {first}");
        }
        app.app.settle().await;
        assert_eq!(app.timeline_length("viewer").await, Some(expected.len()));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_one_ended_while_posts_come_and_go() {
    let app = TestApp::start().await;
    let [viewer, ada] = people(&app, ["viewer", "ada"]).await;
    viewer.follow(&ada.id).await;
    let old = turned(posts(&ada, 6).await);
    app.run_jobs().await;
    let (first, after) = viewer.feed_page(3, None).await;
    assert_eq!(first, old[..3]);
    posts(&ada, 2).await;
    app.run_jobs().await;
    // What the cursor stands on, and what comes next, vanish.
    ada.delete_post(&old[2]).await;
    ada.delete_post(&old[3]).await;
    let (second, end) = viewer.feed_page(3, after.as_deref()).await;
    assert_eq!((second.as_slice(), end), (&old[4..], None));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn following_unfollowing_and_deleting_show_at_once() {
    let app = TestApp::start().await;
    let [viewer, ada, ben] = people(&app, ["viewer", "ada", "ben"]).await;
    let of_ada = turned(posts(&ada, 3).await);
    let of_ben = turned(posts(&ben, 2).await);
    app.run_jobs().await;
    let both = [of_ben.clone(), of_ada.clone()].concat();
    // Twice over: with a timeline that is not there, and with one that is.
    for _ in 0..2 {
        assert_eq!(viewer.feed(20).await, Vec::<String>::new());
        viewer.follow(&ada.id).await;
        assert_eq!(viewer.feed(20).await, of_ada, "posts from before the follow");
        viewer.follow(&ben.id).await;
        assert_eq!(viewer.feed(2).await, both);
        app.app.settle().await;
        viewer.unfollow(&ada.id).await;
        assert_eq!(viewer.feed(1).await, of_ben);
        viewer.follow(&ada.id).await;
        assert_eq!(viewer.feed(1).await, both);
        app.app.settle().await;
        viewer.unfollow(&ada.id).await;
        viewer.unfollow(&ben.id).await;
    }
    viewer.follow(&ada.id).await;
    assert_eq!(viewer.feed(20).await, of_ada);
    app.app.settle().await;
    ada.delete_post(&of_ada[1]).await;
    let rest = [of_ada[0].clone(), of_ada[2].clone()];
    for first in 1..=3 {
        assert_eq!(viewer.feed(first).await, rest);
    }
    app.run_jobs().await;
    assert_eq!(viewer.feed(20).await, rest);
    app.finish().await;
}

#[tokio::test]
async fn a_lost_timeline_is_answered_by_the_database_and_built_again() {
    let app = TestApp::start().await;
    let [viewer, ada] = people(&app, ["viewer", "ada"]).await;
    viewer.follow(&ada.id).await;
    let mut all = posts(&ada, 3).await;
    app.run_jobs().await;
    for _ in 0..3 {
        app.lose_timeline("viewer").await;
        assert_eq!(app.timeline_length("viewer").await, None);
        all.extend(posts(&ada, 1).await);
        app.run_jobs().await;
        let expected = turned(all.clone());
        assert_eq!(viewer.feed(2).await, expected);
        app.app.settle().await;
        assert_eq!(app.timeline_length("viewer").await, Some(all.len()), "it is built after the first miss");
        assert_eq!(viewer.feed(2).await, expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_post_reaches_the_timelines_of_every_follower_in_pages() {
    let app = TestApp::start_with(&[("DARKROOM_FEED_FAN_OUT_CHUNK", "2")]).await;
    let [ada] = people(&app, ["ada"]).await;
    let followers = people(&app, ["f1", "f2", "f3", "f4", "f5"]).await;
    for follower in &followers {
        follower.follow(&ada.id).await;
        assert_eq!(follower.feed(20).await, Vec::<String>::new());
    }
    app.app.settle().await;
    for follower in &followers {
        assert_eq!(app.timeline_length(&follower.username).await, Some(0));
    }
    let post = ada.post_picture().await;
    app.run_jobs().await;
    for follower in &followers {
        assert_eq!(app.timeline_length(&follower.username).await, Some(1), "it is carried, not only looked up");
        assert_eq!(follower.feed(20).await, std::slice::from_ref(&post));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_private_accounts_posts_are_for_accepted_followers() {
    let app = TestApp::start().await;
    let [private, viewer, old] = people(&app, ["private", "viewer", "old"]).await;
    old.follow(&private.id).await;
    private.set_private(true).await;
    viewer.follow(&private.id).await;
    let all = turned(posts(&private, 2).await);
    app.run_jobs().await;
    assert_eq!(viewer.feed(20).await, Vec::<String>::new(), "it has only been asked");
    assert_eq!(old.feed(20).await, all, "who followed before goes on following");
    private.accept(&viewer.id).await;
    assert_eq!(viewer.feed(1).await, all);
    viewer.unfollow(&private.id).await;
    assert_eq!(viewer.feed(20).await, Vec::<String>::new());
    viewer.follow(&private.id).await;
    assert_eq!(viewer.feed(20).await, Vec::<String>::new(), "it must be asked again");
    app.run_jobs().await;
    app.finish().await;
}
