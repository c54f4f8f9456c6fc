//! Cards: what a page shows is never older than what was last changed, a page costs one statement, and many who look at once
//! cost one look.

use darkroom_service::{PageRequest, feed, session};
use darkroom_testing::{Mode, Person, TestApp, mode, picture};
use serde_json::{Value, json};

/// Everything that a card holds, as somebody who follows its author sees it.
const PAGE: &str = "{ feed(mode: FOLLOWING, first: 20) { nodes { id state audience commenters caption location hashtags isPinned
    createdAt editedAt likeCount commentCount viewerHasLiked viewerHasSaved
    author { id username fullName bio isPrivate isVerified avatar avatarWebp: avatar(size: LARGE) followerCount postCount }
    media { id kind status width height placeholder dominantColor altText url(size: MEDIUM) webp: url(format: WEBP)
      renditions { size format url byteSize width height contentType } failure { code } original { url } facts { iso } }
  } } }";

/// The same without cards of the feed: each thing by its id.
const ALONE: &str = "query($id: ID!) { node(id: $id) { ... on Post { id state audience commenters caption location hashtags
    isPinned createdAt editedAt likeCount commentCount viewerHasLiked viewerHasSaved
    author { id username fullName bio isPrivate isVerified avatar avatarWebp: avatar(size: LARGE) followerCount postCount }
    media { id kind status width height placeholder dominantColor altText url(size: MEDIUM) webp: url(format: WEBP)
      renditions { size format url byteSize width height contentType } failure { code } original { url } facts { iso } }
  } } }";

struct World {
    app: TestApp,
    author: Person,
    reader: Person,
    post: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let [author, reader] = [app.client().sign_up("author").await, app.client().sign_up("reader").await];
        reader.follow(&author.id).await;
        let photo = author.photo(picture::jpeg(640, 480)).await;
        let post = author.post(&[photo], "first #words").await;
        app.run_jobs().await;
        let world = Self { app, author, reader, post };
        // Timelines and cards are there from now on.
        world.seen(&world.reader).await;
        world.app.app.settle().await;
        world
    }

    /// The post in a person's feed: with the cards at hand, and from a process that has none.
    async fn seen(&self, by: &Person) -> Value {
        let page = by.run(PAGE, json!({})).await;
        let nodes = page.at("/feed/nodes").as_array().unwrap().clone();
        nodes.into_iter().find(|node| node["id"] == self.post.as_str()).unwrap_or(Value::Null)
    }

    /// Does something and holds what its author and a follower see in their feeds against what was changed.
    async fn after(&self, name: &str, input: Value, pointer: &str, expected: Value) {
        for person in [&self.author, &self.reader] {
            self.seen(person).await;
        }
        self.author.mutate(name, input, "").await.payload();
        for person in [&self.author, &self.reader] {
            assert_eq!(self.seen(person).await.pointer(pointer), Some(&expected), "{name} {pointer}");
        }
    }
}

