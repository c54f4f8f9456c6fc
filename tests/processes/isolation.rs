//! Photos that end, hang or bloat their decoder, and decoders that something else ends: one photo is lost at the most.
#![cfg(target_os = "linux")]

use std::time::Duration;

use chrono::TimeDelta;
use darkroom_sandbox::{Bounds, Sandbox};
use darkroom_testing::process::{PATIENCE, Process, Server, World, binary, photograph, until};
use darkroom_testing::{Mode, Person, TestApp, mode, picture};
use serde_json::json;

use crate::family::{busy, decoders};

/// Fifty-nine megapixels: most of a second of work for a core.
const LARGE: (u16, u16) = (9008, 6592);

/// Why a photo is set aside.
const STATE: &str = "status failure { code message } original { url }";

/// A world's programs: the one that serves, and the one that decodes where that is another one.
struct Stage {
    world: World,
    server: Server,
    worker: Option<Process>,
}

impl Stage {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let mut world = World::migrated().await;
        for (name, value) in settings {
            world.set(name, value);
        }
        let (server, worker) = match mode() {
            Mode::Embedded => (world.darkroom().await, None),
            Mode::Clustered => (world.api().await, Some(world.worker(&[]).await)),
        };
        Self { world, server, worker }
    }

    fn decoding(&self) -> &Process {
        self.worker.as_ref().unwrap_or(&self.server.process)
    }

    fn decoding_mut(&mut self) -> &mut Process {
        self.worker.as_mut().unwrap_or(&mut self.server.process)
    }

    async fn end(self) {
        drop((self.server, self.worker));
        self.world.end().await;
    }
}

async fn upload_large(person: &Person) -> String {
    person.photo(photograph(LARGE.0, LARGE.1, 3)).await
}

#[tokio::test]
async fn a_photo_whose_decoders_are_killed_fails_after_three_tries_and_the_others_do_not() {
    // Whoever is busy is killed, and that is to be the photo's decoder alone.
    let stage = Stage::new(&[("DARKROOM_MEDIA_WEBP", "false")]).await;
    let ada = stage.server.client().sign_up("ada").await;
    let bad = upload_large(&ada).await;
    let good = ada.photo(picture::jpeg(400, 300)).await;
    until("the photo has failed", 2 * PATIENCE, async || {
        if let Some(decoder) = busy(stage.decoding()) {
            decoder.signal("KILL");
        }
        stage.world.count("media", "status = 'failed'").await == 1
    })
    .await;
    let failed = ada.node(&bad, &format!("... on Media {{ {STATE} }}")).await;
    assert_eq!(failed["failure"]["code"], "INTERNAL", "{failed}");
    assert!(failed["original"]["url"].is_string(), "it is kept, for the operator to look at");
    let dead = "name = 'media.process' AND state = 'dead' AND attempts = 3";
    until("its job is set aside", PATIENCE, async || stage.world.count("job", dead).await == 1).await;
    assert_eq!(stage.world.count("job", "last_error LIKE '%SIGKILL%'").await, 1, "with the reason");
    assert_eq!(
        stage.world.count("job", "name = 'media.process' AND state <> 'dead'").await,
        0,
        "and never tried again"
    );
    assert_eq!(ada.node(&good, "... on Media { status }").await["status"], "READY");
    let next = upload_large(&ada).await;
    until("the next one is ready", PATIENCE, async || ada.media(&next).await["status"] == "READY").await;
    stage.end().await;
}

#[tokio::test]
async fn a_decoder_that_stops_is_killed_and_its_photo_tried_again() {
    let stage = Stage::new(&[("DARKROOM_MEDIA_DECODE_TIMEOUT_SECONDS", "5")]).await;
    let ada = stage.server.client().sign_up("ada").await;
    upload_large(&ada).await;
    let mut stopped = None;
    until("a decoder is in the middle", PATIENCE, async || {
        stopped = busy(stage.decoding());
        stopped.is_some()
    })
    .await;
    let stopped = stopped.unwrap();
    stopped.signal("STOP");
    let other = ada.photo(picture::jpeg(400, 300)).await;
    until("the other photo is ready", PATIENCE, async || ada.media(&other).await["status"] == "READY").await;
    stage.world.ready(2, PATIENCE).await;
    assert!(stopped.is_gone());
    let log = stage.decoding().stderr();
    assert!(log.contains("ran out of time"), "{log}");
    stage.end().await;
}

/// Not even one that is stopped and can't see that it is alone.
#[tokio::test]
async fn no_decoder_outlives_its_parent() {
    let mut stage = Stage::new(&[]).await;
    let ada = stage.server.client().sign_up("ada").await;
    upload_large(&ada).await;
    until("a decoder is in the middle", PATIENCE, async || busy(stage.decoding()).is_some()).await;
    let family = decoders(stage.decoding());
    family.iter().for_each(|decoder| decoder.signal("STOP"));
    stage.decoding_mut().kill();
    until("they are gone", PATIENCE, async || family.iter().all(|decoder| decoder.is_gone())).await;
    stage.end().await;
}

