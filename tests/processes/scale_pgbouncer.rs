//! Many connections of ours on few of PostgreSQL's: PgBouncer in transaction mode between the programs and the database.

use darkroom_testing::process::{PATIENCE, PgBouncer, World, until};
use darkroom_testing::{Mode, Person, picture};
use futures::future::join_all;
use serde_json::json;

use crate::runs_in;

/// Server processes of PostgreSQL that the pooler opens.
const SERVERS: usize = 4;

const PEOPLE: usize = 10;
const POSTS: usize = 5;

/// Whether there is one; says so if not.
fn is_installed() -> Option<(u32, u32)> {
    let version = PgBouncer::version();
    if version.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "pgbouncer is missing: apt-get install pgbouncer");
        println!("left out: pgbouncer is not installed (apt-get install pgbouncer)");
    }
    version
}

/// A world behind a pooler, which the caller keeps as long as the programs run.
async fn pooled(pooler: &str, more: &str) -> (World, PgBouncer) {
    let mut world = World::migrated().await;
    let direct = world.database_url();
    let bouncer = PgBouncer::before(&direct, SERVERS, more).await;
    world.set("DARKROOM_DATABASE_URL", bouncer.url());
    world.set("DARKROOM_DATABASE_DIRECT_URL", &direct);
    world.set("DARKROOM_DATABASE_POOLER", pooler);
    world.set("DARKROOM_DATABASE_MAX_CONNECTIONS", "20");
    // Everybody wants the same rows by way of four server processes, on a machine that is busy with other tests.
    world.set("DARKROOM_DATABASE_ACQUIRE_TIMEOUT_MS", "60000");
    world.set("DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS", "30000");
    world.set("DARKROOM_LIMITS_OPERATION_TIMEOUT_SECONDS", "60");
    (world, bouncer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_pooler_of_transactions() {
    if !runs_in(Mode::Clustered) || is_installed().is_none() {
        return;
    }
    let (world, bouncer) = pooled("transaction", "").await;
    goes_round(&world).await;

    // What takes a session of its own: past the pooler, or not at all.
    for (arguments, done) in [(&["migrate"][..], "up to date"), (&["backup", "kept"], "objects of")] {
        let refused = world.run("darkroom", arguments, &[("DARKROOM_DATABASE_DIRECT_URL", "")]).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("DARKROOM_DATABASE_DIRECT_URL"), "{arguments:?}: {said}");
        let output = world.run("darkroom", arguments, &[]).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains(done), "{arguments:?}");
    }
    drop(bouncer);
    world.end().await;
}

/// From 1.21 on PgBouncer knows prepared statements.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_pooler_that_prepares() {
    if !runs_in(Mode::Clustered) || is_installed().is_none_or(|version| version < (1, 21)) {
        return;
    }
    let (world, bouncer) = pooled("prepared", "max_prepared_statements = 200").await;
    goes_round(&world).await;
    drop(bouncer);
    world.end().await;
}

/// People sign up, post, like and read through two servers with twenty connections each, and a worker does its part.
async fn goes_round(world: &World) {
    let (one, other) = (world.api().await, world.api().await);
    let worker = world.worker(&[]).await;
    let clients = [one.client(), other.client()];
    let names: Vec<String> = (0..PEOPLE).map(|at| format!("person{at}")).collect();
    let people: Vec<Person> = join_all(names.iter().enumerate().map(|(at, name)| clients[at % 2].sign_up(name))).await;
    let author = &people[0];
    join_all(people[1..].iter().map(|person| person.follow(&author.id))).await;

    let photos = join_all((0..POSTS).map(|_| author.photo(picture::jpeg(400, 300)))).await;
    world.ready(POSTS as i64, PATIENCE).await;
    let mut posts = Vec::new();
    for photo in photos {
        posts.push(author.post(&[photo], "behind a pooler").await);
    }
    let newest_first: Vec<&String> = posts.iter().rev().collect();
    for reader in [&people[1], &people[2]] {
        let what = format!("the feed of {} holds every post", reader.username);
        until(&what, PATIENCE, async || reader.feed(20).await.iter().eq(newest_first.iter().copied())).await;
    }

    // Everybody likes everything, at once.
    let like = "mutation($id: ID!) { likePost(input: { postId: $id }) { post { id } userErrors { code } } }";
    let likes = people.iter().flat_map(|person| posts.iter().map(move |post| (person, post)));
    join_all(likes.map(async |(person, post)| person.run(like, json!({ "id": post })).await.payload().clone())).await;
    for post in &posts {
        let query = "query($id: ID!) { node(id: $id) { ... on Post { likeCount } } }";
        let counted = people[1].run(query, json!({ "id": post })).await;
        assert_eq!(counted.at("/node/likeCount").as_i64(), Some(PEOPLE as i64));
    }
    assert_eq!(world.count("post_like", "1 = 1").await, (PEOPLE * POSTS) as i64);

    // Not those by which this test looks.
    let ours = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database()
        AND application_name IN ('darkroom-api', 'darkroom-worker')";
    let ours = world.number(ours).await;
    assert!((1..=SERVERS as i64).contains(&ours), "{ours} server processes for sixty connections");
    assert_eq!(world.count("job", "state = 'dead'").await, 0);
    drop((one, other, worker));
}
