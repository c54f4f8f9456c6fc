//! The one process on SQLite and a folder: killed again and again, and on a disk that is full.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use darkroom_testing::process::PATIENCE;
use darkroom_testing::{SmallDisk, files_under};

use super::answered;
use crate::book::Beat;
use crate::load::{Company, Load};
use crate::report::Row;
use crate::site::{Form, Site};
use crate::{FLOWING, WARM, verify};

/// From the start of the program to the first answer, in a debug build.
const ANSWERED: Duration = Duration::from_secs(5);

/// KiB of the disk that is filled.
const DISK: u32 = 64 * 1024;

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(5);

/// A file aside of this age belongs to a process that died.
const ABANDONED: Duration = Duration::from_secs(48 * 3600);

/// The power fails so many times.
pub(super) async fn kill(times: u32, seed: u64, row: &mut Row) {
    let mut site = Site::start(Form::Embedded, None).await;
    let company = Company::gather(&site).await;
    let before = company.book.open().acknowledged;
    let load = Load::begin(&company, seed);
    for _ in 0..times {
        load.flows(12, FLOWING).await;
        let killed = site.kill_api();
        site.forget(killed.address);
        let again = Instant::now();
        site.start_api().await;
        answered(&load, again, ANSWERED, row).await;
    }
    load.flows(WARM, FLOWING).await;
    load.end().await;
    verify(&mut site, &company, row).await;
    let data = site.world.folder().join("data");
    end_in_order(site, &data).await;
    row.acknowledged += company.book.open().acknowledged - before;
    row.note(format!("killed {times} times, then the database's integrity was checked"));
}

/// The disk is full for a while.
pub(super) async fn disk_full(seed: u64, row: &mut Row) {
    let Some(disk) = SmallDisk::mount(DISK) else {
        row.skip("no file system can be mounted here: it takes root on Linux");
        return;
    };
    let data = disk.path().join("data");
    let mut site = Site::start(Form::Embedded, Some(&data)).await;
    let company = Company::gather(&site).await;
    let before = company.book.open().acknowledged;
    let load = Load::begin(&company, seed);
    load.flows(WARM, FLOWING).await;

    let begun = Instant::now();
    let ballast = disk.path().join("ballast");
    while begun.elapsed() < FULL {
        // Filled again whenever something was freed.
        fill(&ballast);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    std::fs::remove_file(&ballast).unwrap();
    let over = Instant::now();
    let refused = company.book.open().beats_since(begun, |beat| matches!(beat, Beat::Failed(500..)));
    assert!(refused > 0, "the disk was not full");
    answered(&load, over, ANSWERED, row).await;
    super::backlog_moves(&site, over, PATIENCE, row).await;
    load.flows(WARM, FLOWING).await;
    let last = company.book.open().failed_until(over).unwrap_or_default();
    row.recovered("last failure", last, ANSWERED);
    load.end().await;
    verify(&mut site, &company, row).await;
    end_in_order(site, &data).await;
    row.acknowledged += company.book.open().acknowledged - before;
    row.note(format!("{refused} requests were refused meanwhile"));
}

/// Writes until nothing fits any more.
fn fill(path: &Path) {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    for size in [64 * 1024, 4096, 1] {
        let piece = vec![0; size];
        while file.write_all(&piece).is_ok() {}
    }
}

/// Stops it, has SQLite look at its file, and starts it once more, to see that what a kill has left aside goes away.
async fn end_in_order(mut site: Site, data: &Path) {
    site.stop_api().await;
    assert_eq!(site.lines("SELECT integrity_check AS line FROM pragma_integrity_check").await, ["ok"]);
    assert_eq!(site.number("SELECT COUNT(*) AS n FROM pragma_foreign_key_check").await, 0);
    let aside = data.join("objects").join(".incoming");
    for path in files_under(&aside) {
        let file = File::options().append(true).open(path).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - ABANDONED).unwrap();
    }
    site.start_api().await;
    assert_eq!(files_under(&aside), Vec::<std::path::PathBuf>::new(), "files are left aside");
    site.stop_api().await;
}
