//! A program under measurement: a child process that waits for requests, so that many can be asked in turn.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::usage::memory;

/// The first line of a peer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// Its libraries are loaded and the input is not read yet.
    pub(crate) ready: bool,
    /// Its memory now, MiB, if it is not this process's that counts.
    pub(crate) idle: Option<f64>,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// CPU seconds, user and system, of all threads.
    pub(crate) cpu: f64,
    /// Seconds.
    pub(crate) wall: f64,
    /// The most memory so far, MiB, if it is not this process's that counts.
    pub(crate) peak: Option<f64>,
}

/// A running peer. It ends when it is dropped.
pub(crate) struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Resident memory when its libraries were loaded, MiB.
    idle: f64,
    /// The most memory that it has told of, MiB.
    told: Option<f64>,
}

impl Peer {
    /// Starts the program and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take().context("a child without input")?;
        let answers = BufReader::new(child.stdout.take().context("a child without output")?);
        let mut peer = Self { child, requests, answers, idle: 0.0, told: None };
        let greeting: Greeting = serde_json::from_str(&peer.line()?)?;
        ensure!(greeting.ready, "it is not ready");
        peer.idle = match greeting.idle {
            Some(idle) => idle,
            None => memory(peer.child.id())?.resident,
        };
        Ok(peer)
    }

    /// Has it make the renditions `count` times.
    pub(crate) fn run(&mut self, count: usize) -> anyhow::Result<Answer> {
        self.ask(&format!("run {count}"))
    }

    /// Has it put the last renditions into its folder.
    pub(crate) fn write(&mut self) -> anyhow::Result<()> {
        self.ask("write").map(|_| ())
    }

    /// Memory with the libraries loaded, and the most since over it, MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<(f64, f64)> {
        let peak = match self.told {
            Some(peak) => peak,
            None => memory(self.child.id())?.peak,
        };
        Ok((self.idle, peak - self.idle))
    }

    fn ask(&mut self, request: &str) -> anyhow::Result<Answer> {
        writeln!(self.requests, "{request}")?;
        self.requests.flush()?;
        let answer: Answer = serde_json::from_str(&self.line()?)?;
        self.told = answer.peak.or(self.told);
        Ok(answer)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "it ended without an answer");
        Ok(line)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It waits for a request and holds nothing that must be put away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn script(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn answers_come_in_turn_and_memory_is_the_peers_own_word_if_it_gives_one() {
        let mut peer = Peer::start(script(
            r#"echo '{"ready":true,"idle":10}'
            while read word count; do echo "{\"cpu\":$count.5,\"wall\":1,\"peak\":42}"; done"#,
        ))
        .unwrap();
        assert_eq!(peer.run(3).unwrap().cpu, 3.5);
        assert_eq!(peer.run(4).unwrap().cpu, 4.5);
        assert_eq!(peer.memory().unwrap(), (10.0, 32.0));
    }

    #[test]
    fn one_that_ends_is_an_error_and_not_a_wait() {
        assert!(Peer::start(script("exit 3")).is_err());
        let mut peer = Peer::start(script(r#"echo '{"ready":true}'; read request"#)).unwrap();
        assert!(peer.run(1).is_err());
    }
}
