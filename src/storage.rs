//! `darkroom storage`: what lies in the object store, beside what the rows say.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use darkroom_platform::{Clock, Config, Platform};
use darkroom_service::App;
use darkroom_service::operator::Actor;
use darkroom_service::storage::{self, Finding, Report, Totals, Verification};

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// Numbers and bytes by kind, as the rows and as the store say. It reads all of both.
    Report,
    /// Compare rows with objects both ways, and say what is wrong; nothing is changed. Exits 1 if something is.
    Verify {
        /// Have objects removed that no row knows of and that are older than an hour. Rows are never changed.
        #[arg(long)]
        repair: bool,
    },
}

/// Does it and says so. Servers may go on meanwhile.
pub(crate) async fn run(config: Config, task: Task) -> anyhow::Result<ExitCode> {
    let app = App::new(Platform::join(config, Clock::system()).await?);
    let code = match task {
        Task::Report => {
            let report = storage::report(&app).await.context("the storage can't be read")?;
            print(&report);
            ExitCode::SUCCESS
        }
        Task::Verify { repair } => {
            let repair = repair.then_some(Actor::Machine);
            let found = storage::verify(&app, repair, tell).await.context("the storage can't be compared")?;
            print(&found.report);
            sum_up(&found)
        }
    };
    app.settle().await;
    app.database.close().await.context("the database was not closed in order")?;
    Ok(code)
}

fn tell(finding: &Finding) {
    match finding {
        Finding::Orphan { key, bytes } => println!("no row knows of   {key:?}  {bytes} bytes"),
        Finding::Missing { key, media_id } => println!("missing           {key:?}  of media {media_id}"),
        Finding::OtherSize { key, media_id, expected, found } => {
            println!("another size      {key:?}  of media {media_id}: {found} bytes instead of {expected}");
        }
    }
}

fn print(report: &Report) {
    let kinds: std::collections::BTreeSet<&String> = report.rows.keys().chain(report.store.keys()).collect();
    println!("{:<28} {:>32} {:>32}", "", "rows", "store");
    let line = |name: &str, rows: Totals, store: Totals| {
        let totals = |totals: Totals| format!("{} objects, {} bytes", totals.objects, totals.bytes);
        println!("{name:<28} {:>32} {:>32}", totals(rows), totals(store));
    };
    let (mut rows, mut store) = (Totals::default(), Totals::default());
    for kind in kinds {
        let of = |totals: &storage::ByKind, sum: &mut Totals| {
            let found = totals.get(kind).copied().unwrap_or_default();
            sum.objects += found.objects;
            sum.bytes += found.bytes;
            found
        };
        line(kind, of(&report.rows, &mut rows), of(&report.store, &mut store));
    }
    line("together", rows, store);
}

fn sum_up(found: &Verification) -> ExitCode {
    let Verification { orphans, doomed, young, foreign, missing, other_sizes, .. } = found;
    println!(
        "{} objects of {} bytes that no row knows of ({doomed} will be removed), {missing} missing, {other_sizes} of another size; \
         {young} too young to tell, {foreign} that are none of ours.",
        orphans.objects, orphans.bytes
    );
    if orphans.objects > 0 && *doomed == 0 {
        println!("Nothing was changed. `darkroom storage verify --repair` has what no row knows of removed.");
    }
    let is_well = orphans.objects == *doomed && *missing == 0 && *other_sizes == 0;
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
