//! A block: neither sees anything of the other, at once and everywhere, and the blocked person can't tell it from absence.

use darkroom_testing::{Person, TestApp, picture, uuid_of};
use serde_json::{Value, json};

/// An id that names nobody.
const NOBODY: &str = "user_01h455vb4pex5vsknk084sn02q";

struct World {
    app: TestApp,
    ada: Person,
    ben: Person,
    cleo: Person,
    /// Ada's, Ben's, Cleo's.
    posts: Vec<String>,
    stories: Vec<String>,
}

/// Three people who all follow one another, each with a post and a story that the others see, and like.
async fn world() -> World {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for name in ["ada", "ben", "cleo"] {
        people.push(app.client().sign_up(name).await);
    }
    let (mut posts, mut stories) = (Vec::new(), Vec::new());
    for person in &people {
        for other in people.iter().filter(|other| other.id != person.id) {
            person.follow(&other.id).await;
        }
        posts.push(person.post_picture().await);
        let media = person.photo(picture::jpeg(30, 40)).await;
        stories.push(person.story(&media).await);
    }
    app.run_jobs().await;
    for person in &people {
        for post in &posts {
            person.to_post("likePost", post).await.payload();
        }
    }
    let [ada, ben, cleo] = people.try_into().unwrap_or_else(|_| unreachable!());
    World { app, ada, ben, cleo, posts, stories }
}

async fn tray(person: &Person) -> Vec<String> {
    let answer = person.run("{ storyTray { nodes { user { username } } } }", json!({})).await;
    let mut names: Vec<String> = answer.at("/storyTray/nodes").as_array().unwrap().iter().map(name_of).collect();
    names.sort();
    names
}

fn name_of(reel: &Value) -> String {
    reel["user"]["username"].as_str().unwrap().to_owned()
}

async fn user(person: &Person, username: &str) -> Value {
    let query = "query($name: String!) { user(username: $name) {
        id username viewerFollowState followsViewer followerCount followingCount isViewersCloseFriend
        posts { nodes { id } } stories { id } followers { nodes { username } } following { nodes { username } } } }";
    person.run(query, json!({ "name": username })).await.at("/user").clone()
}

#[tokio::test]
async fn a_block_ends_everything_between_two_people_at_once() {
    let World { app, ada, ben, cleo, posts, stories } = world().await;
    ada.to_user("addCloseFriend", &ben.id).await.payload();
    ben.to_user("addCloseFriend", &ada.id).await.payload();
    // Timelines are there before the block.
    for person in [&ada, &ben, &cleo] {
        assert_eq!(person.feed(20).await.len(), 3);
    }
    app.app.settle().await;

    let blocked = ada.to_user("blockUser", &ben.id).await;
    assert_eq!(blocked.payload()["user"]["viewerFollowState"], "BLOCKED");
    ada.to_user("blockUser", &ben.id).await.payload();
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    assert_eq!(app.rows("close_friend").await, 0);
    assert_eq!(app.rows("follow").await, 4);

    // Ada finds the card, to take it back.
    let card = user(&ada, "ben").await;
    let nothing = json!([]);
    assert_eq!(card["viewerFollowState"], "BLOCKED");
    assert_eq!([&card["followerCount"], &card["followingCount"]], [1, 1]);
    assert_eq!([&card["posts"]["nodes"], &card["stories"], &card["followers"]["nodes"]], [&nothing; 3]);
    assert_eq!(ada.node(&ben.id, "").await["id"], ben.id.as_str());
    assert_eq!(ada.own_list("blockedUsers").await, ["ben"]);
    // Ben finds nothing.
    assert_eq!(user(&ben, "ada").await, Value::Null);
    assert_eq!(ben.node(&ada.id, "").await, Value::Null);
    assert_eq!(ben.own_list("blockedUsers").await, Vec::<String>::new());
    for (person, other) in [(&ada, 1), (&ben, 0)] {
        assert_eq!(person.node(&posts[other], "").await, Value::Null);
        assert_eq!(person.node(&stories[other], "").await, Value::Null);
        assert!(!person.feed(20).await.contains(&posts[other]));
        let refused = person.to_post("likePost", &posts[other]).await;
        assert_eq!(refused.user_errors(), [("NOT_FOUND".into(), "postId".into())]);
    }
    assert_eq!(tray(&ada).await, ["ada", "cleo"]);
    assert_eq!(tray(&ben).await, ["ben", "cleo"]);
    assert_eq!(tray(&cleo).await, ["ada", "ben", "cleo"]);
    // In lists of others they do not meet either.
    let followers = |card: &Value| card["followers"]["nodes"].as_array().unwrap().len();
    assert_eq!(followers(&user(&ada, "cleo").await), 1);
    assert_eq!(followers(&user(&ben, "cleo").await), 1);
    assert_eq!(followers(&user(&cleo, "cleo").await), 2);

    // What Ben tries is answered as if Ada were not there.
    let verbs = ["followUser", "unfollowUser", "blockUser", "unblockUser", "unmuteUser", "removeFollower"];
    for verb in verbs.into_iter().chain(["muteUser", "addCloseFriend", "removeCloseFriend"]) {
        let (there, nobody) = (ben.to_user(verb, &ada.id).await, ben.to_user(verb, NOBODY).await);
        assert_eq!(there.user_errors(), [("NOT_FOUND".into(), "userId".into())], "{verb}");
        assert_eq!(there.body, nobody.body, "{verb}: the two can be told apart");
    }
    for verb in ["followUser", "addCloseFriend"] {
        let refused = ada.to_user(verb, &ben.id).await;
        assert_eq!(refused.user_errors(), [("CONFLICT".into(), "userId".into())], "{verb}");
    }
    let oneself = ada.to_user("blockUser", &ada.id).await;
    assert_eq!(oneself.user_errors(), [("INVALID".into(), "userId".into())]);

    ada.to_user("unblockUser", &ben.id).await.payload();
    let free = ada.to_user("unblockUser", &ben.id).await;
    assert_eq!(free.payload()["user"]["viewerFollowState"], "NONE");
    assert_eq!(user(&ben, "ada").await["followsViewer"], false);
    assert_eq!(ben.node(&posts[0], "").await["id"], posts[0].as_str());
    assert!(!ben.feed(20).await.contains(&posts[0]), "what the block ended does not come back");
    ben.follow(&ada.id).await;
    assert!(ben.feed(20).await.contains(&posts[0]));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test]
