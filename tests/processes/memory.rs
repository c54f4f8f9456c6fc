//! What the API holds in memory: idle, and while somebody sends far too much.

use darkroom_testing::Mode;
use darkroom_testing::process::{RawUpload, World, photograph};
use serde_json::Value;

use crate::runs_in;

const MIB: u64 = 1024 * 1024;

/// A debug build's share of an idle process; what is shipped is held to less by its benchmark.
const IDLE: u64 = 120 * MIB;

/// What a refused upload may add.
const GROWTH: u64 = 5 * MIB;

/// What is sent: far above the limit of 30 MiB.
const SIZE: u64 = 200 * 1000 * 1000;

#[tokio::test]
async fn an_upload_that_is_refused_costs_nearly_nothing() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let api = world.api().await;
    let ada = api.client().sign_up("ada").await;
    let Some(idle) = api.process.memory() else { return };
    println!("darkroom-api idle: {:.1} MiB resident (debug build)", mib(idle.now));
    assert!(idle.now < IDLE, "{} bytes", idle.now);

    // One that is accepted, so that what every upload needs is there.
    ada.photo(photograph(3008, 2000, 1)).await;
    let head = photograph(9008, 6592, 2);
    for announced in [true, false] {
        assert!(api.process.forget_peak(), "the kernel counts the peak anew");
        let before = api.process.memory().unwrap();
        let (address, token, head) = (api.address, ada.token.clone(), head[..64 * 1024].to_vec());
        let answer = tokio::task::spawn_blocking(move || {
            RawUpload { address, token: &token, head: &head, size: SIZE, announced }.send()
        })
        .await
        .unwrap();
        let after = api.process.memory().unwrap();
        let growth = after.peak.saturating_sub(before.now);
        println!(
            "200 MB {}: {} after {:.1} MB sent, {:.2} MiB more at the peak, {:.2} MiB more after",
            if announced { "announced" } else { "chunked" },
            answer.status,
            answer.sent as f64 / 1e6,
            mib(growth),
            mib(after.now.saturating_sub(before.now))
        );
        if announced {
            assert_eq!(answer.status, 413, "{}", answer.body);
            assert!(answer.sent < 4 * MIB, "{} bytes were taken", answer.sent);
        } else {
            assert!(answer.sent < 40 * MIB, "{} bytes were taken", answer.sent);
            assert!(is_too_large(&answer.body), "{}: {}", answer.status, answer.body);
        }
        assert!(growth < GROWTH, "{growth} bytes more");
    }
    assert_eq!(world.count("media", "status <> 'processing'").await, 0, "nothing of them is left");
    assert_eq!(world.object_keys().await.len(), 1);
    drop(api);
    world.end().await;
}

fn is_too_large(body: &Value) -> bool {
    let refusal = &body["data"]["uploadMedia"]["userErrors"][0]["mediaFailure"];
    refusal == "TOO_LARGE" || body["errors"][0]["message"].as_str().is_some_and(|message| message.contains("bytes"))
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}
