//! The workers of one process: one for each queue, and the tasks that keep them going; their start and orderly end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use apalis::layers::WorkerBuilderExt;
use apalis_core::monitor::Monitor;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::event::Event;
use darkroom_service::App;
use darkroom_service::job::Queue;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::backend::Ledger;
use crate::clock;
use crate::counted;
use crate::envelope::{Envelope, Outcome};
use crate::registry::Registry;
use crate::settle::Settler;
use crate::slot::Slots;
use crate::source::{Held, Shared, Source};
use crate::sweep;

/// How long stopped jobs may take to be handed back, and done ones to leave the ledger.
const HAND_BACK: Duration = Duration::from_secs(5);

/// A worker with room that has not looked for jobs for so long hangs. Every wait on its way is far shorter.
const STALL: Duration = Duration::from_secs(120);

/// Places of a queue in this process.
///
/// `interactive` gets `concurrency` of its own. So do the others, and no more than a quarter of the database's
/// connections each: together they leave half of the pool to what somebody waits for.
pub(crate) fn places(queue: Queue, concurrency: usize, connections: u32) -> usize {
    let concurrency = concurrency.max(1);
    match queue {
        Queue::Interactive => concurrency,
        Queue::FanOut | Queue::Bulk => concurrency.min((connections as usize / 4).max(1)),
    }
}

pub(crate) async fn run(
    app: App,
    registry: Arc<Registry>,
    queues: &[Queue],
    concurrency: usize,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let queues: Vec<Queue> = Queue::ALL.into_iter().filter(|queue| queues.contains(queue)).collect();
    ensure!(!queues.is_empty(), "no queue to work on; set DARKROOM_WORKER_QUEUES to interactive,fanout,bulk");

    let closing = CancellationToken::new();
    let stop = CancellationToken::new();
    let ended = CancellationToken::new();
    let shared = Shared::new();
    let (settler, settling) = Settler::new(app.clone());
    let settling = AbortOnDropHandle::new(tokio::spawn(settling));
    let envelope = Arc::new(Envelope::new(app.clone(), registry, stop.clone()));

    let mut monitor = monitor(&ended);
    let mut watched = Vec::new();
    for queue in queues.iter().copied() {
        let most = places(queue, concurrency, app.config.database.max_connections);
        let slots = Slots::new(most);
        watched.push((queue, Arc::clone(&slots)));
        let source = Source::new(app.clone(), queue, slots, shared.clone(), closing.clone());
        let (envelope, settler) = (Arc::clone(&envelope), settler.clone());
        // The name is new each time: with a name that comes back, two processes would be taken for one.
        let name = format!("{}-{}", queue.as_str(), Uuid::new_v4());
        monitor = monitor.register(move |_| {
            let (envelope, settler) = (Arc::clone(&envelope), settler.clone());
            WorkerBuilder::new(name.clone())
                .backend(Ledger::new(source.clone()))
                .concurrency(most)
                .build(move |held: Held| work(Arc::clone(&envelope), settler.clone(), held))
        });
        tracing::info!(queue = queue.as_str(), places = most, "working");
    }
    drop(settler);

    let mut keepers = JoinSet::new();
    keepers.spawn(shared.leases.keep(app.clone()));
    keepers.spawn(sweep::run(app.clone(), queues, shared.pauses));
    keepers.spawn(counted::keep(app.clone(), Arc::clone(&envelope)));
    let context = monitor.context();
    let mut workers = Box::pin(monitor.run());
    let mut running = true;

    let failure = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        result = &mut workers => {
            running = false;
            Some(format!("the workers ended: {result:?}"))
        }
        () = ended.cancelled() => Some("a worker ended".to_owned()),
        _ = keepers.join_next() => Some("the task that prolongs leases, the sweep, or the one that counts ended".to_owned()),
        apart = clock::wrong(&app) => {
            Some(format!("this machine's clock is {} s apart from the database's", apart.as_secs()))
        }
        queue = stalled(&watched) => Some(format!("the worker of queue {} hangs", queue.as_str())),
    };

    closing.cancel();
    let _ = context.shutdown();
    let grace = Duration::from_secs(app.config.worker.shutdown_timeout_seconds);
    if running && tokio::time::timeout(grace, &mut workers).await.is_err() {
        tracing::warn!("jobs still run after {} s; they are stopped and handed back", grace.as_secs());
        stop.cancel();
        if tokio::time::timeout(HAND_BACK, &mut workers).await.is_err() {
            tracing::warn!("some jobs could not be handed back; they run again when their leases end");
        }
    }
    // With the workers the last ways into the settler go: it writes what it has, and ends.
    drop(workers);
    if tokio::time::timeout(HAND_BACK, settling).await.is_err() {
        tracing::warn!("some jobs that are done could not be removed; their second run changes nothing");
    }
    if tokio::time::timeout(HAND_BACK, envelope.counted.tell(&app)).await.is_err() {
        tracing::debug!("what was done last is not counted");
    }
    match failure {
        None => Ok(()),
        Some(failure) => bail!("{failure}; start this process again"),
    }
}

