//! The faults, in the order of their value: one verb each, in a file for each family.

mod client;
mod embedded;
mod ledger;
mod planted;
mod process;
mod speed;
mod store;

use std::time::{Duration, Instant};

use crate::load::Load;
use crate::report::Row;
use crate::site::{Form, Site};

/// How much there is time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// A few minutes for all faults together, in a debug build on two cores.
    Short,
    /// As the promises are worded.
    Long,
}

impl Size {
    /// One of two, by size.
    pub(crate) fn of<T>(self, short: T, long: T) -> T {
        if self == Self::Short { short } else { long }
    }
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Planted,
    KillWorkers,
    KillApis,
    RedisRestart,
    PostgresRestart,
    PostgresCut,
    RedisFlush,
    RedisStalls,
    RedisAway,
    RollingRestart,
    S3Slow,
    S3Errors,
    S3Stalls,
    CutUploads,
    FiveTimes,
    AbortingJob,
    DueAtOnce,
    ClockOff,
    EmbeddedKill,
    DiskFull,
    TwoWorkers,
    CleaningUp,
}

impl Fault {
    pub(crate) const ALL: [Self; 22] = [
        Self::Planted,
        Self::KillWorkers,
        Self::KillApis,
        Self::RedisRestart,
        Self::PostgresRestart,
        Self::PostgresCut,
        Self::RedisFlush,
        Self::RedisStalls,
        Self::RedisAway,
        Self::RollingRestart,
        Self::S3Slow,
        Self::S3Errors,
        Self::S3Stalls,
        Self::CutUploads,
        Self::FiveTimes,
        Self::AbortingJob,
        Self::DueAtOnce,
        Self::ClockOff,
        Self::EmbeddedKill,
        Self::DiskFull,
        Self::TwoWorkers,
        Self::CleaningUp,
    ];

    /// What it is called, on the command line and in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Planted => "planted",
            Self::KillWorkers => "kill-workers",
            Self::KillApis => "kill-apis",
            Self::RedisRestart => "redis-restart",
            Self::PostgresRestart => "postgres-restart",
            Self::PostgresCut => "postgres-cut",
            Self::RedisFlush => "redis-flush",
            Self::RedisStalls => "redis-stalls",
            Self::RedisAway => "redis-away",
            Self::RollingRestart => "rolling-restart",
            Self::S3Slow => "s3-slow",
            Self::S3Errors => "s3-errors",
            Self::S3Stalls => "s3-stalls",
            Self::CutUploads => "cut-uploads",
            Self::FiveTimes => "five-times",
            Self::AbortingJob => "aborting-job",
            Self::DueAtOnce => "due-at-once",
            Self::ClockOff => "clock-off",
            Self::EmbeddedKill => "embedded-kill",
            Self::DiskFull => "disk-full",
            Self::TwoWorkers => "two-workers",
            Self::CleaningUp => "cleaning-up",
        }
    }

    /// How often it happens.
    pub(crate) const fn runs(self, size: Size) -> u32 {
        match (size, self) {
            // These repeat within a run.
            (
                _,
                Self::Planted
                | Self::CutUploads
                | Self::EmbeddedKill
                | Self::DueAtOnce
                | Self::TwoWorkers
                | Self::CleaningUp,
            ) => 1,
            (Size::Short, _) => 1,
            (Size::Long, Self::RedisAway | Self::S3Stalls | Self::AbortingJob | Self::ClockOff) => 3,
            (Size::Long, _) => 10,
        }
    }

    /// Whether it is left out of the short form, unless it is named: what another one shows as well, or what measures.
    pub(crate) const fn is_long(self) -> bool {
        matches!(self, Self::RedisAway | Self::S3Slow | Self::DueAtOnce | Self::TwoWorkers | Self::CleaningUp)
    }

    pub(crate) const fn form(self) -> Form {
        match self {
            Self::EmbeddedKill | Self::DiskFull => Form::Embedded,
            _ => Form::Clustered,
        }
    }

    /// Whether it needs a site that nothing else has touched, and that nothing else is to touch after it.
    pub(crate) const fn has_a_site_of_its_own(self) -> bool {
        matches!(self, Self::Planted | Self::EmbeddedKill | Self::DiskFull | Self::TwoWorkers | Self::CleaningUp)
    }

    /// Happens to a site under load, and waits until it is over and got over.
    pub(crate) async fn inject(self, site: &mut Site, load: &Load, size: Size, row: &mut Row) {
        match self {
            Self::KillWorkers => process::kill_workers(site, load, row).await,
            Self::KillApis => process::kill_apis(site, load, row).await,
            Self::RollingRestart => process::rolling_restart(site, load, row).await,
            Self::AbortingJob => process::aborting_job(site, load, row).await,
            Self::ClockOff => process::clock_off(site, load, row).await,
            Self::RedisRestart => store::redis_away(site, load, Duration::from_secs(2), row).await,
            Self::RedisAway => store::redis_away(site, load, size.of(Duration::from_secs(6), store::MINUTE), row).await,
            Self::RedisFlush => store::redis_flush(site, load, row).await,
            Self::RedisStalls => store::redis_stalls(site, load, row).await,
            Self::PostgresRestart => store::postgres_restart(site, load, row).await,
            Self::PostgresCut => store::postgres_cut(site, load, row).await,
            Self::S3Slow => store::s3_slow(site, load, size, row).await,
            Self::S3Errors => store::s3_errors(site, load, size, row).await,
            Self::S3Stalls => store::s3_stalls(site, load, size, row).await,
            Self::CutUploads => client::cut_uploads(site, load, size.of(100, 1000), row).await,
            Self::FiveTimes => ledger::five_times(site, load).await,
            Self::DueAtOnce => ledger::due_at_once(site, load, size.of(2000, 20_000), row).await,
            Self::Planted | Self::EmbeddedKill | Self::DiskFull | Self::TwoWorkers | Self::CleaningUp => {
                unreachable!("{self:?}")
            }
        }
    }

    /// Makes a site of its own, and everything else.
    pub(crate) async fn alone(self, size: Size, seed: u64, row: &mut Row) {
        match self {
            Self::Planted => planted::planted(seed, row).await,
            Self::EmbeddedKill => embedded::kill(size.of(5, 100), seed, row).await,
            Self::DiskFull => embedded::disk_full(seed, row).await,
            Self::TwoWorkers => speed::two_workers(size.of(40, 200), row).await,
            Self::CleaningUp => speed::cleaning_up(size.of(2000, 50_000), row).await,
            _ => unreachable!("{self:?}"),
        }
    }
}

/// Longest wait for what has a bound of its own: what comes too late is told by the bound, what never comes by this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until somebody is answered who asked after `over`, and notes how long that took.
async fn answered(load: &Load, over: Instant, bound: Duration, row: &mut Row) {
    let took = loop {
        let answered = load.company.book.open().answered_after(over);
        if let Some(took) = answered {
            break took;
        }
        assert!(over.elapsed() < PATIENCE, "nobody is answered {} s after the fault", over.elapsed().as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    row.recovered("answered", took, bound);
}

/// Waits until another photo becomes ready after `over`, and notes how long that took.
async fn backlog_moves(site: &Site, over: Instant, bound: Duration, row: &mut Row) {
    let ready = "status = 'ready'";
    let before = site.count("media", ready).await;
    while site.count("media", ready).await <= before {
        assert!(over.elapsed() < PATIENCE, "no photo became ready {} s after the fault", over.elapsed().as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    row.recovered("jobs", over.elapsed(), bound);
}
