//! The lines in which jobs wait.

use async_graphql::{Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_service::job::{self, admin};

/// Which line a job waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "job::Queue")]
pub(crate) enum QueueName {
    /// Somebody waits for it; the heartbeat by which `/readyz` knows that workers are there is among them.
    Interactive,
    /// Posts on their way to followers, and notifications.
    FanOut,
    /// Nobody waits for it.
    Bulk,
}

/// A number that is not counted beyond 10,000.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct BoundedCount {
    /// How many, at most 10,000.
    number: i32,
    /// Whether there are more than that.
    is_least: bool,
}

impl From<admin::Count> for BoundedCount {
    fn from(count: admin::Count) -> Self {
        Self { number: i32::try_from(count.number).unwrap_or(i32::MAX), is_least: count.is_least }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Queue(pub(crate) admin::Standing);

/// A line in which jobs wait.
#[Object]
impl Queue {
    /// Which.
    async fn name(&self) -> QueueName {
        self.0.queue.into()
    }

    /// Jobs that wait, those for later among them: recurring ones, retries, ends of stories.
    async fn waiting(&self) -> BoundedCount {
        self.0.waiting.into()
    }

    /// Of these, those whose time has come.
    async fn due(&self) -> BoundedCount {
        self.0.due.into()
    }

    /// Jobs that workers have.
    async fn running(&self) -> BoundedCount {
        self.0.running.into()
    }

    /// Jobs that were given up.
    async fn dead(&self) -> BoundedCount {
        self.0.dead.into()
    }

    /// When the job that waits longest became due; null if none is due.
    async fn oldest_due_at(&self) -> Option<DateTime<Utc>> {
        self.0.oldest_due_at
    }

    /// Since when no job of it is started; null if it goes on.
    async fn paused_at(&self) -> Option<DateTime<Utc>> {
        self.0.paused_at
    }
}
