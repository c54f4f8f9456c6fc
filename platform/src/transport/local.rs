//! Hints inside one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::CAPACITY;

/// A bounded queue for each name.
#[derive(Debug, Clone, Default)]
pub struct LocalTransport {
    queues: Arc<Mutex<HashMap<String, Arc<Queue>>>>,
}

#[derive(Debug, Default)]
struct Queue {
    ids: Mutex<VecDeque<Uuid>>,
    arrived: Notify,
}

impl Queue {
    fn push(&self, new: &[Uuid]) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let room = CAPACITY - ids.len().min(CAPACITY);
        ids.extend(new.iter().take(room));
    }

    fn pop(&self, max: usize) -> Vec<Uuid> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let count = ids.len().min(max);
        let taken = ids.drain(..count).collect();
        let rest = !ids.is_empty();
        drop(ids);
        // One arrival wakes one taker; what it leaves is the next one's.
        if rest {
            self.arrived.notify_one();
        }
        taken
    }
}

impl LocalTransport {
    fn queue(&self, name: &str) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(name) {
            return Arc::clone(queue);
        }
        Arc::clone(queues.entry(name.to_owned()).or_default())
    }

    pub(super) fn announce(&self, queue: &str, ids: &[Uuid]) {
        if !ids.is_empty() {
            let queue = self.queue(queue);
            queue.push(ids);
            queue.arrived.notify_one();
        }
    }

    pub(super) async fn take(&self, queue: &str, max: usize, wait: Duration) -> Vec<Uuid> {
        let queue = self.queue(queue);
        let deadline = Instant::now() + wait;
        loop {
            let taken = queue.pop(max);
            if !taken.is_empty() || max == 0 {
                return taken;
            }
            if tokio::time::timeout_at(deadline, queue.arrived.notified()).await.is_err() {
                return queue.pop(max);
            }
        }
    }

    pub(super) fn is_idle(&self, queue: &str) -> bool {
        self.queue(queue).ids.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
