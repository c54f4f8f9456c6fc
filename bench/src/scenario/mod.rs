//! What is measured.

pub(crate) mod attack;
mod commands;
pub(crate) mod fan_out;
pub(crate) mod feed;
pub(crate) mod growth;
pub(crate) mod job;
pub(crate) mod like;
pub(crate) mod rush;
pub(crate) mod socket;
pub(crate) mod upload;

use std::time::{Duration, Instant};

use crate::population::Shape;
use crate::program::Deployment;
use crate::report::Section;
use crate::usage::memory;
use growth::Sizes;

/// How much is done: bounded, in count or in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Photos, one after another; and as many again, several at once.
    pub(crate) photos: usize,
    /// Followers of an author, one number after the other.
    pub(crate) followers: &'static [usize],
    /// Timelines that get a post, in all, for each of these numbers.
    pub(crate) pushes: usize,
    /// What feed pages are read from.
    pub(crate) shape: Shape,
    /// How far cities grow, where that is measured.
    pub(crate) sizes: Sizes,
    /// How long feed pages are asked for.
    pub(crate) reading: Duration,
    /// Posts that go to very many.
    pub(crate) rush: Rush,
    /// Jobs.
    pub(crate) jobs: usize,
    /// Likes of one post, and of another as their floor.
    pub(crate) likes: usize,
    /// People who listen to one post.
    pub(crate) listeners: usize,
    /// Comments that all of them hear.
    pub(crate) comments: usize,
}

/// Posts by one person, all at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rush {
    /// Who follow them.
    pub(crate) followers: usize,
    /// How many posts go to each of these.
    pub(crate) posts: usize,
}

impl Effort {
    /// A few minutes in all on two cores: the feed takes two on each kind of stores.
    pub(crate) const SHORT: Self = Self {
        shape: Shape { people: 2000, follows: 100, posts: 20_000, likes: 100_000, readers: None },
        sizes: Sizes::SHORT,
        photos: 16,
        followers: &[1000, 10_000, 100_000],
        pushes: 100_000,
        reading: Duration::from_secs(5),
        rush: Rush { followers: 100_000, posts: 20 },
        jobs: 10_000,
        likes: 4000,
        listeners: 5000,
        comments: 5,
    };
    /// The feed alone takes ten minutes on PostgreSQL and Redis.
    pub(crate) const LONG: Self = Self {
        shape: Shape { people: 10_000, follows: 200, posts: 100_000, likes: 1_000_000, readers: None },
        sizes: Sizes::LONG,
        photos: 150,
        followers: &[1000, 10_000, 100_000, 1_000_000],
        pushes: 2_000_000,
        reading: Duration::from_secs(40),
        rush: Rush { followers: 100_000, posts: 120 },
        jobs: 60_000,
        likes: 40_000,
        listeners: 10_000,
        comments: 40,
    };
}

/// How long a program is left alone before its idle memory is read.
const REST: Duration = Duration::from_secs(2);

/// The longest that is waited for a program to give back what it does not need any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program's own memory, MiB, when it has come to rest: when it has not fallen for three rests.
async fn memory_at_rest(pid: u32) -> anyhow::Result<f64> {
    let (mut least, mut since, begun) = (f64::MAX, 0, Instant::now());
    while since < 3 && begun.elapsed() < PATIENCE {
        tokio::time::sleep(REST).await;
        let now = memory(pid)?.own;
        // Less than a thousandth is no fall.
        since = if now < least * 0.999 { 0 } else { since + 1 };
        least = least.min(now);
    }
    Ok(least)
}

/// Resident memory of each program while it has nothing to do; `when` says after what.
async fn idle_memory(section: &mut Section<'_>, deployment: &Deployment, when: &str) -> anyhow::Result<()> {
    tokio::time::sleep(REST).await;
    for program in &deployment.programs {
        let memory = memory(program.pid())?;
        section.add(format!("memory of {}, {when}", program.name), memory.resident, "MiB");
        section.add(format!("memory of {}, {when}, without the program's file", program.name), memory.own, "MiB");
    }
    Ok(())
}

/// The most that each program has held since its start, and what it holds after a rest.
async fn loaded_memory(section: &mut Section<'_>, deployment: &Deployment) -> anyhow::Result<()> {
    tokio::time::sleep(REST).await;
    for program in &deployment.programs {
        let memory = memory(program.pid())?;
        section.add(format!("memory of {}, peak under this load", program.name), memory.peak, "MiB");
        section.add(format!("memory of {}, afterwards", program.name), memory.resident, "MiB");
    }
    Ok(())
}
