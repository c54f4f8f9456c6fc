//! Queries are answered by a streaming replica of PostgreSQL's, and see whatever was acknowledged before them all the same.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use darkroom_testing::process::{PATIENCE, PostgresServer, Process, Server, World, until};
use darkroom_testing::{Mode, Person, picture};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::runs_in;
use crate::sight::{Scrape, address_of};

/// Changes that are looked at by way of another server at once. Even, so that they end as they began.
const ROUNDS: usize = 24;

/// Those who read all the time while something happens to the replica.
const READERS: usize = 3;

/// Waits in seconds that would show if each query waited for a replica that does not answer.
const PROMPT: u64 = 20;

/// A server of the API, and where it shows its metrics.
struct Reading {
    server: Server,
    metrics: SocketAddr,
}

impl Reading {
    async fn start(world: &World) -> Self {
        let mut server = world.api().await;
        let metrics = address_of(&mut server.process).await;
        Self { server, metrics }
    }

    /// How many reads were meant for the replica and ended so.
    async fn reads(&self, result: &str) -> f64 {
        let seen = Scrape::of(&self.server.client(), self.metrics).await;
        seen.sum("darkroom_database_replica_reads_total", &[("result", result)]).unwrap_or_default()
    }

    /// What `/readyz` says of the replica. Whatever that is, the server is ready.
    async fn replica(&self) -> String {
        let client = self.server.client();
        let answer = client.http().get(client.url("/readyz")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["checks"]["replica"].as_str().unwrap_or("none").to_owned()
    }

    /// Waits until the replica answers this server's queries.
    async fn settled(&self) {
        until("the replica keeps up", PATIENCE, async || self.replica().await == "ok").await;
    }
}

/// A primary and its replica, two servers and a worker on them, somebody who writes by way of one server, and somebody who
/// reads by way of the other.
struct Stage {
    one: Reading,
    other: Reading,
    worker: Process,
    ada: Person,
    bob: Person,
    world: World,
    replica: PostgresServer,
    primary: PostgresServer,
}

impl Stage {
    async fn set() -> Self {
        let primary = PostgresServer::start().await;
        let mut world = World::new().await;
        world.set("DARKROOM_DATABASE_URL", &PostgresServer::url_at(primary.address()));
        world.migrate().await;
        let replica = primary.replica().await;
        world.set("DARKROOM_DATABASE_REPLICA_URL", &PostgresServer::url_at(replica.address()));
        // On a machine that is busy with other tests replay takes its time; that it is waited for is what matters.
        world.set("DARKROOM_DATABASE_REPLICA_MAX_LAG_MS", "2000");
        world.set("DARKROOM_METRICS_LISTEN", "127.0.0.1:0");
        let (one, other) = (Reading::start(&world).await, Reading::start(&world).await);
        let worker = world.worker(&[]).await;
        one.settled().await;
        other.settled().await;
        let ada = one.server.client().sign_up("ada").await;
        let bob = other.server.client().sign_up("bob").await;
        Self { one, other, worker, ada, bob, world, replica, primary }
    }

    /// Publishes one more post. Gives its id.
    async fn post(&self) -> String {
        let before = self.world.count("media", "status = 'ready'").await;
        let photo = self.ada.photo(picture::jpeg(400, 300)).await;
        self.world.ready(before + 1, PATIENCE).await;
        self.ada.post(&[photo], "seen at once").await
    }

    /// Likes a post or takes it back, and looks at once by way of the other server.
    async fn changes(&self, post: &str) {
        for round in 0..ROUNDS {
            let (verb, now) = if round % 2 == 0 { ("likePost", 1) } else { ("unlikePost", 0) };
            self.ada.to_post(verb, post).await.payload();
            assert_eq!(likes(&self.bob, post).await, Some(now), "after {verb}, round {round}");
        }
    }

    /// Does something, while others read all the time: none of their queries fails.
    async fn while_read(&self, post: &str, what: impl Future<Output = ()>) {
        let over = AtomicBool::new(false);
        let reading = (0..READERS).map(async |_| {
            while !over.load(Ordering::Relaxed) {
                assert!(likes(&self.bob, post).await.is_some(), "it is to be seen all the time");
            }
        });
        let doing = async {
            what.await;
            over.store(true, Ordering::Relaxed);
        };
        tokio::join!(doing, join_all(reading));
    }

    /// Waits until the replica answers queries again.
    async fn reads_aside_again(&self, post: &str) {
        self.other.settled().await;
        let before = self.other.reads("hit").await;
        until("the replica answers again", PATIENCE, async || {
            assert!(likes(&self.bob, post).await.is_some());
            self.other.reads("hit").await > before
        })
        .await;
    }

