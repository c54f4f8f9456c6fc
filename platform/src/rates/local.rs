//! Buckets of one process.

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Ask, LONGEST, Verdict, drawn};

/// Which bucket: the policy's name and the subject.
pub(super) type Key = (&'static str, u128);

/// The moments at which buckets will be full again. When there are too many, the one that was left alone longest is forgotten:
/// whoever goes on asking is remembered.
#[derive(Debug, Clone)]
pub struct LocalRates {
    /// Microseconds since 1970.
    full_at: Cache<Key, i64>,
}

impl LocalRates {
    /// At most so many buckets.
    pub(super) fn new(buckets: u64) -> Self {
        Self { full_at: bounded(buckets) }
    }

    pub(super) fn take(&self, now: i64, ask: &Ask) -> Verdict {
        let Ask { policy, subject, points } = ask;
        if policy.quota == 0 {
            return policy.unlimited();
        }
        let (window, increment) = (policy.micros(), policy.increment(*points));
        let mut allowed = false;
        // One at a time for each key.
        let entry = self.full_at.entry((policy.name, *subject)).and_upsert_with(|before| {
            let before = before.map_or(now, moka::Entry::into_value);
            let after = drawn(before, now, increment, window);
            allowed = after.is_some();
            after.unwrap_or(before)
        });
        policy.verdict(allowed, entry.into_value(), now, *points)
    }

    pub(super) fn give_back(&self, now: i64, ask: &Ask) {
        let Ask { policy, subject, points } = ask;
        let increment = policy.increment(*points);
        let entry = self.full_at.entry((policy.name, *subject));
        entry.and_upsert_with(|before| before.map_or(now, |before| before.into_value() - increment));
    }

    #[cfg(test)]
    pub(super) fn apart(&self) -> Self {
        let apart = Self::new(1000);
        for (key, full_at) in &self.full_at {
            apart.full_at.insert(*key, full_at);
        }
        apart
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.full_at.run_pending_tasks();
        self.full_at.entry_count()
    }
}

/// What is kept of a bounded number of buckets, until they are full anyway.
pub(super) fn bounded<V: Clone + Send + Sync + 'static>(buckets: u64) -> Cache<Key, V> {
    Cache::builder().max_capacity(buckets).time_to_idle(LONGEST).eviction_policy(EvictionPolicy::lru()).build()
}
