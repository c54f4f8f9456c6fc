//! Timelines inside one process: as many as configured, those longest unused go first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

use super::{BuildToken, Window};

/// Sorted id lists under an LRU.
#[derive(Debug, Clone)]
pub struct LocalTimelines {
    timelines: Cache<Uuid, Arc<Mutex<Timeline>>>,
    window: usize,
}

#[derive(Debug)]
struct Timeline {
    built: BuildToken,
    complete: bool,
    /// Oldest first, so that a new post goes to the end.
    ids: Vec<Uuid>,
}

impl Timeline {
    fn add(&mut self, id: Uuid, window: usize) {
        if let Err(place) = self.ids.binary_search(&id) {
            self.ids.insert(place, id);
            if self.ids.len() > window {
                self.ids.remove(0);
            }
        }
    }
}

impl LocalTimelines {
    pub(super) fn new(window: usize, most: u64) -> Self {
        // LRU and not the default, which may turn a newcomer away: a timeline just begun must be there to be finished.
        let timelines = Cache::builder().max_capacity(most).eviction_policy(EvictionPolicy::lru()).build();
        Self { timelines, window }
    }

    pub(super) fn push(&self, accounts: &[Uuid], post: Uuid) {
        for account in accounts {
            if let Some(timeline) = self.timelines.get(account) {
                lock(&timeline).add(post, self.window);
            }
        }
    }

    pub(super) fn read(&self, account: Uuid, epoch: i64) -> Option<Window> {
        let timeline = self.timelines.get(&account)?;
        let timeline = lock(&timeline);
        (timeline.complete && timeline.built.epoch == epoch).then(|| Window {
            ids: timeline.ids.iter().rev().copied().collect(),
            full: timeline.ids.len() >= self.window,
        })
    }

    pub(super) fn begin(&self, account: Uuid, epoch: i64) -> BuildToken {
        let built = BuildToken::new(epoch);
        let timeline = Timeline { built, complete: false, ids: Vec::new() };
        self.timelines.insert(account, Arc::new(Mutex::new(timeline)));
        built
    }

    pub(super) fn finish(&self, account: Uuid, token: &BuildToken, ids: &[Uuid]) -> bool {
        let Some(timeline) = self.timelines.get(&account) else { return false };
        let mut timeline = lock(&timeline);
        if timeline.complete || timeline.built != *token {
            return false;
        }
        timeline.ids.extend_from_slice(ids);
        timeline.ids.sort_unstable();
        timeline.ids.dedup();
        let surplus = timeline.ids.len().saturating_sub(self.window);
        timeline.ids.drain(..surplus);
        timeline.ids.shrink_to_fit();
        timeline.complete = true;
        true
    }

    pub(super) fn forget(&self, account: Uuid) {
        self.timelines.invalidate(&account);
    }

    /// How many are held, after what is due to go has gone.
    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.timelines.run_pending_tasks();
        self.timelines.entry_count()
    }
}

fn lock(timeline: &Mutex<Timeline>) -> MutexGuard<'_, Timeline> {
    timeline.lock().unwrap_or_else(PoisonError::into_inner)
}
