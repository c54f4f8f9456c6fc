//! Jobs that come too often, and too many at once.

use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::load::Load;
use crate::report::Row;
use crate::site::Site;

/// A photo that somebody waits for is ready within this, whatever else is to be done.
const INTERACTIVE: Duration = Duration::from_secs(10);

/// Longest wait for the last of very many jobs.
const ALL_DONE: Duration = Duration::from_secs(600);

/// Each job is in the ledger five times, so that it runs five times, some of them at the same moment.
pub(super) async fn five_times(site: &mut Site, load: &Load) {
    // What comes back by a schedule is left alone: its key is its name.
    site.execute(
        "CREATE FUNCTION five_times() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF pg_trigger_depth() = 1 AND NEW.unique_key IS DISTINCT FROM NEW.name THEN
                INSERT INTO job (id, name, payload, queue, state, attempts, run_at, created_at)
                SELECT gen_random_uuid(), NEW.name, NEW.payload, NEW.queue, 'queued', 0, NEW.run_at, NEW.created_at
                FROM generate_series(1, 4);
            END IF;
            RETURN NULL;
        END $$",
    )
    .await;
    site.execute("CREATE TRIGGER five_times AFTER INSERT ON job FOR EACH ROW EXECUTE FUNCTION five_times()").await;
    load.flows(150, PATIENCE * 2).await;
    site.execute("DROP TRIGGER five_times ON job").await;
    site.execute("DROP FUNCTION five_times").await;
}

/// Very many jobs that nobody waits for are due at one moment; photos go on.
pub(super) async fn due_at_once(site: &mut Site, load: &Load, jobs: u32, row: &mut Row) {
    let insert = format!(
        "INSERT INTO job (id, name, payload, queue, state, attempts, run_at, created_at)
        SELECT gen_random_uuid(), 'object.purge', jsonb_build_object('batch_id', gen_random_uuid()), 'bulk', 'queued', 0,
            now(), now() FROM generate_series(1, {jobs})"
    );
    site.execute(&insert).await;
    let begun = Instant::now();
    let waiting = "name = 'object.purge' AND run_at <= now()";
    let mut slowest = Duration::ZERO;
    while site.count("job", waiting).await > 0 {
        assert!(begun.elapsed() < ALL_DONE, "jobs that were due at once are left");
        slowest =
            slowest.max(super::speed::upload_to_ready(site, &load.company.people[1].voice, &load.company.book).await);
    }
    row.recovered("all done", begun.elapsed(), ALL_DONE);
    row.recovered("slowest photo meanwhile", slowest, INTERACTIVE);
    row.note(format!("{jobs} jobs were due at once"));
}
