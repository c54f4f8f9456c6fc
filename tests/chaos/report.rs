//! The table: fault × runs × acknowledged × lost × doubled × wrong × recovery.

use std::any::Any;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::check::Findings;
use crate::fault::Fault;

/// Findings of one kind that are printed.
const SHOWN: usize = 12;

/// What became of one fault.
pub(crate) struct Row {
    name: &'static str,
    runs: u32,
    /// Changes that were acknowledged while it was at work, and shortly before and after.
    pub(crate) acknowledged: u64,
    findings: Findings,
    /// What each recovery is, the longest that was measured, and the longest that is allowed.
    recoveries: Vec<(&'static str, Duration, Duration)>,
    notes: Vec<String>,
    skipped: Option<String>,
    broke: Option<String>,
    took: Duration,
}

impl Row {
    pub(crate) fn of(fault: Fault, runs: u32) -> Self {
        Self {
            name: fault.name(),
            runs,
            acknowledged: 0,
            findings: Findings::default(),
            recoveries: Vec::new(),
            notes: Vec::new(),
            skipped: None,
            broke: None,
            took: Duration::ZERO,
        }
    }

    /// Notes how long something took to recover. It must be within `bound`.
    pub(crate) fn recovered(&mut self, what: &'static str, took: Duration, bound: Duration) {
        match self.recoveries.iter_mut().find(|(known, _, _)| *known == what) {
            Some((_, longest, _)) => *longest = took.max(*longest),
            None => self.recoveries.push((what, took, bound)),
        }
    }

    /// Notes something worth knowing, once.
    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Notes something that must not be.
    pub(crate) fn wrong(&mut self, what: String) {
        self.findings.wrong.push(what);
    }

    /// Says that it can't be run here.
    pub(crate) fn skip(&mut self, why: &str) {
        self.skipped = Some(why.to_owned());
    }

    pub(crate) fn found(&mut self, found: Findings) {
        self.findings.lost.extend(found.lost);
        self.findings.doubled.extend(found.doubled);
        self.findings.wrong.extend(found.wrong);
    }

    pub(crate) fn took(&mut self, time: Duration) {
        self.took += time;
    }

    /// Notes that a run broke off, with what it said.
    pub(crate) fn broke(&mut self, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        self.broke = Some(text.unwrap_or("a panic without words").to_owned());
    }

    fn late(&self) -> impl Iterator<Item = &(&'static str, Duration, Duration)> {
        self.recoveries.iter().filter(|(_, took, bound)| took > bound)
    }

    pub(crate) fn skipped(&self) -> bool {
        self.skipped.is_some()
    }

    pub(crate) fn failed(&self) -> bool {
        let Findings { lost, doubled, wrong } = &self.findings;
        let all = lost.len() + doubled.len() + wrong.len();
        self.broke.is_some() || all > 0 || self.late().next().is_some()
    }

    /// Whether it failed by time alone: nothing was lost, doubled or wrong.
    pub(crate) fn only_late(&self) -> bool {
        let Findings { lost, doubled, wrong } = &self.findings;
        self.failed() && lost.is_empty() && doubled.is_empty() && wrong.is_empty()
    }

    /// What took too long, or broke off.
    pub(crate) fn lateness(&self) -> String {
        let late = self.late().map(|(what, took, _)| format!("{what} {:.1} s", took.as_secs_f64()));
        late.chain(self.broke.clone()).collect::<Vec<_>>().join(", ")
    }

    fn verdict(&self) -> &'static str {
        match (self.failed(), self.skipped()) {
            (true, _) => "FAILED",
            (false, true) => "skipped",
            (false, false) => "ok",
        }
    }

    fn recovery(&self) -> String {
        let each = self.recoveries.iter().map(|(what, took, _)| format!("{what} {:.1} s", took.as_secs_f64()));
        let all: Vec<String> = each.collect();
        if all.is_empty() { "–".to_owned() } else { all.join(", ") }
    }

    /// Prints it, with everything that was found.
    pub(crate) fn print(&self) {
        let Findings { lost, doubled, wrong } = &self.findings;
        println!(
            "{:8} {:24} {:.0} s; {} acknowledged; {}",
            self.verdict(),
            self.name,
            self.took.as_secs_f64(),
            self.acknowledged,
            self.recovery()
        );
        for (kind, found) in [("lost", lost), ("doubled", doubled), ("wrong", wrong)] {
            found.iter().take(SHOWN).for_each(|what| println!("           {kind}: {what}"));
            if found.len() > SHOWN {
                println!("           {kind}: {} more", found.len() - SHOWN);
            }
        }
        for (what, took, bound) in self.late() {
            println!(
                "           late: {what} after {:.1} s, {:.0} s are allowed",
                took.as_secs_f64(),
                bound.as_secs_f64()
            );
        }
        for line in self.broke.iter().chain(&self.skipped).chain(&self.notes) {
            println!("           {line}");
        }
    }

    fn line(&self) -> String {
        let Findings { lost, doubled, wrong } = &self.findings;
        let counts = format!("{} | {} | {} | {}", self.acknowledged, lost.len(), doubled.len(), wrong.len());
        format!("| {} | {} | {counts} | {} | {} |", self.name, self.runs, self.recovery(), self.verdict())
    }

    fn json(&self) -> Value {
        let Findings { lost, doubled, wrong } = &self.findings;
        let recoveries: serde_json::Map<String, Value> =
            self.recoveries.iter().map(|(what, took, _)| ((*what).to_owned(), json!(took.as_secs_f64()))).collect();
        json!({ "fault": self.name, "runs": self.runs, "acknowledged": self.acknowledged, "lost": lost, "doubled": doubled,
            "wrong": wrong, "recoverySeconds": recoveries, "notes": self.notes, "skipped": self.skipped,
            "broke": self.broke, "seconds": self.took.as_secs_f64(), "verdict": self.verdict() })
    }
}

/// All faults of a run.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    /// Writes the table to `target/chaos` and to standard output. Fails if a fault was not survived.
    pub(crate) fn end(self) -> ExitCode {
        let mut table = String::from(
            "| Fault | Runs | Acknowledged | Lost | Doubled | Wrong | Recovery, the longest | |\n|---|---|---|---|---|---|---|---|\n",
        );
        self.0.iter().for_each(|row| writeln!(table, "{}", row.line()).unwrap());
        let json: Vec<Value> = self.0.iter().map(Row::json).collect();
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("report.md"), &table).unwrap();
        std::fs::write(folder.join("report.json"), serde_json::to_string_pretty(&json).unwrap()).unwrap();
        println!("\n{table}\nwritten to {}", folder.display());
        let of = |verdict: &str| self.0.iter().filter(|row| row.verdict() == verdict).count();
        let (passed, failed, skipped) = (of("ok"), of("FAILED"), of("skipped"));
        let word = if failed == 0 { "ok" } else { "FAILED" };
        // The line that the test script adds up.
        println!("test result: {word}. {passed} passed; {failed} failed; {skipped} ignored");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// `target/chaos`, beside the folder of the build that this program belongs to.
fn folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().join("chaos")
}
