//! What the server holds in memory: idle, and while somebody sends far too much.

use darkroom_testing::process::{Memory, RawUpload, Server, World, photograph};
use darkroom_testing::{Mode, Person, mode};
use serde_json::Value;

const MIB: u64 = 1024 * 1024;

/// An idle debug build; what is shipped is held to less by its benchmark.
const IDLE: u64 = 150 * MIB;

/// What a refused upload may add.
const GROWTH: u64 = 5 * MIB;

/// What is sent: twice the limit.
const SIZE: u64 = 200 * 1000 * 1000;

/// The limit: far above what may be held.
const LIMIT: u64 = 100 * 1000 * 1000;

/// What a body that is streamed to S3 may add, well below what was sent: S3 takes parts of 5 MiB at the least, each sent
/// while the next one comes in, and the allocator keeps a few that were for the next upload.
const STREAMED: u64 = 64 * MIB;

async fn server(world: &World) -> Server {
    match mode() {
        Mode::Embedded => world.darkroom().await,
        Mode::Clustered => world.api().await,
    }
}

/// Sends too much; gives the status, the body, how many bytes were taken, and what was held more at the peak.
async fn send_too_much(server: &Server, person: &Person, announced: bool) -> (u16, Value, u64, u64) {
    assert!(server.process.forget_peak(), "the kernel counts the peak anew");
    let before = server.process.memory().unwrap();
    let (address, token, head) = (server.address, person.token.clone(), photograph(9008, 6592, 2));
    let sending = tokio::task::spawn_blocking(move || {
        RawUpload { address, token: &token, head: &head[..64 * 1024], size: SIZE, announced }.send()
    });
    let answer = sending.await.unwrap();
    let after = server.process.memory().unwrap();
    let growth = after.peak.saturating_sub(before.now);
    println!(
        "200 MB, announced: {announced}: {} after {:.1} MB, {:.2} MiB more at the peak, {:.2} MiB more after",
        answer.status,
        answer.sent as f64 / 1e6,
        mib(growth),
        mib(after.now.saturating_sub(before.now))
    );
    (answer.status, answer.body, answer.sent, growth)
}

#[tokio::test]
async fn an_upload_that_is_refused_is_not_held() {
    let mut world = World::migrated().await;
    world.set("DARKROOM_LIMITS_UPLOAD_MAX_BYTES", &LIMIT.to_string());
    let server = server(&world).await;
    let ada = server.client().sign_up("ada").await;
    let Some(Memory { now: idle, .. }) = server.process.memory() else { return };
    println!("{:?}: idle {:.1} MiB resident (debug build)", mode(), mib(idle));
    assert!(idle < IDLE, "{idle} bytes");

    let (status, body, sent, growth) = send_too_much(&server, &ada, true).await;
    assert_eq!(status, 413, "{body}");
    assert!(sent < 8 * MIB, "refused by its announced length, but {sent} bytes were taken");
    assert!(growth < GROWTH, "{growth} bytes more");

    let (status, body, sent, growth) = send_too_much(&server, &ada, false).await;
    assert!(is_too_large(&body), "{status}: {body}");
    assert!(sent > LIMIT && sent < LIMIT + 16 * MIB, "refused when the limit is passed, not after {sent} bytes");
    let most = if mode() == Mode::Embedded { GROWTH } else { STREAMED };
    assert!(growth < most, "{growth} bytes more");

    assert_eq!(world.count("media", "1 = 1").await, 0, "nothing of them is left");
    assert_eq!(world.count("job", "name = 'media.process'").await, 0);
    assert_eq!(world.object_keys().await, Vec::<String>::new());
    drop(server);
    world.end().await;
}

fn is_too_large(body: &Value) -> bool {
    let refusal = &body["data"]["uploadMedia"]["userErrors"][0]["mediaFailure"];
    let message = body["errors"][0]["message"].as_str().unwrap_or_default();
    refusal == "TOO_LARGE" || message.contains("bytes")
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

/// A hash takes 19 MiB; without the allocator's setting each thread that ran one keeps them (docs/performance.md).
#[tokio::test]
async fn password_hashes_give_their_memory_back() {
    let world = World::migrated().await;
    let server = server(&world).await;
    let client = server.client();
    client.sign_up("first").await;
    let Some(Memory { now: before, .. }) = server.process.memory() else { return };
    let names: Vec<String> = (0..16).map(|number| format!("person{number}")).collect();
    futures::future::join_all(names.iter().map(|name| client.sign_up(name))).await;
    let within = std::time::Duration::from_secs(10);
    darkroom_testing::process::until("the memory is given back", within, async || {
        server.process.memory().is_some_and(|memory| memory.now < before + 30 * MIB)
    })
    .await;
    world.end().await;
}
