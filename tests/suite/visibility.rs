//! Who sees what: every kind of viewer before everything that a person of either kind of account has.

use darkroom_testing::{Answer, Client, Person, TestApp, picture};
use serde_json::{Value, json};

/// An author with one of everything, and everyone who may stand to them.
struct World {
    app: TestApp,
    is_private: bool,
    author: Person,
    viewers: Vec<Viewer>,
    post: String,
    pending_post: String,
    story: String,
    media: String,
    story_media: String,
    pending_media: String,
    free_media: String,
}

struct Viewer {
    name: &'static str,
    client: Client,
    is_author: bool,
    follows: bool,
}

async fn world(is_private: bool) -> World {
    let app = TestApp::start().await;
    let author = app.client().sign_up("author").await;
    let [friend, stranger, follower, requested] = ["friend", "stranger", "follower", "requested"];
    let friend = app.client().sign_up(friend).await;
    let stranger = app.client().sign_up(stranger).await;
    let follower = app.client().sign_up(follower).await;
    let requested = app.client().sign_up(requested).await;
    author.set_private(true).await;
    author.follow(&friend.id).await;
    follower.follow(&author.id).await;
    author.accept(&follower.id).await;
    requested.follow(&author.id).await;

    let media = author.photo(picture::jpeg(40, 30)).await;
    let post = author.post(std::slice::from_ref(&media), "published").await;
    let story_media = author.photo(picture::jpeg(30, 40)).await;
    let story = author.story(&story_media).await;
    let free_media = author.photo(picture::jpeg(50, 50)).await;
    app.run_jobs().await;
    let pending_media = author.photo(picture::jpeg(60, 50)).await;
    let pending_post = author.post(std::slice::from_ref(&pending_media), "pending").await;
    author.set_private(is_private).await;

    let viewer =
        |name, client: &Client, is_author, follows| Viewer { name, client: client.clone(), is_author, follows };
    let viewers = vec![
        viewer("anonymous", &app.client(), false, false),
        viewer("stranger", &stranger, false, false),
        viewer("friend", &friend, false, false),
        viewer("requested", &requested, false, false),
        viewer("follower", &follower, false, true),
        viewer("author", &author, true, false),
    ];
    World { app, is_private, author, viewers, post, pending_post, story, media, story_media, pending_media, free_media }
}

impl World {
    fn sees(&self, viewer: &Viewer) -> bool {
        viewer.is_author || viewer.follows || !self.is_private
    }

    fn name(&self, viewer: &Viewer) -> String {
        format!("{} before a {} account", viewer.name, if self.is_private { "private" } else { "public" })
    }

    /// Every id, and whether this viewer may see what it names.
    fn nodes(&self, viewer: &Viewer) -> Vec<(&str, bool)> {
        let sees = self.sees(viewer);
        vec![
            (&self.author.id, true),
            (&self.post, sees),
            (&self.media, sees),
            (&self.story, sees),
            (&self.story_media, sees),
            (&self.pending_post, viewer.is_author),
            (&self.pending_media, viewer.is_author),
            (&self.free_media, viewer.is_author),
        ]
    }
}

async fn both() -> [World; 2] {
    [world(false).await, world(true).await]
}

async fn finish(worlds: [World; 2]) {
    for world in worlds {
        world.app.run_jobs().await;
        world.app.finish().await;
    }
}

#[tokio::test]
async fn by_id() {
    let worlds = both().await;
    for world in &worlds {
        for viewer in &world.viewers {
            let name = world.name(viewer);
            let nodes = world.nodes(viewer);
            for (id, seen) in &nodes {
                let found = viewer.client.node(id, "").await;
                assert_eq!(found, if *seen { json!({ "id": id }) } else { Value::Null }, "{name}: {id}");
            }
            let ids: Vec<&str> = nodes.iter().map(|(id, _)| *id).collect();
            let expected: Vec<Value> =
                nodes.iter().map(|(id, seen)| if *seen { json!({ "id": id }) } else { Value::Null }).collect();
            let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
            let all = viewer.client.run(query, json!({ "ids": ids })).await;
            assert_eq!(*all.at("/nodes"), json!(expected), "{name}");
        }
    }
    Box::pin(finish(worlds)).await;
}