async fn likes_and_comments_of_either_at_the_other_are_removed_and_counted_and_those_of_others_stay() {
    let World { app, ada, ben, cleo, posts, .. } = world().await;
    let [of_ada, of_ben, of_cleo] = [0, 1, 2].map(|at| uuid_of(&posts[at]));
    let (ada_id, ben_id, cleo_id) = (uuid_of(&ada.id), uuid_of(&ben.id), uuid_of(&cleo.id));
    // Below Ada's post: Ben's comment with more replies than a batch, by all three; Cleo's, to which Ben replied.
    let gone = app.write_comment(of_ada, ben_id, None).await;
    for replier in [ada_id, ben_id, cleo_id].into_iter().cycle().take(203) {
        let reply = app.write_comment(of_ada, replier, Some(gone)).await;
        app.write_comment_like(reply, cleo_id).await;
    }
    let kept = app.write_comment(of_ada, cleo_id, None).await;
    app.write_comment(of_ada, ben_id, Some(kept)).await;
    app.write_comment(of_ada, ada_id, Some(kept)).await;
    // The other way round, and what lies below the post of a third.
    app.write_comment(of_ben, ada_id, None).await;
    let elsewhere = app.write_comment(of_cleo, ada_id, None).await;
    app.write_comment(of_cleo, ben_id, Some(elsewhere)).await;
    for (comment, liker) in [(gone, ada_id), (gone, cleo_id), (kept, ben_id), (elsewhere, ben_id), (elsewhere, cleo_id)]
    {
        app.write_comment_like(comment, liker).await;
    }
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());

    ada.to_user("blockUser", &ben.id).await.payload();
    app.run_jobs().await;
    assert_eq!(app.wrong_counters().await, Vec::<String>::new());
    let counts = async |post: &str| {
        let node = cleo.node(post, "... on Post { likeCount commentCount }").await;
        (node["likeCount"].as_i64().unwrap(), node["commentCount"].as_i64().unwrap())
    };
    // Ada's post keeps her own like and Cleo's, Cleo's comment and Ada's reply to it.
    assert_eq!(counts(&posts[0]).await, (2, 2));
    assert_eq!(counts(&posts[1]).await, (2, 0));
    assert_eq!(counts(&posts[2]).await, (3, 2), "nothing happens at a third person's");
    assert_eq!(app.rows("comment").await, 4);
    // Ben's like of Cleo's comment stays; his like of Ada's comment goes, wherever that stands.
    assert_eq!(app.rows("comment_like").await, 2);
    // A second run finds nothing.
    ada.to_user("unblockUser", &ben.id).await.payload();
    ada.to_user("blockUser", &ben.id).await.payload();
    app.run_jobs().await;
    assert_eq!((app.rows("comment").await, app.rows("comment_like").await, app.rows("post_like").await), (4, 2, 7));
    app.finish().await;
}

#[tokio::test]
async fn a_block_that_is_taken_back_before_it_was_cleaned_up_removes_nothing() {
    let World { app, ada, ben, posts, .. } = world().await;
    ada.to_user("blockUser", &ben.id).await.payload();
    ada.to_user("unblockUser", &ben.id).await.payload();
    app.run_jobs().await;
    assert_eq!(app.rows("post_like").await, 9);
    assert_eq!(ada.node(&posts[1], "... on Post { viewerHasLiked }").await["viewerHasLiked"], true);
    app.finish().await;
}
