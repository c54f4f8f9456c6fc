//! How many jobs of one queue may be in hand at once, and whether anybody still looks for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The places of one queue in this process.
#[derive(Debug)]
pub(crate) struct Slots {
    total: usize,
    taken: AtomicUsize,
    /// When the ledger was last looked at, or a place became free.
    looked: Mutex<Instant>,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Slots>);

impl Slots {
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, taken: AtomicUsize::new(0), looked: Mutex::new(Instant::now()) })
    }

    /// Places without a job.
    pub(crate) fn free(&self) -> usize {
        self.total.saturating_sub(self.taken.load(Ordering::SeqCst))
    }

    pub(crate) fn take(self: &Arc<Self>) -> Slot {
        self.taken.fetch_add(1, Ordering::SeqCst);
        Slot(Arc::clone(self))
    }

    /// Notes that somebody looks for jobs.
    pub(crate) fn look(&self) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether there is room for a job, and nobody has looked for one for `longest`: the worker hangs.
    pub(crate) fn is_stalled(&self, longest: Duration) -> bool {
        self.free() > 0 && self.looked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > longest
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.look();
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Nobody has looked for two minutes.
    fn forget(slots: &Slots) {
        *slots.looked.lock().unwrap() = Instant::now() - 2 * MINUTE;
    }

    #[tokio::test]
    async fn a_full_queue_is_not_stalled_and_an_idle_one_that_nobody_looks_at_is() {
        let slots = Slots::new(1);
        let slot = slots.take();
        forget(&slots);
        assert_eq!(slots.free(), 0);
        assert!(!slots.is_stalled(MINUTE));
        drop(slot);
        assert_eq!(slots.free(), 1);
        assert!(!slots.is_stalled(MINUTE));
        forget(&slots);
        assert!(slots.is_stalled(MINUTE));
        slots.look();
        assert!(!slots.is_stalled(MINUTE));
    }
}
