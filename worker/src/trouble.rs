//! Living through an outage: growing pauses, and a few lines in the log instead of thousands.

use std::fmt::Write as _;
use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

/// The pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause, before jitter.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A trouble that lasts is mentioned once in so long.
const MENTION_EVERY: Duration = Duration::from_secs(30);

/// One thing that may fail again and again, and how often that has been said.
#[derive(Debug)]
pub(crate) struct Trouble {
    what: &'static str,
    pause: Duration,
    since: Option<Instant>,
    mentioned: Option<Instant>,
}

impl Trouble {
    /// `what` completes the log line: "the ledger does not answer".
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, pause: FIRST_PAUSE, since: None, mentioned: None }
    }

    /// Notes a failure; gives the pause to make before the next try: 0.2 s to 5 s, a quarter more or less.
    pub(crate) fn failed(&mut self, error: &str) -> Duration {
        let now = Instant::now();
        self.since.get_or_insert(now);
        if self.mentioned.is_none_or(|last| now.duration_since(last) >= MENTION_EVERY) {
            tracing::warn!(error, "{}; trying again", self.what);
            self.mentioned = Some(now);
        }
        let pause = self.pause.mul_f64(rand::rng().random_range(0.75..1.25));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        pause
    }

    /// Notes that it works.
    pub(crate) fn over(&mut self) {
        self.pause = FIRST_PAUSE;
        if let Some(since) = self.since.take()
            && self.mentioned.is_some_and(|last| last >= since)
        {
            tracing::info!("over after {:.1} s: {}", since.elapsed().as_secs_f64(), self.what);
        }
    }
}

/// An error with its causes in one line, for logs and for the ledger. What a cause merely repeats is left out.
pub(crate) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            let _ = write!(text, ": {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_anew() {
        let mut trouble = Trouble::new("nothing answers");
        let pauses: Vec<Duration> = (0..8).map(|_| trouble.failed("away")).collect();
        assert!(pauses[0] < FIRST_PAUSE.mul_f64(1.25));
        assert!(pauses[7] >= LONGEST_PAUSE.mul_f64(0.75));
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE.mul_f64(1.25)));
        trouble.over();
        assert!(trouble.failed("away") <= FIRST_PAUSE.mul_f64(1.25));
    }

    #[test]
    fn a_reason_names_each_cause_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("internal error")]
        struct Outer(#[source] Middle);
        #[derive(Debug, thiserror::Error)]
        #[error("query failed: no such table")]
        struct Middle(#[source] std::io::Error);
        let error = Outer(Middle(std::io::Error::other("no such table")));
        assert_eq!(reason(&error), "internal error: query failed: no such table");
    }
}
