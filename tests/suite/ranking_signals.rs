//! What is noted for the ranked feed, and what is not.

use chrono::TimeDelta;
use darkroom_entity::affinity::{self, Kind};
use darkroom_testing::{Person, TestApp, picture, uuid_of};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

/// What a person cares for, with the scores as they are stored.
async fn affinities(app: &TestApp, person: &Person) -> Vec<(Kind, String, f64)> {
    let rows = affinity::Entity::find()
        .filter(affinity::Column::AccountId.eq(uuid_of(&person.id)))
        .order_by_asc(affinity::Column::Kind)
        .order_by_asc(affinity::Column::Subject)
        .all(app.app.rows())
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.kind, row.subject, row.score)).collect()
}

fn near(one: &[(Kind, String, f64)], other: &[(Kind, String, f64)]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| a.0 == b.0 && a.1 == b.1 && (a.2 - b.2).abs() <= 1e-6 * a.2.abs())
}

/// A viewer, and somebody with a post and a story.
async fn world(app: &TestApp) -> (Person, Person, String, String) {
    let viewer = app.client().sign_up("viewer").await;
    let author = app.client().sign_up("author").await;
    let photo = author.photo(picture::jpeg(32, 24)).await;
    let post = author.post(&[photo], "#birds and #trees").await;
    let photo = author.photo(picture::jpeg(24, 30)).await;
    let story = author.story(&photo).await;
    app.run_jobs().await;
    (viewer, author, post, story)
}

/// Everything that tells what somebody cares for.
async fn do_everything(app: &TestApp, viewer: &Person, author: &Person, post: &str, story: &str) {
    viewer.like_post(post).await;
    viewer.comment(post, "words").await;
    viewer.save_post(post).await;
    viewer.follow(&author.id).await;
    viewer.mark_viewed(story).await;
    viewer.run("{ user(username: \"author\") { id } }", json!({})).await.data();
    let seen = json!({ "impressions": [{ "postId": post, "dwellMs": 10_000 }] });
    viewer.mutate("recordImpressions", seen, "").await.payload();
    viewer.ranked_page(20, None).await;
    app.run_jobs().await;
}

