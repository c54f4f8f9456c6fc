//! The processes that a test has started, by the kernel's account.

use std::process::Command;
use std::time::{Duration, Instant};

/// Children of this process that run `darkroom-test-decoder`, the dead and not yet reaped among them, in order.
pub(crate) fn children() -> Vec<u32> {
    children_of(std::process::id())
}

/// Children of a process.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let numbers =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let mut found: Vec<u32> = numbers.filter(|id| stat(*id).is_some_and(|stat| stat.parent == parent)).collect();
    found.sort_unstable();
    found
}

/// What the kernel tells of a process.
struct Stat {
    state: char,
    parent: u32,
    /// CPU time, in clock ticks.
    ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
    Some(Stat { state: fields[0].chars().next()?, parent: fields[1].parse().ok()?, ticks })
}

/// Whether it has ended, reaped or not.
pub(crate) fn is_dead(id: u32) -> bool {
    stat(id).is_none_or(|stat| stat.state == 'Z')
}

/// Whether it has computed for a tenth of a second, which starting does not take.
pub(crate) fn is_busy(id: u32) -> bool {
    stat(id).is_some_and(|stat| stat.ticks >= 10)
}

/// Resident memory in bytes.
pub(crate) fn pages(id: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Sends a signal by name.
pub(crate) fn signal(id: u32, name: &str) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status().unwrap().success());
}

/// Ends it at once.
pub(crate) fn kill(id: u32) {
    signal(id, "KILL");
}

/// Waits until it holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