/// A service manager tells every process of a service to end, not the parent alone.
#[tokio::test]
async fn a_photo_in_hand_is_finished_at_the_end() {
    let mut stage = Stage::new(&[]).await;
    let ada = stage.server.client().sign_up("ada").await;
    upload_large(&ada).await;
    until("a decoder is in the middle", PATIENCE, async || busy(stage.decoding()).is_some()).await;
    let family = decoders(stage.decoding());
    family.iter().for_each(|decoder| decoder.signal("TERM"));
    stage.decoding_mut().stop(PATIENCE).await;
    assert_eq!(stage.world.count("media", "status = 'ready'").await, 1);
    assert!(family.iter().all(|decoder| decoder.is_gone()), "none is left");
    stage.end().await;
}

/// Flaws that no decoder is known to have, in one that has them on demand.
#[tokio::test]
async fn whatever_a_file_does_to_its_decoder_it_does_to_itself() {
    let bounds = Bounds { children: 2, memory_bytes: 512 << 20, time: Duration::from_secs(2) };
    let mut test = TestApp::start().await;
    test.app = test.app.clone().decoding_in(Sandbox::children(binary("darkroom-test-decoder"), bounds));
    let ada = test.client().sign_up("ada").await;
    let mut bad = Vec::new();
    for word in ["segfault", "overflow", "hang", "memory", "socket", "lie"] {
        let file = [picture::jpeg(64, 48), format!("fault:{word}").into_bytes()].concat();
        bad.push((word, ada.photo(file).await));
    }
    let good = ada.photo(picture::jpeg(400, 300)).await;
    for attempt in 1..=3 {
        // At first there is the good one besides, and its WebP.
        assert_eq!(test.run_jobs().await, if attempt == 1 { 8 } else { 6 }, "attempt {attempt}");
        assert_eq!(ada.media(&good).await["status"], "READY");
        test.clock.advance(TimeDelta::minutes(1));
    }
    for (word, id) in &bad {
        let failed = ada.node(id, &format!("... on Media {{ {STATE} }}")).await;
        assert_eq!((&failed["status"], &failed["failure"]["code"]), (&json!("FAILED"), &json!("INTERNAL")), "{word}");
        assert!(failed["original"]["url"].is_string(), "{word}: it is kept");
    }
    assert_eq!(test.run_jobs().await, 0, "none is tried again");
    let left = test.jobs_left().await.join("\n");
    for sign in ["SIGSEGV", "stack", "out of time", "out of memory", "SIGSYS", "no decoder gives"] {
        assert!(left.contains(sign), "{sign}: {left}");
    }
    test.abandon().await;
}

/// Nothing to decode with is nobody's fault but ours: photos wait.
#[tokio::test]
async fn photos_wait_while_no_decoder_can_be_started() {
    let bounds = Bounds { children: 2, memory_bytes: 512 << 20, time: Duration::from_secs(2) };
    let mut test = TestApp::start().await;
    let works = test.app.clone();
    test.app = works.clone().decoding_in(Sandbox::children("/nowhere/at/all", bounds));
    let ada = test.client().sign_up("ada").await;
    let photo = ada.photo(picture::jpeg(400, 300)).await;
    for _ in 0..8 {
        test.run_jobs().await;
        test.clock.advance(TimeDelta::seconds(10));
    }
    assert_eq!(ada.node(&photo, "... on Media { status }").await["status"], "PROCESSING");
    test.app = works;
    test.run_jobs().await;
    assert_eq!(ada.media(&photo).await["status"], "READY");
    test.finish().await;
}

/// A photo is shown in JPEG, whatever becomes of its WebP.
#[tokio::test]
async fn a_photo_that_ends_its_encoder_stays_as_it_is() {
    let bounds = Bounds { children: 2, memory_bytes: 512 << 20, time: Duration::from_secs(2) };
    let mut test = TestApp::start().await;
    test.app = test.app.clone().decoding_in(Sandbox::children(binary("darkroom-test-decoder"), bounds));
    let ada = test.client().sign_up("ada").await;
    let media = ada.photo([picture::jpeg(400, 300), b"fault:late".to_vec()].concat()).await;
    assert_eq!(test.run_jobs().await, 2, "its JPEGs, and the first try of its WebP");
    let shown = ada.media(&media).await;
    assert_eq!(shown["status"], "READY");
    for _ in 0..2 {
        test.clock.advance(TimeDelta::minutes(1));
        assert_eq!(test.run_jobs().await, 1);
    }
    test.clock.advance(TimeDelta::hours(1));
    assert_eq!(test.run_jobs().await, 0, "it is not tried again");
    let left = test.jobs_left().await;
    assert!(left.len() == 1 && left[0].contains("media.encode_webp") && left[0].contains("SIGSEGV"), "{left:?}");
    let later = ada.media(&media).await;
    assert_eq!((&later["status"], &later["failure"]), (&json!("READY"), &json!(null)));
    test.assert_photos(1).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Media { url(format: WEBP) } } }";
    let url = ada.run(query, json!({ "id": media })).await.text("/node/url");
    assert_eq!(ada.get(&url).await.headers()["content-type"], "image/jpeg");
    test.abandon().await;
}
