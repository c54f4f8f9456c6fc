//! What processes cost, as Linux counts it under `/proc`.

use std::fs;
use std::time::Instant;

use anyhow::Context;

/// Ticks in a second of `/proc/<pid>/stat`: USER_HZ, 100 on every architecture that Linux's C libraries support.
const TICKS: f64 = 100.0;

/// Resident memory of a process, MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: f64,
    /// The part of it that is the process's own: heap and stacks, without the program's file.
    pub(crate) own: f64,
    /// The most there ever was.
    pub(crate) peak: f64,
}

/// Reads `VmRSS`, `RssAnon` and `VmHWM`.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("a process that was measured has ended")?;
    let mib = |name: &str| -> anyhow::Result<f64> {
        let line = text.lines().find(|line| line.starts_with(name)).context("/proc/<pid>/status lacks a line")?;
        let kib: f64 = line.split_whitespace().nth(1).unwrap_or("0").parse()?;
        Ok(kib / 1024.0)
    };
    Ok(Memory { resident: mib("VmRSS:")?, own: mib("RssAnon:")?, peak: mib("VmHWM:")? })
}

/// CPU seconds of a process, user and system, its ended threads included.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<f64> {
    Ok(stat(pid)?.own)
}

/// CPU seconds of a process and its children, those that have ended included: a PostgreSQL server is such a family.
pub(crate) fn family_cpu(pid: u32) -> anyhow::Result<f64> {
    let head = stat(pid)?;
    let mut sum = head.own + head.ended_children;
    for child in pids().filter(|other| *other != pid) {
        // A process may end between the listing and the look.
        sum += stat(child).ok().filter(|stat| stat.parent == pid).map_or(0.0, |stat| stat.own);
    }
    Ok(sum)
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("a process that was measured has ended")?;
    // The second field is a name in brackets, which may hold anything; after it all are numbers but the first.
    let (_, rest) = text.rsplit_once(')').context("/proc/<pid>/stat has another form")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
    let parent = fields.get(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    Ok(Stat { parent, own: ticks(11) + ticks(12), ended_children: ticks(13) + ticks(14) })
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process that listens on a TCP port of this machine; `None` if there is none, or if it is not ours to look into.
pub(crate) fn listener(port: u16) -> Option<u32> {
    let sockets = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = sockets.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, hex) = fields.get(1)?.split_once(':')?;
        let listens = u16::from_str_radix(hex, 16).ok()? == port && *fields.get(3)? == "0A";
        listens.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
    })?;
    // Children share their parent's socket: the oldest that has it is the parent.
    pids().filter(|pid| holds(*pid, &inode)).min()
}

fn holds(pid: u32, socket: &str) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket))
}

/// Time and CPU of several processes between two moments.
pub(crate) struct Meter {
    begun: Instant,
    pids: Vec<u32>,
    before: Vec<f64>,
}

impl Meter {
    /// Begins with these processes, each with its children.
    pub(crate) fn start(pids: &[u32]) -> anyhow::Result<Self> {
        let before = pids.iter().map(|pid| family_cpu(*pid)).collect::<anyhow::Result<_>>()?;
        Ok(Self { begun: Instant::now(), pids: pids.to_vec(), before })
    }

    /// Seconds since the start, and each process's CPU seconds, in the order of the start.
    pub(crate) fn read(&self) -> anyhow::Result<(f64, Vec<f64>)> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let now = self.pids.iter().map(|pid| family_cpu(*pid)).collect::<anyhow::Result<Vec<f64>>>()?;
        Ok((seconds, now.iter().zip(&self.before).map(|(now, before)| now - before).collect()))
    }
}

/// What other guests of a virtual machine's host have of its cores' time, from one moment on: `steal` of `/proc/stat`, `man 5 proc`.
pub(crate) struct Others {
    stolen: f64,
    all: f64,
}

impl Others {
    /// From now on.
    pub(crate) fn now() -> anyhow::Result<Self> {
        Self::read(&fs::read_to_string("/proc/stat").context("/proc/stat")?)
    }

    /// By the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; what follows these is counted in user and
    /// nice already.
    fn read(stat: &str) -> anyhow::Result<Self> {
        let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
        let ticks: Vec<f64> = fields.map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { stolen: *ticks.get(7).context("/proc/stat has another form")?, all: ticks.iter().sum() })
    }

    /// Their share since then, 0–1.
    pub(crate) fn share(&self) -> anyhow::Result<f64> {
        Ok(self.until(&Self::now()?))
    }

    fn until(&self, later: &Self) -> f64 {
        // Within a tick nothing has passed.
        (later.stolen - self.stolen) / (later.all - self.all).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn finds_this_process_by_its_port_and_sees_its_memory_and_cpu() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let pid = listener(socket.local_addr().unwrap().port()).unwrap();
        assert_eq!(pid, std::process::id());
        let memory = memory(pid).unwrap();
        assert!(memory.own > 0.0 && memory.own < memory.resident && memory.resident <= memory.peak);
        let begun = cpu(pid).unwrap();
        let mut number = 1_u64;
        while cpu(pid).unwrap() < begun + 0.05 {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
    }

    #[test]
    fn other_guests_share_of_the_cores_is_read_from_the_first_line() {
        let before = Others::read("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n").unwrap();
        let after = Others::read("cpu  140 0 60 840 10 0 5 45 7 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n").unwrap();
        assert_eq!(before.until(&after), 0.1);
        assert!(Others::now().is_ok());
        assert!(Others::read("cpu 1 2 3").is_err());
    }
}
