//! The envelope: what every run of every job goes through.
//!
//! ```text
//!   claimed ──► handler known? payload readable? ──► run: own task, time-out, panic caught ──► done      complete
//!                  │ no              │ no                  │ error, panic, time-out            again     retry, later
//!                  ▼                 ▼                     ▼ attempts used up                  later     postpone
//!                again/dead         dead                 give_up, then dead                    dead      bury
//!                                                                                              stopped   release
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use darkroom_platform::metrics::{self, Job, JobKind, Label, Queue};
use darkroom_platform::telemetry::trace;
use darkroom_service::job::ledger::{self, Claimed};
use darkroom_service::{App, Error};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, field};

use crate::counted::Counted;
use crate::registry::{Entry, Registry, Verb};
use crate::trouble::{Trouble, reason};

/// Writes of one outcome before it is left to the lease: together about twelve seconds.
const SETTLE_TRIES: usize = 6;

/// How long an aborted handler may take to reach its next await before its job goes back all the same.
const ABORT_WAIT: Duration = Duration::from_secs(1);

/// How a run of a job has ended, and so what becomes of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done: the row goes.
    Done,
    /// It failed and comes back later.
    Again(String),
    /// A store is away: it comes back later, and this was no attempt.
    Later(String),
    /// It failed for good: an operator looks at it.
    Dead(String),
    /// This process ends: it goes back as it was.
    Stopped,
}

impl Outcome {
    /// What it is called among the metrics.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Again(_) => "retried",
            Self::Later(_) => "postponed",
            Self::Dead(_) => "dead",
            Self::Stopped => "released",
        }
    }
}

/// How one call of a handler has ended.
enum Ended {
    Well,
    Badly(String),
    /// A store is away, through no fault of the job.
    Away(String),
    /// The payload is not what the handler reads: no other run will change that.
    Unreadable(String),
    Stopped,
}

/// Runs claimed jobs. Never panics and never fails: whatever happens is an [`Outcome`].
pub(crate) struct Envelope {
    app: App,
    registry: Arc<Registry>,
    /// Fires when what still runs is to be stopped and handed back.
    stop: CancellationToken,
    /// How the runs have ended.
    pub(crate) counted: Counted,
}

impl Envelope {
    pub(crate) fn new(app: App, registry: Arc<Registry>, stop: CancellationToken) -> Self {
        Self { app, registry, stop, counted: Counted::default() }
    }

    /// Runs a job to its outcome, which is logged and not yet written.
    pub(crate) async fn run(&self, job: &Claimed) -> Outcome {
        let span = tracing::info_span!(
            "job",
            id = %job.id,
            job = %job.name,
            attempt = job.attempts,
            queue = job.queue.as_str()
        );
        async {
            let begun = Instant::now();
            self.note_start(job);
            let outcome = self.traced(job).await;
            self.note_end(job, &outcome, begun);
            let ms = begun.elapsed().as_millis() as u64;
            match &outcome {
                Outcome::Done => tracing::debug!(ms, "job done"),
                Outcome::Again(error) => tracing::warn!(ms, error, "job failed and will be tried again"),
                Outcome::Later(error) => tracing::warn!(ms, error, "job postponed: a store is away"),
                Outcome::Dead(error) => tracing::error!(ms, error, "job failed for good and is set aside as dead"),
                Outcome::Stopped => tracing::info!(ms, "job handed back: this worker stops"),
            }
            outcome
        }
        .instrument(span)
        .await
    }

    /// Decides, in a span that goes on with the trace of what wrote the job.
    async fn traced(&self, job: &Claimed) -> Outcome {
        let span = tracing::trace_span!(
            "job.run",
            otel.name = job.name,
            otel.kind = "consumer",
            otel.status_code = field::Empty,
            job.name = job.name,
            job.id = %job.id,
            job.queue = job.queue.as_str(),
            job.attempt = job.attempts,
            job.outcome = field::Empty,
        );
        if let Some(trace) = &job.trace {
            trace::follow(&span, trace);
        }
        let outcome = self.decide(job).instrument(span.clone()).await;
        span.record("job.outcome", outcome.as_str());
        if matches!(outcome, Outcome::Again(_) | Outcome::Dead(_)) {
            span.record("otel.status_code", "error");
        }
        outcome
    }

    fn note_start(&self, job: &Claimed) {
        metrics::record(|metrics| {
            let waited = (self.app.clock.now() - job.run_at).as_seconds_f64().max(0.0);
            metrics.job_delay_seconds.get_or_create(&Queue { queue: job.queue.as_str() }).observe(waited);
        });
    }

    fn note_end(&self, job: &Claimed, outcome: &Outcome, begun: Instant) {
        self.counted.note(job.queue, outcome);
        metrics::record(|metrics| {
            // What another version wrote into the ledger is nobody's label.
            let job: Label = self.registry.get(&job.name).map_or("unknown", |_| job.name.as_str()).into();
            metrics.job_seconds.get_or_create(&JobKind { job: Label::clone(&job) }).observe(metrics::since(begun));
            metrics.jobs.get_or_create(&Job { job, outcome: outcome.as_str() }).inc();
        });
    }

