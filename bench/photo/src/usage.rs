//! CPU time and memory, as Linux counts them.

use std::fs;
use std::time::Instant;

use anyhow::Context;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// CPU and time since a moment, of this process with all its threads and the children that it has waited for.
pub(crate) struct Meter {
    begun: Instant,
    cpu: f64,
}

impl Meter {
    /// Begins now.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Ok(Self { cpu: cpu()?, begun: Instant::now() })
    }

    /// CPU seconds and seconds since the start.
    pub(crate) fn read(&self) -> anyhow::Result<(f64, f64)> {
        let wall = self.begun.elapsed().as_secs_f64();
        Ok((cpu()? - self.cpu, wall))
    }
}

fn cpu() -> anyhow::Result<f64> {
    let seconds = |usage: Usage| {
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        microseconds as f64 / 1e6
    };
    Ok(seconds(getrusage(UsageWho::RUSAGE_SELF)?) + seconds(getrusage(UsageWho::RUSAGE_CHILDREN)?))
}

/// The most memory that any child which was waited for has had, MiB.
pub(crate) fn children_peak() -> anyhow::Result<f64> {
    Ok(getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() as f64 / 1024.0)
}

/// Resident memory of a process, MiB.
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: f64,
    /// The most there ever was.
    pub(crate) peak: f64,
}

/// Reads `VmRSS` and `VmHWM`.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("a process that was measured has ended")?;
    let mib = |name: &str| -> anyhow::Result<f64> {
        let line = text.lines().find(|line| line.starts_with(name)).context("/proc/<pid>/status lacks a line")?;
        let kib: f64 = line.split_whitespace().nth(1).unwrap_or("0").parse()?;
        Ok(kib / 1024.0)
    };
    Ok(Memory { resident: mib("VmRSS:")?, peak: mib("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn work_takes_cpu_and_memory_is_seen() {
        let meter = Meter::start().unwrap();
        let mut number = 1_u64;
        while meter.read().unwrap().0 < 0.02 {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > 0.5 && memory.resident <= memory.peak);
    }

    #[test]
    fn a_child_that_ended_counts() {
        let before = children_peak().unwrap();
        assert!(std::process::Command::new("sh").args(["-c", "true"]).status().unwrap().success());
        let after = children_peak().unwrap();
        assert!(after >= before && after > 0.1);
    }
}
