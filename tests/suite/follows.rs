//! Following: requests, limits, and counters that hold whatever happens at once.

use chrono::TimeDelta;
use darkroom_testing::sequence::Dice;
use darkroom_testing::{Person, TestApp, uuid_of};
use serde_json::json;

async fn people<const N: usize>(app: &TestApp, names: [&str; N]) -> [Person; N] {
    let mut people = Vec::new();
    for name in names {
        people.push(app.client().sign_up(name).await);
    }
    people.try_into().unwrap_or_else(|_| unreachable!())
}

async fn state(person: &Person, other: &Person) -> String {
    let node = person.node(&other.id, "... on User { viewerFollowState }").await;
    node["viewerFollowState"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_follower_is_removed_and_a_request_is_taken_back() {
    let app = TestApp::start().await;
    let [ada, ben] = people(&app, ["ada", "ben"]).await;
    let post = ada.post_picture().await;
    app.run_jobs().await;
    ben.follow(&ada.id).await;
    assert_eq!(ben.feed(20).await, std::slice::from_ref(&post));
    for _ in 0..2 {
        ada.to_user("removeFollower", &ben.id).await.payload();
        assert_eq!((state(&ben, &ada).await.as_str(), ben.feed(20).await.len()), ("NONE", 0));
        assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    }
    ada.set_private(true).await;
    for verb in ["unfollowUser", "removeFollower"] {
        ben.follow(&ada.id).await;
        assert_eq!(ada.own_list("followRequests").await, ["ben"]);
        let (person, other) = if verb == "unfollowUser" { (&ben, &ada) } else { (&ada, &ben) };
        for _ in 0..2 {
            person.to_user(verb, &other.id).await.payload();
            assert_eq!(ada.own_list("followRequests").await, Vec::<String>::new());
        }
    }
    assert_eq!(app.rows("follow").await, 0);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn an_account_that_becomes_public_lets_everyone_in_who_asked_and_counts_each_once() {
    let app = TestApp::start().await;
    let [ada, ben, cleo] = people(&app, ["ada", "ben", "cleo"]).await;
    let post = ada.post_picture().await;
    ada.set_private(true).await;
    ben.follow(&ada.id).await;
    cleo.follow(&ada.id).await;
    // More than one batch of them.
    let crowd = app.write_people("crowd", 230).await;
    app.write_follow_requests(&crowd, uuid_of(&ada.id)).await;
    app.run_jobs().await;
    assert_eq!(ben.feed(20).await, Vec::<String>::new());
    app.app.settle().await;

    // Open and closed again before anybody was let in.
    ada.set_private(false).await;
    ada.set_private(true).await;
    app.run_jobs().await;
    assert_eq!(state(&ben, &ada).await, "REQUESTED");

    ada.set_private(false).await;
    // Whoever asks again meanwhile is in at once, and is not counted twice.
    cleo.follow(&ada.id).await;
    assert_eq!(state(&cleo, &ada).await, "FOLLOWING");
    app.run_jobs().await;
    assert_eq!(state(&ben, &ada).await, "FOLLOWING");
    assert_eq!(ben.feed(20).await, std::slice::from_ref(&post), "the timeline from before is out of date");
    let count = ada.node(&ada.id, "... on User { followerCount }").await;
    assert_eq!(count["followerCount"], 232);
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());

    // Saying again that it is public does nothing; going private and back is at once.
    ada.set_private(false).await;
    let [dora] = people(&app, ["dora"]).await;
    let seen = async |person: &Person| person.node(&post, "").await["id"] == post.as_str();
    assert!(seen(&dora).await);
    ada.set_private(true).await;
    assert!(!seen(&dora).await && seen(&ben).await);
    ada.set_private(false).await;
    assert!(seen(&dora).await);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn nobody_follows_everybody() {
    let app = TestApp::start_with(&[
        ("DARKROOM_LIMITS_FOLLOWS_PER_HOUR", "2"),
        ("DARKROOM_LIMITS_FOLLOWING_MAX", "3"),
        ("DARKROOM_LIMITS_FOLLOW_REQUESTS_MAX", "1"),
    ])
    .await;
    let [ada, a, b, c, d, closed, shut] = people(&app, ["ada", "a", "b", "c", "d", "closed", "shut"]).await;
    closed.set_private(true).await;
    shut.set_private(true).await;
    ada.follow(&a.id).await;
    app.clock.advance(TimeDelta::minutes(20));
    ada.follow(&closed.id).await;
    let limited = ada.to_user("followUser", &b.id).await;
    assert_eq!(limited.error_code(), "RATE_LIMITED");
    assert_eq!(limited.body["errors"][0]["extensions"]["retryAfter"], 2400);
    // What is there already is no new follow.
    ada.follow(&a.id).await;
    ada.follow(&closed.id).await;
    // What is ended was made all the same.
    ada.unfollow(&a.id).await;
    assert_eq!(ada.to_user("followUser", &a.id).await.error_code(), "RATE_LIMITED");

    app.clock.advance(TimeDelta::minutes(40));
    ada.follow(&a.id).await;
    app.clock.advance(TimeDelta::minutes(20));
    ada.follow(&b.id).await;
    assert_eq!(ada.to_user("followUser", &c.id).await.error_code(), "RATE_LIMITED");
    app.clock.advance(TimeDelta::hours(1));
    let waiting = ada.to_user("followUser", &shut.id).await;
    assert_eq!(waiting.user_errors(), [("CONFLICT".into(), "userId".into())], "one request waits already");
    closed.accept(&ada.id).await;
    app.clock.advance(TimeDelta::hours(1));
    let full = ada.to_user("followUser", &d.id).await;
    assert_eq!(full.user_errors(), [("CONFLICT".into(), "userId".into())], "three people are followed");
    ada.unfollow(&a.id).await;
    ada.follow(&d.id).await;
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn the_limit_an_hour_holds_for_follows_at_once_and_its_notes_go() {
    let app = TestApp::start_with(&[("DARKROOM_LIMITS_FOLLOWS_PER_HOUR", "3")]).await;
    let [ada, others @ ..] = people(&app, ["ada", "a", "b", "c", "d", "e", "f"]).await;
    // Over and over, each one back and forth: three follows were made, whichever they were.
    let follow = |person: &Person| {
        let (client, id) = (ada.client.clone(), person.id.clone());
        async move {
            let followed = client.to_user("followUser", &id).await;
            if followed.body.get("errors").is_none() {
                client.unfollow(&id).await;
                return 1;
            }
            assert_eq!(followed.error_code(), "RATE_LIMITED");
            0
        }
    };
    let made: i32 = futures::future::join_all(others.iter().map(follow)).await.into_iter().sum();
    assert_eq!((made, app.rows("follow_made").await, app.rows("follow").await), (3, 3, 0));
    // A person has no more notes than count; the sweep removes the last.
    app.clock.advance(TimeDelta::hours(1));
    ada.follow(&others[0].id).await;
    assert_eq!(app.rows("follow_made").await, 1);
    app.clock.advance(TimeDelta::hours(1));
    assert!(!darkroom_service::follow::sweep(&app.app).await.unwrap());
    assert_eq!(app.rows("follow_made").await, 0);
    app.run_jobs().await;
    app.finish().await;
}

/// What one of them does to another.
const VERBS: [&str; 9] = [
    "followUser",
    "followUser",
    "followUser",
    "followUser",
    "unfollowUser",
    "removeFollower",
    "blockUser",
    "unblockUser",
    "addCloseFriend",
];

#[tokio::test]
async fn counters_hold_while_everybody_follows_and_blocks_everybody_at_once() {
    // Twenty at a few connections, on a machine that other tests keep busy: whoever waits long has not failed.
    let settings = [("DARKROOM_LIMITS_FOLLOWS_PER_HOUR", "100000"), ("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "60000")];
    let app = TestApp::start_with(&settings).await;
    let everyone = people(&app, ["p0", "p1", "p2", "p3", "p4"]).await;
    let mut at_work = Vec::new();
    for (number, person) in everyone.iter().enumerate() {
        for hand in 0..4 {
            let (person, others) = (person.clone(), everyone.clone());
            at_work.push(tokio::spawn(async move {
                let mut dice = Dice::new((number * 10 + hand) as u64);
                for _ in 0..40 {
                    let other = &others[(number + 1 + dice.below(others.len() - 1)) % others.len()];
                    // Refusals are expected, errors are not: no deadlock, no lost row.
                    let answer = person.to_user(VERBS[dice.below(VERBS.len())], &other.id).await;
                    assert!(answer.body.get("errors").is_none(), "{}", answer.body);
                    if dice.below(8) == 0 {
                        person.set_private(dice.below(2) == 0).await;
                    }
                }
            }));
        }
    }
    for worker in at_work {
        worker.await.unwrap();
    }
    app.run_jobs().await;
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    // Nothing stands between two of whom one blocks the other.
    for person in &everyone {
        let blocked = person.own_list("blockedUsers").await;
        let query = "{ viewer { user { followers { nodes { username } } following { nodes { username } } }
            closeFriends { nodes { username } } followRequests { nodes { username } } } }";
        let lists = person.run(query, json!({})).await;
        for name in blocked {
            assert!(!lists.body.to_string().contains(&format!("\"{name}\"")), "{} and {name}", person.username);
        }
    }
    assert_eq!(app.rows("follow").await, app.unblocked_follows().await);
    app.finish().await;
}
