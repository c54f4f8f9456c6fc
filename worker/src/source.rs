//! Where jobs come from: hints from the transport, claims from the ledger.

use std::sync::Arc;
use std::time::Duration;

use darkroom_service::App;
use darkroom_service::job::Queue;
use darkroom_service::job::ledger::{self, Claimed, Suspects};
use rand::Rng;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::lease::{Lease, Leases};
use crate::pauses::Pauses;
use crate::slot::{Slot, Slots};
use crate::trouble::{Trouble, reason};

/// Longest wait for hints; then everything is looked at anew.
const HINT_WAIT: Duration = Duration::from_secs(1);

/// A transport that holds its caller for longer than this is as good as away.
const HINT_LIMIT: Duration = Duration::from_secs(5);

/// A job in hand: claimed, its lease prolonged, its place taken. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) claimed: Claimed,
    pub(crate) lease: Lease,
    _slot: Slot,
    /// It may be what kills workers: no other such job is claimed until it has ended.
    _suspect: Option<Arc<OwnedSemaphorePermit>>,
}

/// What all queues of a process share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) leases: Leases,
    pub(crate) pauses: Pauses,
    /// One permit: who has it may claim a job that is suspected of killing workers.
    suspects: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { leases: Leases::default(), pauses: Pauses::new(), suspects: Arc::new(Semaphore::new(1)) }
    }
}

/// One queue of the ledger, as one worker sees it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) app: App,
    pub(crate) queue: Queue,
    pub(crate) slots: Arc<Slots>,
    shared: Shared,
    /// Fires when nothing is to be claimed any more.
    pub(crate) closing: CancellationToken,
    weather: Arc<Mutex<Weather>>,
}

/// What answers and what does not; outlives the single fetch, so that an outage is mentioned once.
struct Weather {
    transport: Trouble,
    ledger: Trouble,
    /// The transport failed last time: the ledger is read first.
    away: bool,
}

impl Source {
    pub(crate) fn new(app: App, queue: Queue, slots: Arc<Slots>, shared: Shared, closing: CancellationToken) -> Self {
        let weather = Weather {
            transport: Trouble::new("the job transport does not answer; jobs are read from the ledger"),
            ledger: Trouble::new("jobs can't be claimed: the ledger does not answer"),
            away: false,
        };
        Self { app, queue, slots, shared, closing, weather: Arc::new(Mutex::new(weather)) }
    }

    /// Waits for jobs and claims as many as there are free places. Lives through every outage of transport and database.
    /// Empty only when closing.
    pub(crate) async fn fetch(self) -> Vec<Held> {
        let mut weather = self.weather.lock().await;
        while !self.closing.is_cancelled() {
            self.slots.look();
            if self.shared.pauses.holds(self.queue) {
                self.rest().await;
                continue;
            }
            let ids = tokio::select! {
                ids = self.hints(&mut weather) => ids,
                () = self.closing.cancelled() => break,
            };
            if self.shared.pauses.holds(self.queue) {
                // Paused meanwhile: these hints are lost, and the sweep gives them anew when the queue goes on.
                continue;
            }
            let held = self.claim(&ids, &mut weather.ledger).await;
            if self.closing.is_cancelled() {
                self.release(held).await;
                break;
            }
            if !held.is_empty() {
                return held;
            }
        }
        Vec::new()
    }

    /// A paused queue's worker asks nobody for jobs. Its hints stay where they are: as many as the transport holds.
    async fn rest(&self) {
        tokio::select! {
            () = tokio::time::sleep(HINT_WAIT) => {}
            () = self.shared.pauses.changed() => {}
            () = self.closing.cancelled() => {}
        }
    }

    /// Ids that are worth an attempt to claim; perhaps none, after a while.
    async fn hints(&self, weather: &mut Weather) -> Vec<Uuid> {
        let free = self.slots.free().max(1);
        if weather.away {
            match ledger::due(&self.app, self.queue, free as u64).await {
                Ok(ids) if !ids.is_empty() => return ids,
                Ok(_) => {}
                Err(error) => tokio::time::sleep(weather.ledger.failed(&reason(&error))).await,
            }
        }
        let asked = Instant::now();
        let taken = self.app.transport.take(self.queue.as_str(), free, HINT_WAIT);
        let error = match tokio::time::timeout(HINT_LIMIT, taken).await {
            Ok(Ok(ids)) => {
                weather.transport.over();
                weather.away = false;
                return ids;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", HINT_LIMIT.as_secs()),
        };
        weather.transport.failed(&error);
        weather.away = true;
        // The ledger is looked at about once a second, however fast the transport fails.
        let until = asked + HINT_WAIT.mul_f64(rand::rng().random_range(0.5..1.0));
        tokio::time::sleep_until(until).await;
        Vec::new()
    }

    /// Claims what it can of `ids`; keeps them through an outage, since hints are taken only once.
    async fn claim(&self, ids: &[Uuid], trouble: &mut Trouble) -> Vec<Held> {
        let permit = Arc::clone(&self.shared.suspects).try_acquire_owned().ok().map(Arc::new);
        let suspects = if permit.is_some() { Suspects::One } else { Suspects::None };
        loop {
            // Never given up half-way: a claim that is written and not read would be lost until its lease ends.
            match ledger::claim(&self.app, self.queue, ids, suspects).await {
                Ok(claimed) => {
                    trouble.over();
                    return claimed.into_iter().map(|claimed| self.hold(claimed, permit.as_ref())).collect();
                }
                Err(error) => {
                    self.slots.look();
                    let pause = trouble.failed(&reason(&error));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.closing.cancelled() => return Vec::new(),
                    }
                }
            }
        }
    }

    fn hold(&self, claimed: Claimed, permit: Option<&Arc<OwnedSemaphorePermit>>) -> Held {
        let suspect = permit.filter(|_| claimed.may_be_suspect()).cloned();
        Held { lease: self.shared.leases.hold(&claimed), _slot: self.slots.take(), _suspect: suspect, claimed }
    }

    /// Hands back what was claimed and not started.
    pub(crate) async fn release(&self, held: Vec<Held>) {
        for Held { claimed, lease, .. } in held {
            if let Err(error) = ledger::release(&self.app, &claimed).await {
                let error = reason(&error);
                tracing::warn!(error, id = %claimed.id, "a job could not be handed back; it runs when its lease ends");
            }
            drop(lease);
        }
    }
}
