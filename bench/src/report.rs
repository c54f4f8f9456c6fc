//! What was found: figures, the floors they stand beside, and the machine they are of.

use std::fmt::Write;
use std::fs;

use serde::Serialize;

use crate::program;

/// One measured number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Which scenario it belongs to.
    pub(crate) scenario: &'static str,
    /// `embedded` or `clustered`.
    pub(crate) stores: &'static str,
    /// What was measured.
    pub(crate) what: String,
    /// The product's number.
    pub(crate) value: f64,
    /// What it is counted in.
    pub(crate) unit: &'static str,
    /// The same thing done with nothing around it, in the same run and unit.
    pub(crate) floor: Option<f64>,
    /// `value / floor`: of a cost the smaller is the better, of a rate the larger.
    pub(crate) ratio: Option<f64>,
}

/// Everything that one run has found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What it ran on, as name and value.
    pub(crate) machine: Vec<(&'static str, String)>,
    /// In the order of their measurement.
    pub(crate) figures: Vec<Figure>,
}

/// Adds the figures of one scenario on one kind of stores.
pub(crate) struct Section<'a> {
    report: &'a mut Report,
    scenario: &'static str,
    stores: &'static str,
}

impl Report {
    /// An empty one, of this machine.
    pub(crate) fn new() -> Self {
        Self { machine: machine(), figures: Vec::new() }
    }

    /// Where a scenario's figures go.
    pub(crate) fn section(&mut self, scenario: &'static str, stores: &'static str) -> Section<'_> {
        eprintln!("{scenario}, {stores} …");
        Section { report: self, scenario, stores }
    }

    /// The figures as a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for (name, value) in &self.machine {
            let _ = writeln!(table, "{name}: {value}");
        }
        table.push_str("\n| scenario | stores | what | value | floor | ratio |\n|---|---|---|---:|---:|---:|\n");
        for figure in &self.figures {
            let value = format!("{} {}", round(figure.value), figure.unit);
            let floor = figure.floor.map(round).unwrap_or_default();
            let ratio = figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let Figure { scenario, stores, what, .. } = figure;
            let _ = writeln!(table, "| {scenario} | {stores} | {what} | {value} | {floor} | {ratio} |");
        }
        table
    }
}

impl Section<'_> {
    /// A figure that stands alone.
    pub(crate) fn add(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        self.push(what.into(), value, unit, None);
    }

    /// A figure beside its floor.
    pub(crate) fn beside(&mut self, what: impl Into<String>, value: f64, unit: &'static str, floor: f64) {
        self.push(what.into(), value, unit, Some(floor));
    }

    fn push(&mut self, what: String, value: f64, unit: &'static str, floor: Option<f64>) {
        let ratio = floor.filter(|floor| *floor > 0.0).map(|floor| value / floor);
        let (scenario, stores) = (self.scenario, self.stores);
        self.report.figures.push(Figure { scenario, stores, what, value, unit, floor, ratio });
    }
}

/// Three or four digits: what such a measurement is good for.
fn round(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn machine() -> Vec<(&'static str, String)> {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    vec![
        ("processor", format!("{} × {cores}", field("/proc/cpuinfo", "model name"))),
        ("memory", field("/proc/meminfo", "MemTotal")),
        ("kernel", kernel.trim().to_owned()),
        ("load before", load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
        (
            "profile",
            match program::profile() {
                Ok(dev) if dev == "dev" => "dev: good for nothing but trying it out".to_owned(),
                other => other.unwrap_or_default(),
            },
        ),
    ]
}

/// The `q`-quantile (0–1) of what was measured: the value that this share of them does not exceed. 0 of nothing.
pub(crate) fn quantile(samples: &mut [f64], q: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let rank = (samples.len() as f64 * q).ceil() as usize;
    samples.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut samples, 0.5), 50.0);
        assert_eq!(quantile(&mut samples, 0.99), 99.0);
        assert_eq!(quantile(&mut samples, 1.0), 100.0);
        assert_eq!(quantile(&mut [7.0], 0.5), 7.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    #[test]
    fn a_figure_without_a_floor_has_no_ratio() {
        let mut report = Report { machine: Vec::new(), figures: Vec::new() };
        let mut section = report.section("feed", "embedded");
        section.add("requests", 10.0, "/s");
        section.beside("requests", 10.0, "/s", 40.0);
        assert_eq!(report.figures[0].ratio, None);
        assert_eq!(report.figures[1].ratio, Some(0.25));
        assert!(report.table().contains("| feed | embedded | requests | 10.0 /s | 40.0 | 0.25 |"));
    }
}
