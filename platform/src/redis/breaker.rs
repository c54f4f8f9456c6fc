//! A circuit breaker: after a few failures in a row nobody waits for another one.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fred::error::{Error, ErrorKind};

/// Failures in a row after which calls are refused.
const THRESHOLD: u32 = 3;

/// Pause between two probes while calls are refused.
const PROBE: Duration = Duration::from_secs(1);

/// Counts failures in a row, and lets one caller a second probe once there were too many.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: AtomicU32,
    /// When the next probe may go, milliseconds since `start`.
    probe_at: AtomicU64,
    start: Instant,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: AtomicU32::new(0), probe_at: AtomicU64::new(0), start: Instant::now() }
    }
}

impl Breaker {
    /// Whether a call may be tried.
    pub(super) fn admits(&self) -> bool {
        self.admits_at(self.start.elapsed())
    }

    fn admits_at(&self, now: Duration) -> bool {
        if self.failures.load(Ordering::Relaxed) < THRESHOLD {
            return true;
        }
        let now = now.as_millis() as u64;
        let due = self.probe_at.load(Ordering::Relaxed);
        let next = now + PROBE.as_millis() as u64;
        // Of all who come when a probe is due, one wins.
        now >= due && self.probe_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Takes note of how a call ended. An answer, even a refusal or a pointer to another node, shows that the server is there.
    pub(super) fn record(&self, error: Option<&Error>) {
        self.record_at(error, self.start.elapsed());
    }

    fn record_at(&self, error: Option<&Error>, now: Duration) {
        let unreachable = error.is_some_and(|error| {
            use ErrorKind::{Auth, Backpressure, Canceled, Cluster, IO, Routing, Sentinel, Timeout, Tls};
            matches!(error.kind(), Auth | Backpressure | Canceled | Cluster | IO | Routing | Sentinel | Timeout | Tls)
                && !is_redirect(error)
        });
        if !unreachable {
            self.failures.store(0, Ordering::Relaxed);
        } else if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= THRESHOLD {
            self.probe_at.store((now + PROBE).as_millis() as u64, Ordering::Relaxed);
        }
    }
}

/// Whether a node of a cluster said that another one has the key (MOVED) or will have it (ASK). When the caller hears of it the
/// client has looked anew at who has which keys.
pub(super) fn is_redirect(error: &Error) -> bool {
    // The kind alone is also what it says of nodes that it can't reach.
    *error.kind() == ErrorKind::Routing && error.details().starts_with("Too many redirections")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn fail(breaker: &Breaker, times: u32, now: Duration) {
        for _ in 0..times {
            breaker.record_at(Some(&Error::new(ErrorKind::Timeout, "late")), now);
        }
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let breaker = Breaker::default();
        fail(&breaker, 2, at(0));
        breaker.record_at(None, at(0));
        fail(&breaker, 2, at(0));
        assert!(breaker.admits_at(at(1)));
        fail(&breaker, 1, at(1));
        assert!(!breaker.admits_at(at(2)));
    }

    #[test]
    fn lets_one_probe_a_second_through_and_closes_on_its_success() {
        let breaker = Breaker::default();
        fail(&breaker, 3, at(0));
        assert!(!breaker.admits_at(at(999)));
        assert!(breaker.admits_at(at(1000)));
        assert!(!breaker.admits_at(at(1001)));
        assert!(breaker.admits_at(at(2000)));
        breaker.record_at(None, at(2001));
        assert!(breaker.admits_at(at(2001)));
        assert!(breaker.admits_at(at(2001)));
    }

    #[test]
    fn a_refusal_is_an_answer_and_so_is_another_nodes_address() {
        for (kind, details) in
            [(ErrorKind::InvalidArgument, "WRONGTYPE"), (ErrorKind::Routing, "Too many redirections.")]
        {
            let breaker = Breaker::default();
            fail(&breaker, 2, at(0));
            breaker.record_at(Some(&Error::new(kind, details)), at(0));
            fail(&breaker, 2, at(0));
            assert!(breaker.admits_at(at(1)), "{details}");
        }
    }
}
