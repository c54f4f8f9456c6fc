//! The ledger as a backend of apalis.
//!
//! apalis asks for a job only when its concurrency layer has a place for one, so that nothing is claimed before it can
//! start. Two rules keep a worker alive: `poll_next` never yields `None`, after which it would wait for ever, nor an
//! error, after which it would end and drop what runs. Outages are lived through in [`Source::fetch`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::{Context, Poll, ready};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::layers::Identity;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::task::AbortOnDropHandle;

use crate::source::{Held, Source};

/// One queue of the ledger, as a stream of claimed jobs.
pub(crate) struct Ledger {
    source: Source,
    /// Claimed and not started.
    claimed: VecDeque<Held>,
    /// Under way in a task of its own: a worker that shuts down polls its backend no more until what runs has ended, and
    /// a claim must not wait half-done on its connection for so long.
    fetch: Option<AbortOnDropHandle<Vec<Held>>>,
    close: Option<BoxFuture<'static, ()>>,
}

impl Ledger {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, claimed: VecDeque::new(), fetch: None, close: None }
    }
}

impl Backend for Ledger {
    type Task = Task<Held>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        loop {
            if let Some(held) = self.claimed.pop_front() {
                let id = format!("{}.{}", held.claimed.id, held.claimed.attempts);
                return Poll::Ready(Some(Ok(TaskBuilder::new(held).task_id(TaskId::from_string(id)).build())));
            }
            if self.fetch.is_none() && self.source.closing.is_cancelled() {
                // The shutdown of the monitor, which follows at once, wakes this worker.
                return Poll::Pending;
            }
            let source = &self.source;
            let fetch = self.fetch.get_or_insert_with(|| AbortOnDropHandle::new(tokio::spawn(source.clone().fetch())));
            let fetched = ready!(fetch.poll_unpin(cx));
            self.fetch = None;
            match fetched {
                Ok(held) => self.claimed.extend(held),
                Err(error) => match error.try_into_panic() {
                    // A fault of ours: ends this worker, and with it the process.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => return Poll::Pending,
                },
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        let Self { source, claimed, fetch, close } = self;
        let close = close.get_or_insert_with(|| {
            let source = source.clone();
            let mut left: Vec<Held> = std::mem::take(claimed).into();
            let fetch = fetch.take();
            async move {
                if let Some(fetch) = fetch {
                    left.extend(fetch.await.unwrap_or_default());
                }
                source.release(left).await;
            }
            .boxed()
        });
        close.poll_unpin(cx).map(Ok)
    }
}

impl BackendConfig for Ledger {
    type Args = Held;
    type Id = TaskId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
