//! Two promises of speed that belong to survival: more workers do more, and nobody waits for a clean-up.

use std::time::{Duration, Instant};

use darkroom_testing::{picture, uuid_of};
use uuid::Uuid;

use super::PATIENCE;
use crate::book::{Made, Shared};
use crate::load::Company;
use crate::proxy::Mode;
use crate::report::Row;
use crate::site::{Form, Site};
use crate::voice::{Body, Heard, Voice};

/// What S3 takes for each piece, so that the jobs wait and do not compute.
const SLOW: Duration = Duration::from_millis(100);

/// How much more two workers do than one.
const AT_LEAST: f64 = 1.9;

/// A clean-up may hold a photo up by so much.
const HELD_UP: Duration = Duration::from_secs(1);

/// Photos by which the time before it is measured; four times as many measure the time meanwhile.
const MEASURED: usize = 15;

/// The same jobs, which wait for S3 nearly all of the time, by one worker and by two.
pub(super) async fn two_workers(jobs: u32, row: &mut Row) {
    let mut site = Site::start(Form::Clustered, None).await;
    site.workers.clear();
    site.stores().to_s3.set(Mode::Delay(SLOW));
    let bulk = [("DARKROOM_WORKER_QUEUES", "bulk")];
    site.start_worker(&bulk).await;
    let one = time(&site, jobs).await;
    site.start_worker(&bulk).await;
    let two = time(&site, jobs).await;
    let ratio = one.as_secs_f64() / two.as_secs_f64();
    row.note(format!(
        "{jobs} jobs: one worker {:.1} s, two {:.1} s, {ratio:.2} ×",
        one.as_secs_f64(),
        two.as_secs_f64()
    ));
    assert!(ratio >= AT_LEAST, "two workers do {ratio:.2} × what one does");
}

/// From the first of so many jobs that ends to the last.
async fn time(site: &Site, jobs: u32) -> Duration {
    let (prefix, open) = (Uuid::new_v4().simple(), "name = 'object.purge'");
    // One object a job.
    let batch = format!(
        "WITH batch AS (SELECT gen_random_uuid() AS id, n FROM generate_series(1, {jobs}) AS n),
        doomed AS (INSERT INTO doomed_object (object_key, batch_id, doomed_at)
            SELECT 'photos/r/{prefix}/' || n, id, now() FROM batch)
        INSERT INTO job (id, name, payload, queue, state, attempts, run_at, created_at)
        SELECT gen_random_uuid(), 'object.purge', jsonb_build_object('batch_id', id), 'bulk', 'queued', 0, now(), now()
        FROM batch"
    );
    site.execute(&batch).await;
    let all = i64::from(jobs);
    let left = async |most: i64| {
        let begun = Instant::now();
        while site.count("job", open).await > most {
            assert!(begun.elapsed() < PATIENCE * 5, "jobs are left");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    left(all - 1).await;
    let begun = Instant::now();
    left(0).await;
    begun.elapsed()
}

/// Photos that nobody uses are swept, very many, while somebody uploads.
pub(super) async fn cleaning_up(photos: u32, row: &mut Row) {
    let site = Site::start(Form::Clustered, None).await;
    let company = Company::gather(&site).await;
    let voice = &company.people[0].voice;
    let mut quiet = Vec::new();
    for _ in 0..MEASURED {
        quiet.push(upload_to_ready(&site, voice, &company.book).await);
    }
    quiet.sort_unstable();

    let owner = uuid_of(&company.people[0].id);
    let unused = format!(
        "INSERT INTO media (id, account_id, kind, status, attachment, original_key, rendition_prefix, content_type,
            byte_size, alt_text, created_at)
        SELECT gen_random_uuid(), '{owner}', 'photo', 'ready', 'none', 'photos/o/unused-' || n || '.jpg',
            'photos/r/unused-' || n, 'image/jpeg', 1, '', now() - INTERVAL '2 days' FROM generate_series(1, {photos}) AS n"
    );
    site.execute(&unused).await;
    let mut busy = Vec::new();
    let begun = Instant::now();
    while busy.len() < 4 * MEASURED {
        // One run takes ten thousand; in life the next one comes an hour later.
        if site.count("job", "name = 'media.sweep' AND unique_key IS NULL").await == 0 {
            site.enqueue("media.sweep", serde_json::json!({}), darkroom_service::job::Queue::Bulk).await;
        }
        busy.push(upload_to_ready(&site, voice, &company.book).await);
        assert!(begun.elapsed() < PATIENCE * 5, "{} photos in {:?}", busy.len(), begun.elapsed());
    }
    busy.sort_unstable();
    let swept = i64::from(photos) - site.count("media", "original_key LIKE 'photos/o/unused-%'").await;
    let purges = site.count("doomed_object", "1 = 1").await;
    let middle = |times: &[Duration]| times[times.len() / 2].as_secs_f64();
    row.note(format!(
        "{photos} photos: {swept} swept and {purges} objects not yet purged after {:.0} s; upload to READY {:.2} s before, \
         {:.2} s meanwhile (medians), {:.2} s at most",
        begun.elapsed().as_secs_f64(),
        middle(&quiet),
        middle(&busy),
        busy[busy.len() - 1].as_secs_f64(),
    ));
    let held_up = busy[busy.len() - 1].saturating_sub(quiet[quiet.len() / 2]);
    row.recovered("held up by", held_up, HELD_UP);
}

/// Uploads a small photo and waits until it is ready. Says how long that took.
pub(super) async fn upload_to_ready(site: &Site, voice: &Voice, book: &Shared) -> Duration {
    let token = book.token("measured photo");
    let begun = Instant::now();
    let Heard::Done(payload) = voice.mutate(&Body::upload(picture::jpeg(90, 60), &token), true).await else {
        panic!("a photo is not taken")
    };
    let id = payload["media"]["id"].as_str().unwrap().to_owned();
    let ready = format!("id = '{}' AND status = 'ready'", uuid_of(&id));
    while site.count("media", &ready).await == 0 {
        assert!(begun.elapsed() < PATIENCE, "a photo is not ready");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = begun.elapsed();
    let mut book = book.open();
    book.acknowledged += 1;
    book.uploads.push(Made { token, id: Some(id), on: None });
    took
}