/// A monitor that tells of the first end of one of its workers: it would wait for the others itself, and say that all is
/// well.
fn monitor(ended: &CancellationToken) -> Monitor {
    let (exited, failed) = (ended.clone(), ended.clone());
    Monitor::new()
        .on_event(move |_, event| {
            if matches!(event, Event::Exit) {
                exited.cancel();
            }
        })
        .should_restart(move |_, _| {
            failed.cancel();
            false
        })
}

/// One job, from claim to settlement.
async fn work(envelope: Arc<Envelope>, settler: Settler, held: Held) {
    match envelope.run(&held.claimed).await {
        Outcome::Done => settler.complete(held.lease).await,
        outcome => envelope.settle(&held.claimed, &outcome).await,
    }
}

/// The first queue whose worker hangs.
async fn stalled(watched: &[(Queue, Arc<Slots>)]) -> Queue {
    loop {
        tokio::time::sleep(STALL / 12).await;
        if let Some((queue, _)) = watched.iter().find(|(_, slots)| slots.is_stalled(STALL)) {
            return *queue;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use apalis_core::backend::finalize::Ephemeral;
    use apalis_core::backend::{Backend, BackendConfig};
    use apalis_core::layers::Identity;
    use apalis_core::task::Task;
    use apalis_core::task::task_id::TaskId;
    use apalis_core::worker::context::WorkerContext;

    use super::*;

    /// A backend without jobs, which panics if it is told to.
    struct Empty {
        panics: bool,
    }

    impl Backend for Empty {
        type Task = Task<()>;
        type Error = Infallible;

        fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn poll_next(
            &mut self,
            _: &mut Context<'_>,
            _: &WorkerContext,
        ) -> Poll<Option<Result<Self::Task, Infallible>>> {
            assert!(!self.panics, "a fault");
            Poll::Pending
        }

        fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
    }

    impl BackendConfig for Empty {
        type Args = ();
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

    #[tokio::test]
    async fn the_end_of_one_worker_is_heard_while_others_go_on() {
        let ended = CancellationToken::new();
        let mut monitor = monitor(&ended);
        for panics in [false, true] {
            monitor = monitor.register(move |_| {
                WorkerBuilder::new(panics.to_string()).backend(Empty { panics }).concurrency(1).build(async |()| ())
            });
        }
        let context = monitor.context();
        let mut workers = Box::pin(monitor.run());
        tokio::select! {
            () = ended.cancelled() => {}
            _ = &mut workers => panic!("the other worker goes on"),
        }
        let _ = context.shutdown();
        assert!(workers.await.is_err());
    }

    #[test]
    fn work_that_nobody_waits_for_leaves_half_of_the_connections() {
        assert_eq!(places(Queue::Interactive, 64, 10), 64);
        assert_eq!(places(Queue::Bulk, 64, 10), 2);
        assert_eq!(places(Queue::FanOut, 1, 10), 1);
        assert_eq!(places(Queue::FanOut, 4, 1), 1);
        assert_eq!(places(Queue::Interactive, 0, 10), 1);
    }
}