#[tokio::test]
async fn whatever_is_changed_shows_at_once_to_everyone() {
    let world = World::new().await;
    let post = |change: Value| {
        let mut input = change;
        input["postId"] = json!(world.post);
        input
    };
    world
        .after("updatePost", post(json!({ "caption": "second #thoughts" })), "/caption", json!("second #thoughts"))
        .await;
    world.after("updatePost", post(json!({ "caption": "third #time" })), "/hashtags", json!(["time"])).await;
    world.after("updatePost", post(json!({ "location": "Lake Bled" })), "/location", json!("Lake Bled")).await;
    world.after("updatePost", post(json!({ "audience": "FOLLOWERS" })), "/audience", json!("FOLLOWERS")).await;
    world.after("updatePost", post(json!({ "commenters": "NOBODY" })), "/commenters", json!("NOBODY")).await;
    world.after("pinPost", post(json!({})), "/isPinned", json!(true)).await;
    world.after("unpinPost", post(json!({})), "/isPinned", json!(false)).await;
    world.after("updateProfile", json!({ "fullName": "Ada" }), "/author/fullName", json!("Ada")).await;
    world.after("updateProfile", json!({ "bio": "of words" }), "/author/bio", json!("of words")).await;
    world.after("updateProfile", json!({ "isPrivate": true }), "/author/isPrivate", json!(true)).await;
    world.after("updateProfile", json!({ "isPrivate": false }), "/author/isPrivate", json!(false)).await;
    // What is archived comes back without its pin.
    world.after("pinPost", post(json!({})), "/isPinned", json!(true)).await;
    world.author.to_post("archivePost", &world.post).await.payload();
    assert_eq!(world.seen(&world.reader).await, Value::Null);
    assert_eq!(
        world.author.node(&world.post, "... on Post { state isPinned media { id } }").await["state"],
        "ARCHIVED"
    );
    world.author.to_post("unarchivePost", &world.post).await.payload();
    for person in [&world.author, &world.reader] {
        let seen = world.seen(person).await;
        assert_eq!((&seen["isPinned"], &seen["state"]), (&json!(false), &json!("PUBLISHED")));
    }
    world.after("updatePost", post(json!({ "commenters": "EVERYONE" })), "/commenters", json!("EVERYONE")).await;
    // Counters and marks are in no card.
    world.reader.like_post(&world.post).await;
    world.reader.save_post(&world.post).await;
    world.reader.comment(&world.post, "well").await;
    let seen = world.seen(&world.reader).await;
    assert_eq!((&seen["likeCount"], &seen["commentCount"]), (&json!(1), &json!(1)));
    assert_eq!((&seen["viewerHasLiked"], &seen["viewerHasSaved"]), (&json!(true), &json!(true)));
    let seen = world.seen(&world.author).await;
    assert_eq!((&seen["likeCount"], &seen["viewerHasLiked"]), (&json!(1), &json!(false)));
    world.app.run_jobs().await;
    world.app.finish().await;
}

#[tokio::test]
async fn photos_show_what_they_have_become() {
    let world = World::new().await;
    let (app, author, reader) = (&world.app, &world.author, &world.reader);
    // A photo that is being made ready, in a post that its author looks at meanwhile.
    let photo = author.photo(picture::jpeg(640, 480)).await;
    let pending = author.post(&[photo], "").await;
    let look = "... on Post { state media { status url renditions { format } failure { code } } }";
    let before = author.node(&pending, look).await;
    assert_eq!((&before["state"], &before["media"][0]["status"]), (&json!("PENDING"), &json!("PROCESSING")));
    // The same of a picture of a profile.
    let face = author.photo(picture::jpeg(320, 320)).await;
    author.mutate("updateProfile", json!({ "avatarMediaId": face }), "user { avatar }").await.payload();
    assert_eq!(world.seen(reader).await["author"]["avatar"], Value::Null);
    app.run_jobs().await;
    let after = author.node(&pending, look).await;
    assert_eq!((&after["state"], &after["media"][0]["status"]), (&json!("PUBLISHED"), &json!("READY")));
    let formats: Vec<_> =
        after["media"][0]["renditions"].as_array().unwrap().iter().map(|one| &one["format"]).collect();
    assert!(formats.contains(&&json!("WEBP")), "{after}");
    let avatar = world.seen(reader).await["author"]["avatar"].clone();
    assert!(avatar.as_str().is_some_and(|url| url.contains("/photos/r/")), "{avatar}");

    // WebP comes after both have been looked at.
    app.lose_webp_rows().await;
    app.forget_cards().await;
    assert!(world.seen(reader).await["media"][0]["webp"].as_str().unwrap().contains(".jpg"));
    for photo in app.photos().await {
        app.enqueue_webp(photo.id).await;
    }
    app.run_jobs().await;
    let seen = world.seen(reader).await;
    assert!(seen["media"][0]["webp"].as_str().unwrap().contains(".webp"), "{seen}");

    // Another picture, and none.
    let other = author.photo(picture::jpeg(300, 300)).await;
    app.run_jobs().await;
    author.mutate("updateProfile", json!({ "avatarMediaId": other }), "").await.payload();
    let next = world.seen(reader).await["author"]["avatar"].clone();
    assert!(next.is_string() && next != avatar, "{next}");
    author.mutate("updateProfile", json!({ "avatarMediaId": null }), "").await.payload();
    assert_eq!(world.seen(reader).await["author"]["avatar"], Value::Null);

    // A photo that fails after it was looked at: its owner learns why.
    let broken = author.photo(picture::jpeg(64, 48)).await;
    let never = author.post(std::slice::from_ref(&broken), "").await;
    assert_eq!(author.node(&never, look).await["media"][0]["status"], "PROCESSING");
    app.lose_original(&broken).await;
    app.run_jobs().await;
    let failed = author.node(&never, look).await;
    assert_eq!(
        (&failed["media"][0]["status"], &failed["media"][0]["failure"]["code"]),
        (&json!("FAILED"), &json!("INTERNAL"))
    );
    world.app.finish().await;
}

