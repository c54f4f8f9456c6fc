//! A change: rows, the jobs that follow from it and the events that tell of it, all or nothing.

use chrono::{DateTime, Utc};
use darkroom_platform::database;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::feed::{self, Change};
use crate::job::{self, Job, Queue};

/// A write transaction that remembers what to say after it has been committed.
///
/// Jobs are rows written in the same transaction; their ids are announced on the transport only after the commit, in a
/// task of its own, so that a dead Redis holds nobody. If the announcement is lost, the sweep makes up for it.
pub struct Transaction<'a> {
    app: &'a App,
    inner: database::Transaction,
    due: Vec<(Queue, Uuid)>,
    events: Vec<(String, String)>,
    timelines: Vec<Change>,
    /// What came of the step that this change is.
    outcome: Option<Uuid>,
}

impl<'a> Transaction<'a> {
    pub(crate) async fn begin(app: &'a App) -> Result<Self> {
        let inner = app.database.begin().await?;
        Ok(Self { app, inner, due: Vec::new(), events: Vec::new(), timelines: Vec::new(), outcome: None })
    }

    /// Where this change's statements go.
    pub fn rows(&self) -> &database::Transaction {
        self.inner.connection()
    }

    /// The application that began it.
    pub fn app(&self) -> &'a App {
        self.app
    }

    /// Writes a job that is due at once.
    pub async fn enqueue<J: Job>(&mut self, job: &J) -> Result<()> {
        let now = self.app.clock.now();
        if let Some(id) = job::ledger::insert(self.rows(), &self.app.clock, job, now).await? {
            self.due.push((J::QUEUE, id));
        }
        Ok(())
    }

    /// Writes a job that is due later; the sweep will announce it.
    pub async fn enqueue_at<J: Job>(&mut self, job: &J, run_at: DateTime<Utc>) -> Result<()> {
        job::ledger::insert(self.rows(), &self.app.clock, job, run_at).await?;
        Ok(())
    }

    /// Announces a job whose row this change makes due again.
    pub(crate) fn announce(&mut self, queue: Queue, id: Uuid) {
        self.due.push((queue, id));
    }

    /// Tells those who listen to `topic`, once the change is there to be read.
    pub fn emit(&mut self, topic: String, payload: impl Into<String>) {
        self.events.push((topic, payload.into()));
    }

    /// Has timelines revised, once the change is there to be read.
    pub(crate) fn revise_timeline(&mut self, change: Change) {
        self.timelines.push(change);
    }

    /// Says what a retry of this step is to find instead of doing it again: the id of what was made, changed or removed.
    /// It is written with the change, if the request has a key.
    pub(crate) fn outcome(&mut self, id: Uuid) {
        self.outcome = Some(id);
    }

    /// Takes the change back: no row, job or event is left of it.
    pub(crate) async fn abandon(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }

    /// Makes the change true, then announces its jobs and events.
    pub async fn commit(self) -> Result<()> {
        let Self { app, inner, due, events, timelines, outcome } = self;
        match app.step.as_ref().zip(outcome) {
            Some((step, id)) => {
                step.note(inner.connection(), id).await?;
                inner.commit().await?;
                step.remember(id);
            }
            None => inner.commit().await?,
        }
        feed::revise_in_background(app, timelines);
        if due.is_empty() && events.is_empty() {
            return Ok(());
        }
        let (transport, channel) = (app.transport.clone(), app.events.clone());
        app.tasks.spawn(async move {
            for queue in Queue::ALL {
                let ids: Vec<Uuid> = due.iter().filter(|(of, _)| *of == queue).map(|(_, id)| *id).collect();
                if ids.is_empty() {
                    continue;
                }
                if let Err(error) = transport.announce(queue.as_str(), &ids).await {
                    tracing::debug!(%error, queue = queue.as_str(), "jobs not announced; the sweep will");
                }
            }
            for (topic, payload) in events {
                if let Err(error) = channel.publish(&topic, &payload).await {
                    tracing::debug!(%error, topic, "event not published");
                }
            }
        });
        Ok(())
    }
}
