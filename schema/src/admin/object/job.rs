//! Jobs of the ledger.

use async_graphql::{Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use darkroom_entity::job::{self, State};
use darkroom_service::job::{Queue, admin};

use super::QueueName;
use crate::cursor::{self, List};
use crate::id::Kind;
use crate::page::PageInfo;

/// How far a job is. One that is done is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub(crate) enum JobState {
    /// It runs once its time has come.
    Queued,
    /// A worker has it.
    Running,
    /// It was given up after its last attempt.
    Dead,
}

impl JobState {
    /// Its jobs' list.
    pub(crate) fn list(self) -> List {
        match self {
            Self::Queued => List::WaitingJobs,
            Self::Running => List::RunningJobs,
            Self::Dead => List::DeadJobs,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Job(pub(crate) job::Model);

/// Something that is to be done, or could not be.
#[Object]
impl Job {
    /// Opaque.
    async fn id(&self) -> ID {
        Kind::Job.id(self.0.id)
    }

    /// What kind of job, for instance `media.process`.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The line that it waits in; null if this version knows none of that name.
    async fn queue(&self) -> Option<QueueName> {
        Queue::parse(&self.0.queue).map(QueueName::from)
    }

    /// How far it is.
    async fn state(&self) -> JobState {
        self.0.state.into()
    }

    /// What it is about, as JSON: ids of rows, as the log names them.
    async fn payload(&self) -> String {
        self.0.payload.to_string()
    }

    /// How often it was started.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// Not before then is it started. If it is dead: when it was due the last time.
    async fn run_at(&self) -> DateTime<Utc> {
        self.0.run_at
    }

    /// A worker has it until then, and longer if it lives. Null unless it runs.
    async fn lease_until(&self) -> Option<DateTime<Utc>> {
        self.0.lease_until
    }

    /// Why its last attempt that failed did; at most 1000 characters.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// A job, and its place in the list.
#[derive(Clone, SimpleObject)]
pub(crate) struct JobEdge {
    /// Its place, to be given as `after`.
    cursor: String,
    /// What stands there.
    node: Job,
}

pub(crate) struct JobConnection {
    edges: Vec<JobEdge>,
    /// Where the next page begins, which may be after the last edge.
    next: Option<String>,
    has_previous: bool,
}

impl JobConnection {
    pub(crate) fn new(list: List, page: admin::Jobs, has_previous: bool) -> Self {
        let edge = |row: job::Model| {
            let place = admin::Place { run_at: row.run_at, id: row.id };
            JobEdge { cursor: cursor::encode_job(list, place), node: Job(row) }
        };
        let next = page.next.map(|place| cursor::encode_job(list, place));
        Self { edges: page.rows.into_iter().map(edge).collect(), next, has_previous }
    }
}

/// A page of jobs. One of jobs that wait and have a certain name is looked for among 2,000 jobs at a time: it may be shorter than
/// `first`, even empty, and still have a next page, which begins at `pageInfo.endCursor`.
#[Object]
impl JobConnection {
    /// The page's entries with their cursors.
    async fn edges(&self) -> &[JobEdge] {
        &self.edges
    }

    /// The page's entries.
    async fn nodes(&self) -> Vec<&Job> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page stands in its list.
    async fn page_info(&self) -> PageInfo {
        let last = self.edges.last().map(|edge| edge.cursor.clone());
        let cursors = (self.edges.first().map(|edge| edge.cursor.clone()), self.next.clone().or(last));
        PageInfo::new(cursors, self.next.is_some(), self.has_previous)
    }
}