#[tokio::test]
async fn a_feed_shows_what_each_thing_is_by_itself() {
    let world = World::new().await;
    let face = world.author.photo(picture::jpeg(320, 320)).await;
    world.author.mutate("updateProfile", json!({ "avatarMediaId": face }), "").await.payload();
    world.app.run_jobs().await;
    for person in [&world.author, &world.reader] {
        let alone = person.run(ALONE, json!({ "id": world.post })).await.at("/node").clone();
        let in_feed = world.seen(person).await;
        assert_eq!(in_feed, alone);
        // What is its owner's alone is in no card.
        assert_eq!(in_feed["media"][0]["original"].is_object(), person.id == world.author.id);
    }
    world.app.finish().await;
}

#[tokio::test]
async fn of_many_who_look_at_once_one_reads() {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let mut readers = Vec::new();
    for number in 0..12 {
        let reader = app.client().sign_up(&format!("reader{number}")).await;
        reader.follow(&author.id).await;
        readers.push(reader);
    }
    for _ in 0..3 {
        author.post_picture().await;
    }
    app.run_jobs().await;
    app.statements.start();
    let pages = readers.iter().map(|reader| reader.run(PAGE, json!({})));
    for page in futures::future::join_all(pages).await {
        assert_eq!(page.at("/feed/nodes").as_array().unwrap().len(), 3);
    }
    let asked = app.statements.stop();
    let count = |table: &str| {
        asked.iter().filter(|statement| statement.sql.contains(&format!("FROM \"{table}\" WHERE"))).count()
    };
    assert_eq!((count("post_media"), count("post_hashtag")), (1, 1), "each card is read once");
    app.finish().await;
}

/// A second process finds in Redis what the first has read: one statement for the page, and none for cards.
#[tokio::test]
async fn processes_share_cards() {
    let world = World::new().await;
    let (beside, statements) = world.app.beside().await;
    let viewer = session::authenticate(&beside, &world.reader.token).await.unwrap().unwrap();
    let page = async || feed::following(&beside, &viewer, PageRequest::first(20)).await.unwrap();
    if mode() == Mode::Embedded {
        // Alone, each process has its own memory, and its own timelines.
        page().await;
        beside.settle().await;
    }
    statements.start();
    let posts = page().await;
    let asked = statements.stop();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(posts.items[0].card.caption, "first #words");
    // What the other process changes is seen here at once, whatever is kept here.
    let change = json!({ "postId": world.post, "caption": "of another process" });
    world.author.mutate("updatePost", change, "").await.payload();
    assert_eq!(page().await.items[0].card.caption, "of another process");
    beside.settle().await;
    beside.database.close().await.unwrap();
    world.app.finish().await;
}

/// A link is the same for a whole window, and another one after it, whatever is kept.
#[tokio::test]
async fn links_change_with_their_window() {
    let world = World::new().await;
    let link = async || world.seen(&world.reader).await["media"][0]["url"].as_str().unwrap().to_owned();
    let first = link().await;
    assert_eq!(link().await, first);
    world.app.clock.advance(chrono::TimeDelta::hours(1));
    let next = link().await;
    assert_ne!(next, first);
    assert_eq!(world.reader.get(&next).await.status().as_u16(), 200);
    world.app.clock.advance(chrono::TimeDelta::hours(1));
    assert_ne!(world.reader.get(&first).await.status().as_u16(), 200, "its time is over");
    world.app.finish().await;
}
