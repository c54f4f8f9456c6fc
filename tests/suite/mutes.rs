//! Muting: what is muted stays away from the feed or the tray, and is back at once when it is muted no longer.

use darkroom_testing::{Person, TestApp, picture};
use serde_json::{Value, json};

async fn mutes(person: &Person, other: &Person) -> Value {
    person.node(&other.id, "... on User { viewerMutesPosts viewerMutesStories viewerFollowState }").await
}

async fn tray(person: &Person) -> usize {
    let answer = person.run("{ storyTray { nodes { hasUnseen } } }", json!({})).await;
    answer.at("/storyTray/nodes").as_array().unwrap().len()
}

#[tokio::test]
async fn posts_and_stories_stay_away_while_they_are_muted_and_no_longer() {
    let app = TestApp::start().await;
    let [ada, ben] = [app.client().sign_up("ada").await, app.client().sign_up("ben").await];
    ada.follow(&ben.id).await;
    let first = ben.post_picture().await;
    let media = ben.photo(picture::jpeg(30, 40)).await;
    ben.story(&media).await;
    let own = ada.post_picture().await;
    app.run_jobs().await;
    let both = [own.clone(), first.clone()];
    assert_eq!(ada.feed(20).await, both);
    app.app.settle().await;

    for _ in 0..2 {
        ada.to_user("muteUser", &ben.id).await.payload();
        assert_eq!((ada.feed(20).await, tray(&ada).await), (vec![own.clone()], 0));
    }
    let state = mutes(&ada, &ben).await;
    let shown =
        json!({ "id": ben.id, "viewerMutesPosts": true, "viewerMutesStories": true, "viewerFollowState": "FOLLOWING" });
    assert_eq!(state, shown);
    assert_eq!(mutes(&ben, &ada).await["viewerMutesPosts"], false, "nobody is told");
    assert_eq!(ada.own_list("mutedUsers").await, ["ben"]);
    // Everything stays where it is.
    assert_eq!(ada.node(&first, "").await["id"], first.as_str());

    // A timeline that is built while he is muted, and a post of the meantime.
    app.lose_timeline("ada").await;
    assert_eq!(ada.feed(20).await, std::slice::from_ref(&own));
    app.app.settle().await;
    assert_eq!(app.timeline_length("ada").await, Some(2), "the timeline is built, and keeps what is muted");
    let second = ben.post_picture().await;
    app.run_jobs().await;
    assert_eq!(ada.feed(1).await, std::slice::from_ref(&own));

    // One of the two only.
    let only_stories = json!({ "userId": ben.id, "posts": false, "stories": true });
    ada.mutate("muteUser", only_stories, "").await.payload();
    let all = [second.clone(), own.clone(), first.clone()];
    assert_eq!((ada.feed(1).await, tray(&ada).await), (all.to_vec(), 0));
    let only_posts = json!({ "userId": ben.id, "posts": true, "stories": false });
    ada.mutate("muteUser", only_posts, "").await.payload();
    assert_eq!((ada.feed(1).await, tray(&ada).await), (vec![own.clone()], 1));
    assert_eq!(app.rows("mute").await, 1);

    for _ in 0..2 {
        ada.to_user("unmuteUser", &ben.id).await.payload();
        assert_eq!((ada.feed(1).await, tray(&ada).await), (all.to_vec(), 1));
    }
    assert_eq!(ada.own_list("mutedUsers").await, Vec::<String>::new());

    let nothing = json!({ "userId": ben.id, "posts": false, "stories": false });
    let refused = ada.mutate("muteUser", nothing, "").await;
    assert_eq!(refused.user_errors(), [("INVALID".into(), "posts".into())]);
    let oneself = ada.to_user("muteUser", &ada.id).await;
    assert_eq!(oneself.user_errors(), [("INVALID".into(), "userId".into())]);
    app.finish().await;
}

#[tokio::test]
async fn a_muted_person_who_posts_much_hides_nobody_else() {
    let app = TestApp::start_with(&[("DARKROOM_FEED_WINDOW", "20")]).await;
    let [ada, ben, cleo] =
        [app.client().sign_up("ada").await, app.client().sign_up("ben").await, app.client().sign_up("cleo").await];
    ada.follow(&ben.id).await;
    ada.follow(&cleo.id).await;
    let mut of_cleo = Vec::new();
    for _ in 0..3 {
        of_cleo.push(cleo.post_picture().await);
    }
    // More than the timeline holds.
    for _ in 0..23 {
        ben.post_picture().await;
    }
    of_cleo.push(cleo.post_picture().await);
    of_cleo.reverse();
    app.run_jobs().await;
    ada.to_user("muteUser", &ben.id).await.payload();
    for _ in 0..2 {
        for first in [1, 3, 20] {
            assert_eq!(ada.feed(first).await, of_cleo, "pages of {first}");
        }
        app.app.settle().await;
    }
    app.finish().await;
}