#[tokio::test]
async fn a_profile_and_its_lists() {
    let worlds = both().await;
    let query = "{ user(username: \"author\") { username followerCount followingCount postCount
        posts { nodes { id media { id original { url } facts { iso } failure { code } } } }
        stories { id media { id original { url } } viewerCount }
        followers { nodes { username } } following { nodes { username } } } }";
    for world in &worlds {
        for viewer in &world.viewers {
            let (name, sees) = (world.name(viewer), world.sees(viewer));
            let answer = viewer.client.run(query, json!({})).await;
            let user = answer.at("/user");
            let counts = ["followerCount", "followingCount", "postCount"].map(|count| user[count].as_i64().unwrap());
            assert_eq!(counts, [1, 1, 1], "{name}");
            let ids = |list: &Value| -> Vec<String> {
                list.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
            };
            let posts = match (sees, viewer.is_author) {
                (_, true) => vec![world.pending_post.clone(), world.post.clone()],
                (true, false) => vec![world.post.clone()],
                (false, false) => vec![],
            };
            assert_eq!(ids(&user["posts"]["nodes"]), posts, "{name}");
            let stories = if sees { vec![world.story.clone()] } else { vec![] };
            assert_eq!(ids(&user["stories"]), stories, "{name}");
            let lists =
                if sees { json!([[{ "username": "follower" }], [{ "username": "friend" }]]) } else { json!([[], []]) };
            assert_eq!(json!([user["followers"]["nodes"], user["following"]["nodes"]]), lists, "{name}");
            if sees {
                let media = &user["posts"]["nodes"][posts.len() - 1]["media"][0];
                assert_eq!(media["original"].is_object(), viewer.is_author, "{name}: {media}");
                assert_eq!(media["facts"].is_object(), viewer.is_author, "{name}: {media}");
                let story = &user["stories"][0];
                assert_eq!(story["media"]["original"].is_object(), viewer.is_author, "{name}: {story}");
                assert_eq!(story["viewerCount"].is_number(), viewer.is_author, "{name}: {story}");
            }
        }
    }
    Box::pin(finish(worlds)).await;
}

#[tokio::test]
async fn the_feed_and_the_tray() {
    let worlds = both().await;
    let query = "{ feed(mode: FOLLOWING) { nodes { id } } storyTray { nodes { stories { id } } } }";
    for world in &worlds {
        for viewer in &world.viewers {
            let (name, answer) = (world.name(viewer), viewer.client.run(query, json!({})).await);
            if viewer.name == "anonymous" {
                assert_eq!(answer.error_code(), "UNAUTHENTICATED");
                continue;
            }
            let (posts, reels) = if viewer.follows || viewer.is_author {
                (json!([{ "id": world.post }]), json!([{ "stories": [{ "id": world.story }] }]))
            } else {
                (json!([]), json!([]))
            };
            assert_eq!(*answer.at("/feed/nodes"), posts, "{name}");
            assert_eq!(*answer.at("/storyTray/nodes"), reels, "{name}");
        }
    }
    Box::pin(finish(worlds)).await;
}

#[tokio::test]
async fn what_is_not_seen_can_be_acted_on_no_more_than_what_is_not_there() {
    let worlds = both().await;
    let table = [
        ("likePost", "postId", "post"),
        ("unlikePost", "postId", "post"),
        ("updatePost", "postId", "post"),
        ("deletePost", "postId", "post"),
        ("markStoryViewed", "storyId", "story"),
        ("deleteStory", "storyId", "story"),
    ];
    for world in &worlds {
        for viewer in world.viewers.iter().filter(|viewer| !viewer.is_author) {
            for (verb, field, kind) in table {
                let name = format!("{verb}: {}", world.name(viewer));
                let act = async |id: &str| -> Answer { viewer.client.mutate(verb, json!({ field: id }), "").await };
                let there = act(if kind == "post" { &world.post } else { &world.story }).await;
                let nothing = act(&format!("{kind}_01h455vb4pex5vsknk084sn02q")).await;
                if viewer.name == "anonymous" {
                    assert_eq!(there.error_code(), "UNAUTHENTICATED", "{name}");
                    continue;
                }
                let expected = match (world.sees(viewer), verb.starts_with("delete") || verb.starts_with("update")) {
                    (false, _) => "NOT_FOUND",
                    (true, true) => "FORBIDDEN",
                    (true, false) => "",
                };
                let code = there.user_errors().first().map_or("", |(code, _)| code).to_owned();
                assert_eq!(code, expected, "{name}");
                if code == "NOT_FOUND" {
                    assert_eq!(there.body, nothing.body, "{name}: the two can be told apart");
                }
                if kind == "post" {
                    assert_eq!(act(&world.pending_post).await.body, nothing.body, "{name}: a pending post");
                }
            }
            let stolen = viewer.client.mutate("createPost", json!({ "mediaIds": [world.free_media] }), "").await;
            if viewer.name != "anonymous" {
                assert_eq!(stolen.user_errors(), [("NOT_FOUND".into(), "mediaIds".into())], "{}", world.name(viewer));
            }
        }
        assert_eq!(world.author.node(&world.post, "... on Post { caption }").await["caption"], "published");
        assert_eq!(world.author.node(&world.story, "").await["id"], world.story.as_str());
    }
    Box::pin(finish(worlds)).await;
}

#[tokio::test]
async fn only_its_owner_listens_to_a_photo() {
    let world = world(false).await;
    for viewer in world.viewers.iter().filter(|viewer| !viewer.is_author) {
        for media in [&world.media, &world.pending_media] {
            let query = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { id } }";
            let expected = if viewer.name == "anonymous" { "UNAUTHENTICATED" } else { "NOT_FOUND" };
            let refused = viewer.client.subscribe(query, json!({ "id": media })).await.refusal().await;
            assert_eq!(refused, expected, "{}", viewer.name);
        }
    }
    world.app.run_jobs().await;
    world.app.finish().await;
}
