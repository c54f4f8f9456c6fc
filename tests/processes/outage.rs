//! Redis away, hanging or emptied: the API goes on, and everything completes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use darkroom_testing::process::{PATIENCE, Process, RedisServer, Server, World, until};
use darkroom_testing::{Mode, Person, picture};

use crate::runs_in;

/// The longest that anybody may have to wait for an answer while Redis is away.
const PROMPT: Duration = Duration::from_secs(2);

/// An API, a worker, an author and a follower over a Redis of the test's own.
struct Stage {
    world: World,
    redis: RedisServer,
    api: Server,
    worker: Process,
    author: Person,
    follower: Person,
}

impl Stage {
    async fn set() -> Self {
        let redis = RedisServer::start().await;
        let mut world = World::migrated().await;
        world.set("DARKROOM_REDIS_URL", &redis.url());
        let (api, worker) = (world.api().await, world.worker(&[]).await);
        let author = api.client().sign_up("author").await;
        let follower = api.client().sign_up("follower").await;
        follower.follow(&author.id).await;
        Self { world, redis, api, worker, author, follower }
    }

    /// Uploads a photo, posts it and reads the feed, each of them in time. Gives the post.
    async fn share(&self, caption: &str) -> String {
        let photo = prompt("an upload", self.author.photo(picture::jpeg(640, 480))).await;
        let post = prompt("a post", self.author.post(&[photo], caption)).await;
        prompt("the feed", self.follower.feed_page(20, None)).await;
        post
    }

    /// Waits until every photo is ready and every post is in the follower's feed.
    async fn everything_completes(&self, posts: &[String]) {
        let took = self.world.ready(posts.len() as i64, PATIENCE).await;
        let expected: HashSet<&String> = posts.iter().collect();
        until("every post is in the follower's feed", PATIENCE, async || {
            let feed = self.follower.feed(20).await;
            assert_eq!(feed.iter().collect::<HashSet<_>>().len(), feed.len(), "no post twice");
            feed.iter().collect::<HashSet<_>>() == expected
        })
        .await;
        println!("complete after {:.1} s", took.as_secs_f64());
        assert_eq!(self.world.count("job", "state = 'dead'").await, 0);
    }

    async fn end(self) {
        let Self { world, api, worker, .. } = self;
        drop((api, worker));
        world.end().await;
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

#[tokio::test]
async fn redis_that_hangs_holds_nobody_up() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let stage = Stage::set().await;
    let mut posts = vec![stage.share("before").await];
    stage.redis.pause();
    for at in 0..4 {
        posts.push(stage.share(&format!("while it hangs, {at}")).await);
    }
    stage.redis.resume();
    posts.push(stage.share("after").await);
    stage.everything_completes(&posts).await;
    stage.end().await;
}

#[tokio::test]
async fn redis_that_dies_and_comes_back_empty_loses_nothing() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut stage = Stage::set().await;
    let mut posts = vec![stage.share("before").await];
    stage.redis.kill();
    for at in 0..4 {
        posts.push(stage.share(&format!("while it is away, {at}")).await);
    }
    stage.redis.restart().await;
    posts.push(stage.share("after").await);
    stage.everything_completes(&posts).await;
    stage.end().await;
}

#[tokio::test]
async fn a_flush_in_the_middle_of_a_backlog_loses_and_doubles_nothing() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    const PHOTOS: i64 = 40;
    let mut stage = Stage::set().await;
    stage.worker.stop(PATIENCE).await;
    let photo = picture::jpeg(1600, 1200);
    for _ in 0..PHOTOS {
        stage.author.photo(photo.clone()).await;
    }
    let waiting = stage.world.count("job", "name = 'media.process' AND state = 'queued'").await;
    assert_eq!(waiting, PHOTOS);

    stage.worker = stage.world.worker(&[("DARKROOM_WORKER_CONCURRENCY", "2")]).await;
    let some = async || stage.world.count("media", "status = 'ready'").await >= 3;
    until("the worker is in the middle of it", PATIENCE, some).await;
    stage.redis.flush_all();
    let left = stage.world.count("job", "name = 'media.process'").await;
    assert!(left > 5, "the flush came in the middle: {left} jobs were left");

    stage.world.ready(PHOTOS, PATIENCE).await;
    let settled = async || stage.world.count("job", "name = 'media.process'").await == 0;
    until("every job is settled", PATIENCE, settled).await;
    stage.world.each_photo_once(PHOTOS).await;
    stage.end().await;
}
