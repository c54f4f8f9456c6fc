//! What Darkroom survives: real processes under a steady load, and everything below them taken away in turn.
//!
//! ```text
//!   chaos short             what runs with every change, a few minutes
//!   chaos long              every fault at its full size, many times: `just chaos`
//!   chaos short|long NAME…  only these faults
//! ```
//!
//! After each fault a checker compares what people were told with what is there (`check.rs`). A table of all of them is
//! printed in the end, and written to `target/chaos/`. The seed is printed first; `DARKROOM_CHAOS_SEED` sets it, and draws the
//! same load, though processes meet at other moments. `DARKROOM_CHAOS_PREVIOUS_BIN` names a folder with the programs of
//! another build, from which and to which the rolling restart goes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod book;
mod check;
mod fault;
mod load;
mod proxy;
mod report;
mod site;
mod voice;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;

use check::Findings;
use fault::{Fault, Size};
use load::{Company, Load};
use report::{Report, Row};
use site::Site;

/// Changes that are acknowledged before a fault, so that it meets a system at work, and again after it.
const WARM: u64 = 25;

/// Kinds of errors in the programs' logs that are noted after a run.
const COMPLAINTS: usize = 5;

/// The longest wait for these.
const FLOWING: Duration = Duration::from_secs(90);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = match arguments.first().map(String::as_str) {
        Some("short") => Size::Short,
        Some("long") => Size::Long,
        // What test runners ask every test program: this one runs by itself, and tells them of no tests.
        Some("--list") => return ExitCode::SUCCESS,
        _ => {
            println!("the fault harness runs by `just chaos` and `scripts/test chaos`: name a form, short or long");
            return ExitCode::SUCCESS;
        }
    };
    let seed = std::env::var("DARKROOM_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u128() as u64);
    println!("DARKROOM_CHAOS_SEED={seed}");
    let wanted = |fault: &Fault| match &arguments[1..] {
        [] => size == Size::Long || !fault.is_long(),
        names => names.iter().any(|name| name == fault.name()),
    };
    let faults: Vec<Fault> = Fault::ALL.into_iter().filter(wanted).collect();
    let mut report = Report::default();
    let mut place = None;
    for fault in faults {
        let mut row = runs(fault, size, seed, &mut place).await;
        // A busy machine is no loss: what only took too long may show once more that it need not. Never so in the long form.
        if size == Size::Short && row.only_late() {
            row.print();
            let first = row.lateness();
            row = runs(fault, size, seed, &mut place).await;
            row.note(format!("at the second attempt; at the first {first}"));
        }
        row.print();
        report.add(row);
    }
    report.end()
}

/// All runs of one fault, until one fails.
async fn runs(fault: Fault, size: Size, seed: u64, place: &mut Option<Place>) -> Row {
    let runs = fault.runs(size);
    let mut row = Row::of(fault, runs);
    for run in 0..runs {
        let begun = Instant::now();
        let ended = AssertUnwindSafe(once(fault, size, seed ^ u64::from(run) << 20, place.take(), &mut row));
        match ended.catch_unwind().await {
            Ok(next) => *place = next,
            Err(panic) => row.broke(&*panic),
        }
        row.took(begun.elapsed());
        if row.failed() || row.skipped() {
            break;
        }
    }
    row
}

/// A site with the people on it, for the next fault.
struct Place {
    site: Site,
    company: Arc<Company>,
}

/// One run of one fault: load, fault, load, check. Gives the site back, if another fault may have it.
async fn once(fault: Fault, size: Size, seed: u64, place: Option<Place>, row: &mut Row) -> Option<Place> {
    if fault.has_a_site_of_its_own() {
        Box::pin(fault.alone(size, seed, row)).await;
        return None;
    }
    let kept = place.filter(|place| place.site.form == fault.form());
    let Place { mut site, company } = match kept {
        Some(place) => place,
        None => Box::pin(settle_in(fault.form())).await,
    };
    let before = company.book.open().acknowledged;
    let load = Load::begin(&company, seed);
    load.flows(WARM, FLOWING).await;
    Box::pin(fault.inject(&mut site, &load, size, row)).await;
    load.flows(WARM, FLOWING).await;
    load.end().await;
    verify(&mut site, &company, row).await;
    row.acknowledged += company.book.open().acknowledged - before;
    // What was lost once would be found again after every other fault.
    (!row.failed()).then_some(Place { site, company })
}

async fn settle_in(form: site::Form) -> Place {
    let site = Site::start(form, None).await;
    let company = Company::gather(&site).await;
    Place { site, company }
}

/// Checks, and adds what was found to the row.
async fn verify(site: &mut Site, company: &Company, row: &mut Row) {
    let mut found: Findings = Box::pin(check::check(site, company)).await;
    found.wrong.extend(site.fallen().into_iter().map(|last| format!("a program ended by itself: {last}")));
    row.found(found);
    site.complaints().into_iter().take(COMPLAINTS).for_each(|complaint| row.note(complaint));
}
