//! What was found, as tables for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde::Serialize;

use crate::bound::{self, Bound};
use crate::measure::Measurement;
use crate::program::Program;

/// Everything of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What it ran on and with, as name and value.
    pub(crate) setting: Vec<(&'static str, String)>,
    pub(crate) inputs: Vec<Section>,
}

/// One input.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Of its file.
    pub(crate) bytes: usize,
    pub(crate) programs: Vec<Measurement>,
    /// Darkroom's CPU ÷ each other program's: the median over the rounds.
    pub(crate) ratios: BTreeMap<Program, f64>,
    /// What Darkroom promises.
    pub(crate) bounds: Vec<Bound>,
}

impl Section {
    /// Compares, and keeps all.
    pub(crate) fn new(name: String, (width, height): (usize, usize), bytes: usize, programs: Vec<Measurement>) -> Self {
        let bounds = bound::check(&programs);
        let mut section = Self { name, width, height, bytes, programs, ratios: BTreeMap::new(), bounds };
        if let Some(darkroom) = section.of(Program::Darkroom) {
            let others = section.programs.iter().filter(|other| other.program != Program::Darkroom);
            section.ratios = others.map(|other| (other.program, darkroom.ratio(other))).collect();
        }
        section
    }

    /// Its name, pixels and bytes.
    pub(crate) fn title(&self) -> String {
        format!("{} ({} × {}, {:.1} MB)", self.name, self.width, self.height, self.bytes as f64 / 1e6)
    }

    /// What one program needed, if it was measured.
    pub(crate) fn of(&self, program: Program) -> Option<&Measurement> {
        self.programs.iter().find(|measurement| measurement.program == program)
    }
}

impl Report {
    /// The tables, as Markdown.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.setting {
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push('\n');
        self.costs(&mut text);
        text.push('\n');
        self.bounds(&mut text);
        text.push('\n');
        self.qualities(&mut text);
        text
    }

    fn costs(&self, text: &mut String) {
        text.push_str("| input | program | CPU a photo | Darkroom ÷ it | time a photo | memory over idle | idle |\n");
        text.push_str("|---|---|---:|---:|---:|---:|---:|\n");
        for section in &self.inputs {
            for measurement in &section.programs {
                let ratio = section.ratios.get(&measurement.program).map(|ratio| format!("{ratio:.2}"));
                let _ = writeln!(
                    text,
                    "| {} | {}{} | {:.1} ms | {} | {:.1} ms | {:.1} MiB | {:.1} MiB |",
                    section.title(),
                    measurement.program.title(),
                    if measurement.threads.is_none() { " (its own threads)" } else { "" },
                    measurement.median_cpu * 1e3,
                    ratio.unwrap_or_default(),
                    measurement.median_wall * 1e3,
                    measurement.over_idle,
                    measurement.idle,
                );
            }
        }
    }

    fn bounds(&self, text: &mut String) {
        text.push_str("| input | bound | value | at | |\n|---|---|---:|---:|---|\n");
        for section in &self.inputs {
            for bound in &section.bounds {
                let Bound { what, value, sign, limit, holds, digits } = bound;
                let mark = if *holds { "holds" } else { "**missed**" };
                let digits = *digits;
                let _ = writeln!(
                    text,
                    "| {} | {what} | {value:.digits$} | {sign} {limit:.digits$} | {mark} |",
                    section.name
                );
            }
        }
    }

    fn qualities(&self, text: &mut String) {
        text.push_str("| input | rendition | program | size | bytes | SSIM | SSIMULACRA 2 |\n");
        text.push_str("|---|---|---|---|---:|---:|---:|\n");
        for section in &self.inputs {
            for at in 0..3 {
                for measurement in &section.programs {
                    let Some(judged) = measurement.renditions.get(at) else { continue };
                    let _ = writeln!(
                        text,
                        "| {} | {} | {} | {} × {} | {} | {:.5} | {:.2} |",
                        section.name,
                        judged.size,
                        measurement.program.title(),
                        judged.width,
                        judged.height,
                        judged.bytes,
                        judged.ssim,
                        judged.ssimulacra2,
                    );
                }
            }
        }
    }
}

/// The machine, as name and value.
pub(crate) fn machine() -> Vec<(&'static str, String)> {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let profile = if cfg!(debug_assertions) { "dev: good for nothing but trying it out" } else { "release" };
    vec![
        ("processor", format!("{} × {cores}", field("/proc/cpuinfo", "model name"))),
        ("kernel", kernel.trim().to_owned()),
        ("load before", load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
        ("profile", profile.to_owned()),
    ]
}
