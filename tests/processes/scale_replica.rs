//! Queries are answered by a streaming replica of PostgreSQL's, and see whatever was acknowledged before them all the same.

use std::net::SocketAddr;

use darkroom_testing::process::{PATIENCE, PostgresServer, Server, World, until};
use darkroom_testing::{Mode, Person, picture};
use serde_json::{Value, json};

use crate::runs_in;
use crate::sight::{Scrape, address_of};

/// Changes that are looked at by way of another server at once.
const ROUNDS: usize = 25;

/// A server of the API, where it shows its metrics, and somebody who reads by way of it.
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

/// How many like a post, as somebody sees it; none if they do not see it.
async fn likes(reader: &Person, post: &str) -> Option<i64> {
    let query = "query($id: ID!) { node(id: $id) { ... on Post { likeCount } } }";
    reader.run(query, json!({ "id": post })).await.data()["node"]["likeCount"].as_i64()
}

/// Likes a post or takes it back, and looks at once by way of the other server.
async fn changed(writer: &Person, reader: &Person, post: &str, rounds: usize) {
    for round in 0..rounds {
        let (verb, now) = if round % 2 == 0 { ("likePost", 1) } else { ("unlikePost", 0) };
        let mutation = format!("mutation($id: ID!) {{ {verb}(input: {{ postId: $id }}) {{ userErrors {{ code }} }} }}");
        writer.run(&mutation, json!({ "id": post })).await.payload();
        assert_eq!(likes(reader, post).await, Some(now), "after {verb}, round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_go_to_a_replica_and_see_whatever_was_acknowledged() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let primary = PostgresServer::start().await;
    let mut world = World::new().await;
    world.set("DARKROOM_DATABASE_URL", &PostgresServer::url_at(primary.address()));
    world.migrate().await;
    let mut replica = primary.replica().await;
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
    bob.follow(&ada.id).await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    world.ready(1, PATIENCE).await;
    let post = ada.post(&[photo], "seen at once").await;
    assert_eq!(bob.feed(10).await, [post.as_str()], "what was posted stands in the feed");

    let before = other.reads("hit").await;
    changed(&ada, &bob, &post, ROUNDS - 1).await;
    assert!(other.reads("hit").await > before, "the replica answered some of it");

    // Replay stands still: the primary answers, and nobody waits for it again and again.
    replica.run("SELECT pg_wal_replay_pause()").await;
    changed(&ada, &bob, &post, 2).await;
    until("the replica is left alone", PATIENCE, async || other.replica().await == "degraded").await;
    changed(&ada, &bob, &post, ROUNDS - 1).await;
    assert!(other.reads("miss").await > 0.0);
    replica.run("SELECT pg_wal_replay_resume()").await;
    other.settled().await;
    let before = other.reads("hit").await;
    until("the replica answers again", PATIENCE, async || {
        assert_eq!(likes(&bob, &post).await, Some(0));
        other.reads("hit").await > before
    })
    .await;

    // It dies and comes back: no query fails.
    replica.crash().await;
    changed(&ada, &bob, &post, ROUNDS - 1).await;
    assert_eq!(other.replica().await, "degraded");
    replica.restart().await;
    other.settled().await;
    changed(&ada, &bob, &post, 2).await;

    // What hides hides at once, in the feed as well.
    let block = "mutation($id: ID!) { blockUser(input: { userId: $id }) { userErrors { code } } }";
    ada.run(block, json!({ "id": bob.id })).await.payload();
    assert_eq!(likes(&bob, &post).await, None);
    assert!(bob.feed(10).await.is_empty());

    assert_eq!(world.count("job", "state = 'dead'").await, 0);
    drop((one, other, worker));
    world.end().await;
}
