//! Processes that die in the middle: what was accepted is completed, once.

use std::time::Duration;

use darkroom_testing::process::{PATIENCE, Process, Server, World, photograph, until};
use darkroom_testing::{Mode, Person, picture};
use serde_json::json;

use crate::runs_in;

/// Fifty-nine megapixels: most of a second of work for a core.
const LARGE: (u16, u16) = (9008, 6592);

/// The promise: another worker finishes what a killed one had begun.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// A photo is being processed.
const RUNNING: &str = "name = 'media.process' AND state = 'running'";

async fn upload_large(person: &Person, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for seed in 0..count {
        ids.push(person.photo(photograph(LARGE.0, LARGE.1, seed)).await);
    }
    ids
}

/// Waits until a worker is in the middle of it.
async fn running(world: &World) {
    until("a worker processes a photo", PATIENCE, async || world.count("job", RUNNING).await > 0).await;
}

/// The attempts that a worker's log says were needed for photos that are done, in the order of their end.
fn attempts(worker: &Process) -> Vec<i64> {
    let log = worker.log();
    let done = log.iter().filter(|line| line["message"] == "job done");
    let photos = done.filter(|line| line["span"]["queue"] == "interactive" && line["span"]["job"] == "media.process");
    photos.filter_map(|line| line["span"]["attempt"].as_i64()).collect()
}

#[tokio::test]
async fn a_killed_workers_photo_is_finished_by_another() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let api = world.api().await;
    let loud = [("DARKROOM_LOG", "info,darkroom_worker=debug"), ("DARKROOM_WORKER_CONCURRENCY", "1")];
    let mut first = world.worker(&loud).await;
    let ada = api.client().sign_up("ada").await;
    upload_large(&ada, 2).await;
    running(&world).await;
    first.kill();
    // Two, when the end of the one before was not yet written: its place is free as soon as its work is done.
    let held = world.count("job", RUNNING).await;
    assert!((1..=2).contains(&held), "it died in the middle of {held}");

    let second = world.worker(&loud).await;
    let taken = world.ready(2, TAKEN_OVER).await;
    println!("taken over and finished {:.1} s after the kill", taken.as_secs_f64());
    let settled = async || attempts(&second).contains(&2);
    until("the second worker has finished it at the second attempt", PATIENCE, settled).await;
    world.each_photo_once(2).await;
    drop((api, first, second));
    world.end().await;
}

#[tokio::test]
async fn a_worker_that_stops_hands_back_what_it_can_not_finish() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let api = world.api().await;
    let ada = api.client().sign_up("ada").await;
    upload_large(&ada, 6).await;
    let hurried = [("DARKROOM_WORKER_SHUTDOWN_TIMEOUT_SECONDS", "1"), ("DARKROOM_WORKER_CONCURRENCY", "2")];
    let mut first = world.worker(&hurried).await;
    running(&world).await;
    first.stop(Duration::from_secs(20)).await;

    let left = world.count("job", "name = 'media.process'").await;
    let done = world.count("media", "status = 'ready'").await;
    println!("SIGTERM: {done} finished, {left} handed back or not begun");
    assert_eq!(left + done, 6);
    let fresh = "name = 'media.process' AND state = 'queued' AND attempts = 0";
    assert_eq!(world.count("job", fresh).await, left, "what was handed back was no attempt");
    assert!(left > 0, "it stopped before everything was done");

    let second = world.worker(&[]).await;
    world.ready(6, PATIENCE).await;
    let no_job = async || world.count("job", "name = 'media.process'").await == 0;
    until("every job is settled", PATIENCE, no_job).await;
    world.each_photo_once(6).await;
    drop((api, first, second));
    world.end().await;
}

#[tokio::test]
async fn a_worker_that_stops_finishes_what_runs() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let api = world.api().await;
    let ada = api.client().sign_up("ada").await;
    upload_large(&ada, 3).await;
    let mut worker = world.worker(&[("DARKROOM_WORKER_CONCURRENCY", "1")]).await;
    running(&world).await;
    let begun = world.count("media", "status = 'ready'").await;
    worker.stop(PATIENCE).await;
    assert_eq!(world.count("job", "state = 'running'").await, 0, "nothing waits for a lease to end");
    assert!(world.count("media", "status = 'ready'").await > begun, "the one that ran is finished");
    drop((api, worker));
    world.end().await;
}

#[tokio::test]
async fn a_power_cut_loses_no_upload_that_was_acknowledged() {
    if !runs_in(Mode::Embedded) {
        return;
    }
    let mut world = World::new().await;
    // What the killed process had begun waits for its lease: as short as it may be.
    world.set("DARKROOM_WORKER_LEASE_SECONDS", "5");
    let Server { mut process, address } = world.darkroom().await;
    let ada = darkroom_testing::Client::new(address).sign_up("ada").await;
    upload_large(&ada, 1).await;
    process.kill();
    assert_eq!(world.count("media", "status = 'processing'").await, 1, "it was not done yet");

    let mut again = world.darkroom().await;
    world.ready(1, TAKEN_OVER).await;
    world.each_photo_once(1).await;
    again.process.stop(Duration::from_secs(5)).await;
    world.end().await;
}

#[tokio::test]
async fn news_of_an_upload_at_one_server_reaches_a_listener_at_another() {
    if !runs_in(Mode::Clustered) {
        return;
    }
    let world = World::migrated().await;
    let (here, there) = (world.api().await, world.api().await);
    let ada = here.client().sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(1200, 900)).await;
    let query = "subscription($id: ID!) { mediaProcessed(mediaId: $id) { status renditions { size } } }";
    let listener = there.client().with_token(&ada.token);
    let mut events = listener.subscribe(query, json!({ "id": photo })).await;
    let now = events.next().await.expect("the state as it is");
    assert_eq!(now["mediaProcessed"]["status"], "PROCESSING");

    let worker = world.worker(&[]).await;
    let then = events.next().await.expect("the next state");
    assert_eq!(then["mediaProcessed"]["status"], "READY");
    assert_eq!(then["mediaProcessed"]["renditions"].as_array().map(Vec::len), Some(3));
    assert_eq!(events.next().await, None);
    drop((here, there, worker));
    world.end().await;
}
