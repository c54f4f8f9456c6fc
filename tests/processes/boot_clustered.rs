//! `darkroom-api` and `darkroom-worker` on PostgreSQL, Redis and S3: start, what they wait for, end.

use std::time::Duration;

use darkroom_testing::process::World;
use darkroom_testing::{Mode, picture};

use crate::runs_in;

/// How long an idle process may take to end.
const SOON: Duration = Duration::from_secs(8);

#[tokio::test]
async fn an_old_database_is_refused_with_the_fix() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::new().await;
    for program in ["darkroom-api", "darkroom-worker"] {
        let output = world.run(program, &[], &[]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{program}: {said}");
        assert!(said.contains("run `darkroom migrate` first"), "{program}: {said}");
    }
    let migrated = world.run("darkroom", &["migrate"], &[]).await;
    assert_eq!(migrated.status.code(), Some(0));
    world.api().await.process.stop(SOON).await;
    world.end().await;
}

#[tokio::test]
async fn they_work_together_and_end_in_order() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let (mut api, mut worker) = (world.api().await, world.worker(&[]).await);
    let ada = api.client().sign_up("ada").await;
    ada.photo(picture::jpeg(400, 300)).await;
    world.ready(1, Duration::from_secs(20)).await;
    worker.stop(SOON).await;
    api.process.stop(SOON).await;
    for line in worker.stderr().lines().chain(api.process.stderr().lines()) {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "no JSON: {line}");
    }
    world.end().await;
}

#[tokio::test]
async fn they_start_and_work_while_redis_is_absent() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let mut world = World::migrated().await;
    world.set("DARKROOM_REDIS_URL", "redis://127.0.0.1:9");
    let (mut api, mut worker) = (world.api().await, world.worker(&[]).await);
    let ready = api.client().http().get(api.client().url("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "without Redis everything still works");
    let ada = api.client().sign_up("ada").await;
    ada.photo(picture::jpeg(400, 300)).await;
    world.ready(1, Duration::from_secs(20)).await;
    worker.stop(SOON).await;
    api.process.stop(SOON).await;
    world.end().await;
}

#[tokio::test]
async fn links_lead_to_the_port_that_was_chosen() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let api = world.api().await;
    let _worker = world.worker(&[]).await;
    let ada = api.client().sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    world.ready(1, Duration::from_secs(20)).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Media { url(size: LARGE) } } }";
    let link = ada.run(query, serde_json::json!({ "id": photo })).await.text("/node/url");
    let answer = ada.get(&link).await;
    assert_eq!(answer.status(), 200, "{link}");
    assert!(!answer.bytes().await.unwrap().is_empty());
    drop((api, _worker));
    world.end().await;
}

#[tokio::test]
async fn tables_are_put_in_parts_by_a_command_and_serve_as_before() {
    let world = World::new().await;
    let part = async || {
        let output = world.run("darkroom", &["migrate", "--partition"], &[]).await;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    };
    if !runs_in(Mode::Clustered) {
        let (code, said) = part().await;
        assert!(code == Some(1) && said.contains("only PostgreSQL"), "{said}");
        return world.end().await;
    }
    for expected in ["In parts now: post, post_like, comment_like, job.", "in parts already"] {
        let (code, said) = part().await;
        assert!(code == Some(0) && said.contains(expected), "{said}");
    }
    let (mut api, mut worker) = (world.api().await, world.worker(&[]).await);
    let ada = api.client().sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    world.ready(1, Duration::from_secs(20)).await;
    let post = ada.post(&[photo], "in parts").await;
    let like = "mutation($id: ID!) { likePost(input: { postId: $id }) { post { likeCount } userErrors { code } } }";
    for _ in 0..2 {
        let liked = ada.run(like, serde_json::json!({ "id": post })).await;
        assert_eq!(liked.payload()["post"]["likeCount"], 1);
    }
    assert_eq!(ada.feed(20).await, [post]);
    worker.stop(SOON).await;
    api.process.stop(SOON).await;
    world.end().await;
}
