//! Timelines inside one process: as many as configured, those longest unused go first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use uuid::Uuid;

use super::contents::Contents;
use super::{BuildToken, Held, Revision, Window};

/// Timelines whose size is looked at to estimate that of all.
const SAMPLE: usize = 100;

/// About what a timeline takes beside its ids: the entry of the map and the value around them, bytes.
const ENTRY: u64 = 300;

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
    contents: Contents,
}

impl LocalTimelines {
    pub(super) fn new(window: usize, most: u64) -> Self {
        // LRU and not the default, which may turn a newcomer away: a timeline just begun must be there to be finished.
        let timelines = Cache::builder().max_capacity(most).eviction_policy(EvictionPolicy::lru()).build();
        Self { timelines, window }
    }

    pub(super) fn push(&self, accounts: &[Uuid], post: Uuid) {
        self.change(accounts, |contents| contents.push(post, self.window));
    }

    pub(super) fn mark(&self, accounts: &[Uuid], author: Uuid) {
        self.change(accounts, |contents| contents.mark(author));
    }

    fn change(&self, accounts: &[Uuid], change: impl Fn(&mut Contents)) {
        for timeline in accounts.iter().filter_map(|account| self.timelines.get(account)) {
            change(&mut lock(&timeline).contents);
        }
    }

    pub(super) fn read(&self, account: Uuid, epoch: i64) -> Option<Window> {
        self.complete(account, epoch, |timeline| timeline.contents.to_window())
    }

    pub(super) fn stands(&self, account: Uuid, epoch: i64) -> bool {
        self.complete(account, epoch, |_| ()).is_some()
    }

    pub(super) fn revise(&self, account: Uuid, revision: &Revision) -> bool {
        let window = self.window;
        let revise = |timeline: &mut Timeline| {
            timeline.contents.revise(revision, window);
            timeline.built.epoch = revision.to;
        };
        self.complete(account, revision.from, revise).is_some()
    }

    /// Runs it on the timeline if that is complete for this epoch.
    fn complete<T>(&self, account: Uuid, epoch: i64, run: impl FnOnce(&mut Timeline) -> T) -> Option<T> {
        let timeline = self.timelines.get(&account)?;
        let mut timeline = lock(&timeline);
        (timeline.complete && timeline.built.epoch == epoch).then(|| run(&mut timeline))
    }

    pub(super) fn begin(&self, account: Uuid, epoch: i64) -> BuildToken {
        let built = BuildToken::new(epoch);
        let timeline = Timeline { built, complete: false, contents: Contents::default() };
        self.timelines.insert(account, Arc::new(Mutex::new(timeline)));
        built
    }

    pub(super) fn finish(&self, account: Uuid, token: &BuildToken, ids: &[Uuid], pulled: &[Uuid]) -> bool {
        let Some(timeline) = self.timelines.get(&account) else { return false };
        let mut timeline = lock(&timeline);
        if timeline.complete || timeline.built != *token {
            return false;
        }
        timeline.contents.add(ids, self.window);
        pulled.iter().for_each(|author| timeline.contents.mark(*author));
        timeline.complete = true;
        true
    }

    pub(super) fn forget(&self, account: Uuid) {
        self.timelines.invalidate(&account);
    }

    /// How many are held and what they take, by the size of some of them. Newcomers and leavers of this moment may be missing.
    pub(super) fn held_now(&self) -> Held {
        let timelines = self.timelines.entry_count();
        let (mut some, mut bytes) = (0, 0);
        for (_, timeline) in self.timelines.iter().take(SAMPLE) {
            some += 1;
            bytes += lock(&timeline).contents.bytes() + ENTRY;
        }
        Held { timelines, bytes: (bytes * timelines).checked_div(some).unwrap_or_default() }
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