    async fn end(self) {
        let Self { one, other, worker, world, replica, primary, .. } = self;
        // Only mutations have gone this way.
        assert!(one.reads("hit").await < 1.0, "a mutation reads from the primary");
        assert_eq!(world.count("job", "state = 'dead'").await, 0);
        drop((one, other, worker));
        world.end().await;
        drop((replica, primary));
    }
}

/// How many like a post, as somebody sees it; none if they do not see it.
async fn likes(reader: &Person, post: &str) -> Option<i64> {
    let query = "query($id: ID!) { node(id: $id) { ... on Post { likeCount } } }";
    reader.run(query, json!({ "id": post })).await.data()["node"]["likeCount"].as_i64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_go_to_a_replica_and_see_whatever_was_acknowledged() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let stage = Stage::set().await;
    let (Stage { ada, bob, other, replica, .. }, post) = (&stage, stage.post().await);
    bob.follow(&ada.id).await;
    assert_eq!(bob.feed(10).await, [post.as_str()], "what was posted stands in the feed");

    let before = other.reads("hit").await;
    stage.changes(&post).await;
    assert!(other.reads("hit").await > before, "the replica answered some of it");
    let served = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE application_name = 'darkroom-api' AND query NOT LIKE '%pg_control_checkpoint%'";
    assert!(replica.number(served).await > 0, "the replica itself has seen more than questions how far it is");
    for round in 0..3 {
        let post = stage.post().await;
        assert_eq!(likes(bob, &post).await, Some(0), "a post is there at once, round {round}");
    }

    // Replay stands still: the primary answers, and nobody waits for it again and again.
    replica.run("SELECT pg_wal_replay_pause()").await;
    stage.changes(&post).await;
    until("the replica is left alone", PATIENCE, async || other.replica().await == "degraded").await;
    stage.changes(&post).await;
    assert!(other.reads("miss").await > 0.0);
    replica.run("SELECT pg_wal_replay_resume()").await;
    stage.reads_aside_again(&post).await;

    // What hides hides at once, in the feed as well.
    for round in 0..ROUNDS / 2 {
        ada.to_user("blockUser", &bob.id).await.payload();
        assert_eq!(likes(bob, &post).await, None, "it is hidden, round {round}");
        assert!(bob.feed(10).await.is_empty(), "round {round}");
        ada.to_user("unblockUser", &bob.id).await.payload();
        assert_eq!(likes(bob, &post).await, Some(0), "it is shown again, round {round}");
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_fails_whatever_happens_to_the_replica() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut stage = Stage::set().await;
    let post = stage.post().await;
    stage.changes(&post).await;

    // Replay cancels what stands in its way, and server processes are ended.
    stage.replica.run("ALTER SYSTEM SET max_standby_streaming_delay = 0").await;
    stage.replica.run("SELECT pg_reload_conf()").await;
    let trouble = async {
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'darkroom-api'";
        for _ in 0..ROUNDS {
            stage.primary.run("BEGIN; LOCK TABLE post IN ACCESS EXCLUSIVE MODE; COMMIT").await;
        }
        for _ in 0..3 {
            stage.replica.run(ended).await;
            stage.reads_aside_again(&post).await;
        }
    };
    Box::pin(stage.while_read(&post, trouble)).await;

    // It hangs: connections are taken, and nobody is answered.
    if cfg!(target_os = "linux") {
        let begun = Instant::now();
        stage.replica.hang();
        stage.while_read(&post, stage.changes(&post)).await;
        assert_eq!(stage.other.replica().await, "degraded");
        assert!(begun.elapsed().as_secs() < PROMPT, "{:?}", begun.elapsed());
        stage.replica.go_on();
        stage.reads_aside_again(&post).await;
    }

    // It dies and comes back.
    stage.replica.crash().await;
    stage.while_read(&post, stage.changes(&post)).await;
    assert_eq!(stage.other.replica().await, "degraded");
    stage.replica.restart().await;
    stage.reads_aside_again(&post).await;
    stage.changes(&post).await;

    // It is one no longer. Whoever asks how far it is sees that, which a change makes necessary.
    stage.replica.promote().await;
    stage.changes(&post).await;
    assert_eq!(stage.other.replica().await, "degraded");
    stage.end().await;
}

/// After a failover a replica may follow another primary than the one that is asked, and be further in its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_another_history_is_not_asked() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let primary = PostgresServer::start().await;
    let mut world = World::new().await;
    world.set("DARKROOM_DATABASE_URL", &PostgresServer::url_at(primary.address()));
    world.migrate().await;
    let promoted = primary.replica().await;
    promoted.promote().await;
    let replica = promoted.replica().await;
    for filler in ["one", "two", "three"] {
        promoted.run(&format!("CREATE TABLE {filler} (n INTEGER)")).await;
        promoted.run("SELECT pg_switch_wal()").await;
    }
    let far = promoted.number("SELECT CAST(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') AS BIGINT)").await;
    let replayed = "SELECT CAST(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS BIGINT)";
    until("the replica has replayed all of it", PATIENCE, async || replica.number(replayed).await >= far).await;

    world.set("DARKROOM_DATABASE_REPLICA_URL", &PostgresServer::url_at(replica.address()));
    world.set("DARKROOM_METRICS_LISTEN", "127.0.0.1:0");
    let api = Reading::start(&world).await;
    let ada = api.server.client().sign_up("ada").await;
    let followers = "query($id: ID!) { node(id: $id) { ... on User { followerCount } } }";
    for number in 1..=5 {
        let follower = api.server.client().sign_up(&format!("person{number}")).await;
        follower.follow(&ada.id).await;
        let seen = ada.run(followers, json!({ "id": ada.id })).await;
        assert_eq!(seen.at("/node/followerCount").as_i64(), Some(number));
    }
    assert_eq!(api.replica().await, "degraded");
    assert!(api.reads("hit").await < 1.0);
    let near = primary.number("SELECT CAST(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') AS BIGINT)").await;
    assert!(near < far, "by its place alone the replica would have been taken for one that keeps up");
    drop(api);
    world.end().await;
    drop((replica, promoted, primary));
}
