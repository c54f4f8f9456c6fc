//! What workers have done.

use async_graphql::SimpleObject;
use darkroom_service::job;
use darkroom_service::job::tally::Tally;

use super::QueueName;

/// What all workers together have done in a queue.
#[derive(Debug, Clone, Copy, SimpleObject)]
pub(crate) struct Work {
    /// Where.
    queue: Option<QueueName>,
    /// In how many minutes: the last whole ones.
    minutes: i32,
    /// Jobs that are done.
    done: i32,
    /// Runs that failed, the last ones of jobs that are dead among them.
    failed: i32,
}

impl Work {
    pub(crate) fn new(queue: &str, minutes: i32, Tally { done, failed }: Tally) -> Self {
        let bounded = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        let queue = job::Queue::parse(queue).map(QueueName::from);
        Self { queue, minutes, done: bounded(done), failed: bounded(failed) }
    }
}
