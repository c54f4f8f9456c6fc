//! What the operating system says of this process, under the names that every exporter gives them. Linux only: elsewhere they
//! are not there.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

/// Their names and forms.
pub(super) const TABLE: &[(&str, MetricType)] = &[
    ("process_cpu_seconds", MetricType::Counter),
    ("process_resident_memory_bytes", MetricType::Gauge),
    ("process_threads", MetricType::Gauge),
    ("process_open_fds", MetricType::Gauge),
    ("process_max_fds", MetricType::Gauge),
];

/// Adds them.
pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

#[derive(Debug)]
struct Process;

/// What `/proc/self/stat` says.
#[derive(Debug, PartialEq)]
struct Stat {
    /// Ticks in user code and in the kernel.
    ticks: u64,
    threads: u64,
    /// Pages in memory.
    pages: u64,
}

impl Stat {
    /// Reads the line. The program's name, the second field, may hold anything: what follows it is counted from its end.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Fields 14, 15, 20 and 24 of proc(5); the third is the first here.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self { ticks: field(14)? + field(15)?, threads: field(20)?, pages: field(24)? })
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        let stat = fs::read_to_string("/proc/self/stat").ok().and_then(|line| Stat::parse(&line));
        if let Some(stat) = &stat {
            let bytes = stat.pages * page_size() as u64;
            gauge("process_resident_memory_bytes", "Memory that this process holds.", bytes)?;
            gauge("process_threads", "Threads of this process.", stat.threads)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Without the one that the look itself has opened.
            gauge("process_open_fds", "File descriptors that are open.", open.count().saturating_sub(1) as u64)?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            gauge("process_max_fds", "File descriptors that may be open.", most)?;
        }
        let Some(stat) = stat else { return Ok(()) };
        let seconds = ConstCounter::new(stat.ticks as f64 / clock_ticks_per_second() as f64);
        let help = "CPU time of this process in user code and in the kernel.";
        seconds.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_moves_nothing() {
        let line = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 5 0 100 4096000 77 18446744073709551615";
        assert_eq!(Stat::parse(line), Some(Stat { ticks: 42, threads: 5, pages: 77 }));
        assert_eq!(Stat::parse("7 (a) S"), None);
    }
}