    async fn decide(&self, job: &Claimed) -> Outcome {
        let Some(handler) = self.registry.get(&job.name) else {
            let may_retry = !job.exhausted && ledger::may_retry(&self.app, job, u32::MAX);
            let error = format!("this worker has no handler for {:?}; run the version that wrote it", job.name);
            return if may_retry { Outcome::Again(error) } else { Outcome::Dead(error) };
        };
        let exhausted = job.exhausted || i64::from(job.attempts) > i64::from(handler.max_attempts);
        let may_retry = !exhausted && ledger::may_retry(&self.app, job, handler.max_attempts);
        let error = if exhausted {
            "its attempts were used up by workers that died in the middle of it".to_owned()
        } else {
            match self.call(handler.run, handler, job).await {
                Ended::Well => return Outcome::Done,
                Ended::Stopped => return Outcome::Stopped,
                Ended::Unreadable(error) => return Outcome::Dead(error),
                Ended::Away(error) if ledger::may_wait(&self.app, job) => return Outcome::Later(error),
                Ended::Away(error) | Ended::Badly(error) if may_retry => return Outcome::Again(error),
                Ended::Away(error) | Ended::Badly(error) => error,
            }
        };
        self.give_up(handler, job, error).await
    }

    /// Nobody is to wait for ever: a job is not dead before its handler's `give_up` has said so, unless that fails as
    /// stubbornly as the job itself.
    async fn give_up(&self, handler: Entry, job: &Claimed, error: String) -> Outcome {
        match self.call(handler.give_up, handler, job).await {
            Ended::Well => Outcome::Dead(error),
            Ended::Stopped => Outcome::Stopped,
            Ended::Away(second) if ledger::may_wait(&self.app, job) => Outcome::Later(second),
            Ended::Away(second) | Ended::Badly(second) | Ended::Unreadable(second) => {
                let error = format!("{error}; giving up failed too: {second}");
                let most = i64::from(self.app.config.worker.max_attempts) * 2;
                if i64::from(job.attempts) < most { Outcome::Again(error) } else { Outcome::Dead(error) }
            }
        }
    }

    /// Calls a handler in a task of its own, so that a panic ends that task only and a time-out can abort it.
    async fn call(&self, verb: Verb, handler: Entry, job: &Claimed) -> Ended {
        let work = match verb(self.app.in_run(job), job.payload.clone()) {
            Ok(work) => work,
            Err(error) => return Ended::Unreadable(format!("its payload can't be read: {error}")),
        };
        let mut task = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
        tokio::select! {
            result = &mut task => match result {
                Ok(Ok(())) => Ended::Well,
                Ok(Err(error @ Error::Unavailable { .. })) => Ended::Away(reason(&error)),
                Ok(Err(error)) => Ended::Badly(reason(&error)),
                Err(error) => torn(error),
            },
            () = tokio::time::sleep(handler.timeout) => {
                abort(task).await;
                Ended::Badly(format!("it did not end within {} s", handler.timeout.as_secs_f64()))
            }
            () = self.stop.cancelled() => {
                abort(task).await;
                Ended::Stopped
            }
        }
    }

    /// Writes the outcome, through short outages of the database. If that fails the lease ends by itself and the job is
    /// claimed again.
    pub(crate) async fn settle(&self, job: &Claimed, outcome: &Outcome) {
        let mut trouble = Trouble::new("the outcome of a job can't be written: the ledger does not answer");
        for left in (0..SETTLE_TRIES).rev() {
            let written = match outcome {
                Outcome::Done => ledger::complete(&self.app, &[(job.id, job.attempts)]).await,
                Outcome::Again(error) => ledger::retry(&self.app, job, error).await,
                Outcome::Later(error) => ledger::postpone(&self.app, job, error).await,
                Outcome::Dead(error) => ledger::bury(&self.app, job, error).await,
                Outcome::Stopped => ledger::release(&self.app, job).await,
            };
            match written {
                Ok(()) => return,
                Err(error) if left == 0 => {
                    let error = reason(&error);
                    tracing::warn!(error, id = %job.id, "the outcome of a job is not written; it runs again when its lease ends");
                }
                Err(error) => tokio::time::sleep(trouble.failed(&reason(&error))).await,
            }
        }
    }
}

/// A handler's task that did not return.
fn torn(error: JoinError) -> Ended {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Ended::Badly(format!("it panicked: {}", text.as_deref().unwrap_or("without a message")))
        }
        // Cancelled by nobody but a runtime that goes down.
        Err(_) => Ended::Stopped,
    }
}

/// Stops a handler at its next await. What it runs on a blocking thread can't be stopped, and settles nothing.
async fn abort(task: AbortOnDropHandle<darkroom_service::Result<()>>) {
    task.abort();
    let _ = tokio::time::timeout(ABORT_WAIT, task).await;
}
