//! Darkroom's programs on a Redis of some form, with people who wait for posts and talk.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use darkroom_platform::Timelines;
use darkroom_testing::process::{PATIENCE, Process, Server, World, until};
use darkroom_testing::{Client, Person, Subscription, picture, uuid_of};
use serde_json::json;

use super::connect;

/// The longest that anybody may have to wait for an answer while a node is away, on a machine that is busy with other tests.
const PROMPT: Duration = Duration::from_secs(5);

/// So many that their timelines lie on all nodes, or hardly ever on two only.
pub(super) const FOLLOWERS: usize = 12;

/// Wrong passwords for one login.
pub(super) const GUESSES: usize = 4;

/// Two API servers and a worker, an author and followers.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) apis: [Server; 2],
    worker: Process,
    author: Person,
    pub(super) followers: Vec<Person>,
    /// Looks into Redis past the programs.
    timelines: Timelines,
}

impl Stage {
    /// Sets it on the Redis behind this URL, with a timeline for everybody who follows.
    pub(super) async fn set(url: &str) -> Self {
        let mut world = World::migrated().await;
        world.set("DARKROOM_REDIS_URL", url);
        world.set("DARKROOM_RATES_SIGN_INS_PER_LOGIN", &GUESSES.to_string());
        let apis = [world.api().await, world.api().await];
        let worker = world.worker(&[]).await;
        let author = apis[0].client().sign_up("author").await;
        let mut followers = Vec::new();
        for number in 0..FOLLOWERS {
            let follower = apis[number % 2].client().sign_up(&format!("follower{number}")).await;
            follower.follow(&author.id).await;
            followers.push(follower);
        }
        let prefix = world.variable("DARKROOM_REDIS_KEY_PREFIX").unwrap();
        let (config, redis) = connect(url, &prefix).await;
        let timelines = Timelines::new(&config, Some(&redis)).unwrap();
        let stage = Self { world, apis, worker, author, followers, timelines };
        until("everybody has a timeline", PATIENCE, async || stage.have_timelines(None).await).await;
        stage
    }

    /// Whether every follower's timeline is there, with this post in it. Whoever has none is given one by looking at their feed.
    async fn have_timelines(&self, post: Option<&str>) -> bool {
        for follower in &self.followers {
            let epoch = format!("SELECT timeline_epoch AS n FROM account WHERE username = '{}'", follower.username);
            let epoch = self.world.number(&epoch).await;
            match self.timelines.peek(uuid_of(&follower.id), epoch).await {
                Ok(Some(window)) if post.is_none_or(|post| window.ids.contains(&uuid_of(post))) => {}
                Ok(None) => {
                    follower.feed_page(1, None).await;
                    return false;
                }
                _ => return false,
            }
        }
        true
    }

    /// Uploads a photo, posts it and reads the feed, each of them in time. Gives the post.
    pub(super) async fn share(&self, caption: &str) -> String {
        let photo = prompt("an upload", self.author.photo(picture::jpeg(400, 300))).await;
        let post = prompt("a post", self.author.post(&[photo], caption)).await;
        for follower in &self.followers[..2] {
            prompt("the feed", follower.feed_page(20, None)).await;
        }
        post
    }

    /// Waits until these posts and no others are in every follower's feed, once.
    pub(super) async fn arrive(&self, posts: &[String]) {
        let expected: HashSet<&String> = posts.iter().collect();
        until("every post is in every feed", PATIENCE, async || {
            for follower in &self.followers {
                let feed = follower.feed(20).await;
                assert_eq!(feed.iter().collect::<HashSet<_>>().len(), feed.len(), "no post twice");
                if feed.iter().collect::<HashSet<_>>() != expected {
                    return false;
                }
            }
            true
        })
        .await;
        assert_eq!(self.world.count("job", "state = 'dead'").await, 0);
    }

    /// Waits until a post has been carried into every follower's timeline.
    pub(super) async fn carried(&self, post: &str) {
        until("the post is in every timeline", PATIENCE, async || self.have_timelines(Some(post)).await).await;
    }

    /// A follower, by way of one of the servers.
    pub(super) fn by_way_of(&self, api: usize, follower: usize) -> Client {
        self.apis[api].client().with_token(&self.followers[follower].token)
    }

    pub(super) async fn end(self) {
        let Self { world, apis, worker, .. } = self;
        drop((apis, worker));
        world.end().await;
    }
}

/// Somebody who listens to a post's comments at one server while the author comments by way of the other.
pub(super) struct Talk {
    post: String,
    listener: Subscription,
}

impl Talk {
    pub(super) async fn begin(stage: &Stage, post: &str) -> Self {
        let first = stage.author.comment(post, "the first").await;
        let query = "subscription($post: ID!, $after: ID) { commentAdded(postId: $post, after: $after) { id } }";
        let listener = stage.by_way_of(1, 0).subscribe(query, json!({ "post": post, "after": first })).await;
        let mut talk = Self { post: post.to_owned(), listener };
        // Whether this is heard or found, from then on the server listens.
        talk.goes_on(stage).await;
        talk
    }

    /// Asserts that a comment is heard: sooner than the listener would look by itself, or the test fails.
    pub(super) async fn goes_on(&mut self, stage: &Stage) {
        let said = stage.author.comment(&self.post, "another").await;
        assert_eq!(self.listener.next().await.unwrap()["commentAdded"]["id"], said);
    }
}

/// What an operation gives, if it is there in time.
async fn prompt<T>(what: &str, operation: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let answer = operation.await;
    let took = begun.elapsed();
    assert!(took < PROMPT, "{what} took {:.2} s", took.as_secs_f64());
    answer
}
