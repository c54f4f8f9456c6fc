//! Programs that are killed, stopped, started anew, aborted by a job, and told a wrong time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use darkroom_service::job::{Job, ProcessMedia};
use darkroom_testing::process::photograph;
use darkroom_testing::uuid_of;

use super::{PATIENCE, answered, backlog_moves};
use crate::book::{Beat, Made};
use crate::load::Load;
use crate::report::Row;
use crate::site::Site;
use crate::voice::{Body, Heard};

/// Another worker has finished what a killed one had begun.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// Servers of the API are there again, and answer.
const ANSWERED: Duration = Duration::from_secs(5);

/// Fifty-nine megapixels: most of a second of work for a core.
const LARGE: (u16, u16) = (9008, 6592);

/// Both workers are killed in the middle of photos, and others take their place.
pub(super) async fn kill_workers(site: &mut Site, load: &Load, row: &mut Row) {
    for seed in 0..3 {
        large(load, seed).await;
    }
    let media = large(load, 3).await;
    running(site, &media, 1).await;
    site.workers.iter_mut().for_each(|worker| worker.kill());
    let killed = Instant::now();
    site.workers.clear();
    let held = site.lines("SELECT CAST(id AS text) AS line FROM job WHERE state = 'running'").await;
    assert!(!held.is_empty(), "they died in the middle of something");
    for _ in 0..2 {
        site.start_worker(&[]).await;
    }
    let ids: Vec<String> = held.iter().map(|id| format!("'{id}'")).collect();
    let left = format!("id IN ({})", ids.join(", "));
    while site.count("job", &left).await > 0 {
        assert!(killed.elapsed() < PATIENCE, "jobs of the killed are left: {held:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    row.recovered("taken over", killed.elapsed(), TAKEN_OVER);
}

/// One of two servers of the API is killed; then both.
pub(super) async fn kill_apis(site: &mut Site, load: &Load, row: &mut Row) {
    let one = site.kill_api();
    answered(load, Instant::now(), ANSWERED, row).await;
    site.forget(one.address);
    site.start_api().await;
    load.flows(10, PATIENCE).await;

    let both = [site.kill_api(), site.kill_api()];
    both.iter().for_each(|server| site.forget(server.address));
    let again = Instant::now();
    for _ in 0..2 {
        site.start_api().await;
    }
    answered(load, again, ANSWERED, row).await;
}

/// Every program is replaced, one after the other: from this build to another and back, where another is named.
pub(super) async fn rolling_restart(site: &mut Site, load: &Load, row: &mut Row) {
    let previous = std::env::var_os("DARKROOM_CHAOS_PREVIOUS_BIN").map(PathBuf::from);
    if previous.is_none() {
        row.note("DARKROOM_CHAOS_PREVIOUS_BIN names no other build: the same one twice".to_owned());
    }
    let begun = Instant::now();
    for build in [previous.as_deref(), None] {
        site.world.set_binaries(build);
        replace_all(site, load).await;
    }
    let failed = load.company.book.open().beats_since(begun, |beat| beat != Beat::Good);
    if failed > 0 {
        row.note(format!("{failed} requests failed or were not answered"));
    }
    backlog_moves(site, Instant::now(), ANSWERED, row).await;
}

async fn replace_all(site: &mut Site, load: &Load) {
    for _ in 0..2 {
        site.start_api().await;
        site.stop_api().await;
        load.flows(5, PATIENCE).await;
    }
    for _ in 0..2 {
        site.start_worker(&[]).await;
        let mut old = site.workers.remove(0);
        old.stop(PATIENCE).await;
        load.flows(5, PATIENCE).await;
    }
}

/// A job whose process aborts each time it is begun: it is set aside, and everything else goes on.
pub(super) async fn aborting_job(site: &mut Site, load: &Load, row: &mut Row) {
    // One worker, so that it is known who has the job; a short lease, as three of them have to end.
    let alone = [("DARKROOM_WORKER_LEASE_SECONDS", "5")];
    let mut others = std::mem::take(&mut site.workers);
    site.start_worker(&alone).await;
    for worker in &mut others {
        worker.stop(PATIENCE).await;
    }
    let media = large(load, 7).await;
    for attempt in 1..=ProcessMedia::MAX_ATTEMPTS {
        running(site, &media, attempt).await;
        let mut worker = site.workers.remove(0);
        worker.signal("ABRT");
        worker.ended(PATIENCE).await;
        site.start_worker(&alone).await;
    }
    let over = Instant::now();
    let dead = format!("state = 'dead' AND payload::text LIKE '%{}%'", uuid_of(&media));
    while site.count("job", &dead).await == 0 {
        assert!(over.elapsed() < PATIENCE, "it is not set aside");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    row.recovered("set aside", over.elapsed(), TAKEN_OVER);
    let failed = format!("id = '{}' AND status = 'failed'", uuid_of(&media));
    assert_eq!(site.count("media", &failed).await, 1, "its owner is told");
    // What an operator does with it.
    site.execute(&format!("DELETE FROM job WHERE {dead}")).await;
    site.spoiled += 1;
    site.start_worker(&[]).await;
}

/// Programs are started with a clock that is an hour fast, and with one that is an hour slow: they refuse.
pub(super) async fn clock_off(site: &mut Site, load: &Load, row: &mut Row) {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = shifted_clock(folder.path()) else {
        row.skip("no clock could be built (Linux and a C compiler, cc)");
        return;
    };
    let library = library.to_string_lossy().into_owned();
    for shift in ["+3600", "-3600"] {
        let clock = [("LD_PRELOAD", library.as_str()), ("CHAOS_CLOCK_SHIFT", shift)];
        for program in ["darkroom-api", "darkroom-worker"] {
            let refused = site.world.run(program, &[], &clock).await;
            let words = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(refused.status.code() == Some(1) && words.contains("clock"), "{program} {shift}: {words}");
        }
    }
    backlog_moves(site, Instant::now(), ANSWERED, row).await;
    load.flows(10, PATIENCE).await;
}

/// Builds `clock.c`. Not libfaketime: it allocates when it is first asked for the time, which jemalloc asks for before it can
/// give any memory.
fn shifted_clock(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, include_str!("clock.c")).ok()?;
    let mut compiler = std::process::Command::new("cc");
    let built = compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
    (cfg!(target_os = "linux") && built.is_ok_and(|status| status.success())).then_some(library)
}

/// Uploads a photo that takes a while to process. Gives its id.
async fn large(load: &Load, seed: u32) -> String {
    let company = &load.company;
    let token = company.book.token("large photo");
    let body = Body::upload(photograph(LARGE.0, LARGE.1, seed), &token);
    let Heard::Done(payload) = company.people[0].voice.mutate(&body, true).await else {
        panic!("a large photo is not taken")
    };
    let id = payload["media"]["id"].as_str().unwrap().to_owned();
    let mut book = company.book.open();
    book.acknowledged += 1;
    book.uploads.push(Made { token, id: Some(id.clone()), on: None });
    id
}

/// Waits until a worker is at work on this photo for the `attempt`th time.
async fn running(site: &Site, media: &str, attempt: u32) {
    let job = format!("unique_key = 'media.process:{}' AND state = 'running' AND attempts = {attempt}", uuid_of(media));
    let begun = Instant::now();
    while site.count("job", &job).await == 0 {
        assert!(begun.elapsed() < PATIENCE, "nobody works on {media}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