#[tokio::test]
async fn who_opts_out_leaves_no_trace() {
    let app = TestApp::start().await;
    let (viewer, author, post, story) = world(&app).await;
    let opt = async |is_personalised: bool| {
        let input = json!({ "isPersonalised": is_personalised });
        viewer.mutate("updateSettings", input, "settings { isPersonalised }").await.payload().clone()
    };
    assert_eq!(opt(false).await["settings"]["isPersonalised"], false);
    do_everything(&app, &viewer, &author, &post, &story).await;
    for table in ["affinity", "account_habit", "impression", "post_impression"] {
        assert_eq!(app.rows(table).await, 0, "{table}");
    }
    let page = viewer.ranked_page(20, None).await;
    assert_eq!(page.ids, std::slice::from_ref(&post));
    assert_eq!((page.value(&post, "RELATIONSHIP"), page.value(&post, "INTEREST")), (0.0, 0.0));
    viewer.mutate("unlikePost", json!({ "postId": post }), "").await.payload();
    viewer.unfollow(&author.id).await;
    assert_eq!(app.rows("affinity").await, 0, "nothing to take back");

    // Back again, everything is noted, and forgotten with the next change of mind.
    opt(true).await;
    app.clock.advance(TimeDelta::hours(1));
    do_everything(&app, &viewer, &author, &post, &story).await;
    for table in ["affinity", "account_habit", "impression", "post_impression"] {
        assert!(app.rows(table).await > 0, "{table}");
    }
    opt(false).await;
    for table in ["affinity", "account_habit", "impression"] {
        assert_eq!(app.rows(table).await, 0, "{table}");
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn what_is_taken_back_counts_no_more() {
    let app = TestApp::start().await;
    let (viewer, author, post, _) = world(&app).await;
    viewer.follow(&author.id).await;
    app.clock.advance(TimeDelta::days(3));
    viewer.save_post(&post).await;
    let before = affinities(&app, &viewer).await;
    let kinds: Vec<Kind> = before.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, [Kind::Author, Kind::Hashtag, Kind::Hashtag, Kind::Media]);
    app.clock.advance(TimeDelta::days(20));
    viewer.like_post(&post).await;
    viewer.like_post(&post).await;
    let comment = viewer.comment(&post, "words").await;
    let said = viewer.comment(&post, "more words").await;
    let between = affinities(&app, &viewer).await;
    assert!(between.iter().zip(&before).all(|(now, then)| now.2 > then.2), "{between:?}");
    app.clock.advance(TimeDelta::days(2));
    for _ in 0..2 {
        viewer.mutate("unlikePost", json!({ "postId": post }), "").await.payload();
    }
    viewer.delete_comment(&comment).await;
    // By the post's author, it is the commenter's all the same.
    author.delete_comment(&said).await;
    let after = affinities(&app, &viewer).await;
    assert!(near(&before, &after), "{before:?}\n{after:?}");
    viewer.mutate("unsavePost", json!({ "postId": post }), "").await.payload();
    viewer.unfollow(&author.id).await;
    assert_eq!(affinities(&app, &viewer).await, []);
    assert_eq!(affinities(&app, &author).await, [], "nothing of oneself is noted");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_block_forgets_both_ways() {
    let app = TestApp::start().await;
    let (viewer, author, post, _) = world(&app).await;
    let own = viewer.post_picture().await;
    app.run_jobs().await;
    viewer.like_post(&post).await;
    author.like_post(&own).await;
    viewer.to_user("blockUser", &author.id).await.payload();
    for person in [&viewer, &author] {
        let left = affinities(&app, person).await;
        assert!(left.iter().all(|(kind, ..)| *kind != Kind::Author), "{left:?}");
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn a_look_at_a_profile_counts_once_an_hour() {
    let app = TestApp::start().await;
    let (viewer, author, ..) = world(&app).await;
    let look = async |person: &Person, name: &str| {
        let query = format!("{{ user(username: \"{name}\") {{ id }} }}");
        person.run(&query, json!({})).await.data();
        app.app.settle().await;
    };
    look(&viewer, "author").await;
    let once = affinities(&app, &viewer).await;
    assert_eq!(once.len(), 1);
    look(&viewer, "author").await;
    assert_eq!(affinities(&app, &viewer).await, once);
    app.clock.advance(TimeDelta::hours(1));
    look(&viewer, "author").await;
    assert!(affinities(&app, &viewer).await[0].2 > 1.9 * once[0].2);
    look(&author, "author").await;
    assert_eq!(affinities(&app, &author).await, [], "one's own");
    app.client().run("{ user(username: \"author\") { id } }", json!({})).await.data();
    app.finish().await;
}

#[tokio::test]
async fn the_weakest_are_forgotten() {
    let app = TestApp::start().await;
    let (viewer, _, post, _) = world(&app).await;
    let account_id = uuid_of(&viewer.id);
    let rows = (0..600).map(|number| affinity::ActiveModel {
        account_id: Set(account_id),
        kind: Set(Kind::Hashtag),
        subject: Set(format!("t{number}")),
        score: Set(f64::from(number) * 1e-9),
    });
    affinity::Entity::insert_many(rows).exec_without_returning(app.app.rows()).await.unwrap();
    viewer.like_post(&post).await;
    darkroom_service::ranking::prune(app.app.rows(), account_id).await.unwrap();
    let left = affinities(&app, &viewer).await;
    assert_eq!(left.len() as u64, darkroom_service::ranking::SUBJECTS);
    assert!(left.iter().any(|(_, subject, _)| subject == "birds"), "what is new is strong");
    assert!(left.iter().all(|(_, subject, _)| !["t0", "t50", "t100"].contains(&subject.as_str())));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn impressions_are_bounded_and_say_nothing_of_what_is_hidden() {
    let app = TestApp::start().await;
    let (viewer, author, post, _) = world(&app).await;
    let send = async |person: &Person, impressions: Value| {
        person.mutate("recordImpressions", json!({ "impressions": impressions }), "recordedCount").await
    };
    let one = json!({ "postId": post, "dwellMs": 5_000 });
    let many = send(&viewer, json!(vec![one.clone(); 101])).await;
    assert_eq!(many.user_errors(), [("INVALID".to_owned(), "impressions".to_owned())]);
    for bad in [json!({ "postId": author.id }), json!({ "postId": post, "dwellMs": -1 })] {
        let refused = send(&viewer, json!([bad])).await;
        assert_eq!(refused.user_errors(), [("INVALID".to_owned(), "impressions".to_owned())]);
    }
    assert_eq!(send(&author, json!([one.clone()])).await.payload()["recordedCount"], 0, "one's own");
    let long_ago = json!({ "postId": post, "seenAt": (app.clock.now() - TimeDelta::days(8)).to_rfc3339() });
    assert_eq!(send(&viewer, json!([long_ago])).await.payload()["recordedCount"], 0);
    author.set_private(true).await;
    assert_eq!(send(&viewer, json!([one.clone()])).await.payload()["recordedCount"], 0, "what may not be seen");
    assert_eq!(app.rows("impression").await + app.rows("post_impression").await, 0);
    author.set_private(false).await;
    assert_eq!(send(&viewer, json!(vec![one.clone(); 100])).await.payload()["recordedCount"], 1);
    assert_eq!(send(&viewer, json!([])).await.payload()["recordedCount"], 0);
    app.clock.advance(TimeDelta::days(7) + TimeDelta::hours(1));
    assert!(!darkroom_service::ranking::sweep(&app.app).await.unwrap());
    assert_eq!(app.rows("impression").await, 0);
    assert_eq!(send(&viewer, json!([one])).await.payload()["recordedCount"], 1, "a week later it counts again");
    let seen = darkroom_entity::post_impression::Entity::find().all(app.app.rows()).await.unwrap();
    assert_eq!((seen.len(), seen[0].seen), (1, 2));
    author.delete_post(&post).await;
    assert_eq!(app.rows("post_impression").await, 0);
    app.run_jobs().await;
    app.finish().await;
}
