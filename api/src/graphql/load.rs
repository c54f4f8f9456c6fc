//! How many operations run at once, how long, and what becomes of those that are too many.
//!
//! ```text
//!   operation ──► a place is free ────────────────────────────► run ──► time is over: dropped, and what it had begun rolled back
//!                 └─ none: cheap read ──► a reserved place ───►
//!                                         └─ none ──► wait ──► a place in time
//!                                                      └─ queue full, or too long: 503
//! ```
//!
//! Work that waits for a database which is too slow only piles up: beyond a few operations for each core nothing gets done
//! sooner, and all that grows is memory and everybody's time. Cheap reads have places of their own, so that a crowd of dear operations does
//! not hide people's profiles.
//!
//! Long connections take no place: subscriptions act in turns of their own (decision 0018), and uploads, which last as long as the
//! client sends, are bounded by `limits.uploads_concurrent`.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, Request, Response};
use darkroom_platform::metrics::{self, Reason};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tracing::Instrument;

use crate::graphql::documents::Admitted;
use crate::graphql::measure;
use crate::graphql::operation::coded;
use crate::refusal::Refusal;

/// A query that costs no more is cheap: a page of a feed with its photos and authors is one.
const CHEAP: u64 = 500;

/// When it is worth trying again, seconds.
const RETRY_SECONDS: u64 = 1;

/// Bounds of what runs at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Operations at once.
    pub(crate) places: usize,
    /// Cheap reads besides.
    pub(crate) reserved: usize,
    /// Operations that wait for a place; and as many cheap reads.
    pub(crate) queue: usize,
    /// The longest that one waits.
    pub(crate) patience: Duration,
    /// The longest that one runs.
    pub(crate) time: Duration,
}

/// The places of one process. Clones share them.
#[derive(Clone)]
pub(crate) struct Load(Arc<Inner>);

struct Inner {
    bounds: Bounds,
    places: Semaphore,
    reserved: Semaphore,
    queue: Semaphore,
    reserved_queue: Semaphore,
}

/// Why an operation was not carried out, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Too many others: it was not begun.
    Crowded,
    /// It took too long.
    Late,
}

impl Load {
    /// With all places free.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            places: Semaphore::new(bounds.places),
            reserved: Semaphore::new(bounds.reserved),
            queue: Semaphore::new(bounds.queue),
            reserved_queue: Semaphore::new(bounds.queue),
            bounds,
        }))
    }

    /// Whether whatever comes now would be sent away: then its body need not be read.
    pub(crate) fn is_full(&self) -> bool {
        let Inner { places, reserved, queue, reserved_queue, .. } = &*self.0;
        [places, reserved, queue, reserved_queue].iter().all(|semaphore| semaphore.available_permits() == 0)
    }

    /// Executes a query or a mutation in its turn and within its time. With files it does neither: see the module.
    pub(crate) async fn execute(
        &self,
        executor: &impl Executor,
        mut request: Request,
        admitted: Admitted,
        has_files: bool,
    ) -> Result<Response, Shed> {
        let span = measure::span(&mut request, admitted.kind);
        let executed = self.in_turn(executor, request, admitted, has_files).instrument(span.clone()).await;
        match &executed {
            Ok(response) => measure::note(&span, response),
            Err(shed) => shed.note(),
        }
        executed
    }

    async fn in_turn(
        &self,
        executor: &impl Executor,
        request: Request,
        admitted: Admitted,
        has_files: bool,
    ) -> Result<Response, Shed> {
        if has_files {
            return Ok(admitted.tell(Box::pin(executor.execute(request)).await));
        }
        let is_cheap = admitted.kind == Some(OperationType::Query) && admitted.points() <= CHEAP;
        let _place = self.enter(is_cheap).await?;
        let execution = Box::pin(executor.execute(request));
        let response = timeout(self.0.bounds.time, execution).await.map_err(|_| Shed::Late)?;
        Ok(admitted.tell(response))
    }

    async fn enter(&self, is_cheap: bool) -> Result<SemaphorePermit<'_>, Shed> {
        let Inner { bounds, places, reserved, queue, reserved_queue } = &*self.0;
        if let Ok(place) = places.try_acquire() {
            return Ok(place);
        }
        if is_cheap && let Ok(place) = reserved.try_acquire() {
            return Ok(place);
        }
        let queue = if is_cheap { reserved_queue } else { queue };
        let _turn = queue.try_acquire().map_err(|_| Shed::Crowded)?;
        let place = async {
            if is_cheap {
                tokio::select! {
                    place = places.acquire() => place,
                    place = reserved.acquire() => place,
                }
            } else {
                places.acquire().await
            }
        };
        match timeout(bounds.patience, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Shed::Crowded),
        }
    }
}

impl Shed {
    fn message(self) -> &'static str {
        match self {
            Self::Crowded => "Too much is going on here. Try again in a moment.",
            Self::Late => "This took too long and was given up; of a mutation a part may have been done.",
        }
    }

    /// Counts it.
    pub(crate) fn note(self) {
        let reason = match self {
            Self::Crowded => "crowded",
            Self::Late => "late",
        };
        metrics::record(|metrics| _ = metrics.shed.get_or_create(&Reason { reason }).inc());
    }

    /// The same as a response, where there is no status.
    pub(crate) fn response(self) -> Response {
        let mut error = coded("UNAVAILABLE", self.message());
        error.extensions.get_or_insert_default().set("retryAfter", RETRY_SECONDS);
        Response::from_errors(vec![error])
    }
}

impl From<Shed> for Refusal {
    fn from(shed: Shed) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", shed.message())
            .header(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(places: usize, reserved: usize, queue: usize) -> Load {
        let (patience, time) = (Duration::from_secs(20), Duration::from_secs(20));
        Load::new(Bounds { places, reserved, queue, patience, time })
    }

    #[tokio::test]
    async fn who_is_too_many_waits_and_who_can_not_wait_is_sent_away() {
        let load = load(1, 0, 1);
        let first = load.enter(false).await.expect("a place");
        let second = load.enter(false);
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        assert_eq!(load.enter(false).await.err(), Some(Shed::Crowded));
        drop(first);
        let second = second.await.expect("the place of the first");
        drop(second);
        assert!(load.enter(false).await.is_ok(), "nothing is lost on the way");
    }

    #[tokio::test]
    async fn a_cheap_read_gets_by_a_crowd() {
        let load = load(1, 1, 1);
        let _dear = load.enter(false).await.expect("a place");
        let waiting = load.enter(false);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        let cheap = load.enter(true).await.expect("a reserved place");
        let next = load.enter(true);
        tokio::pin!(next);
        assert!(futures::poll!(&mut next).is_pending());
        assert_eq!(load.enter(true).await.err(), Some(Shed::Crowded));
        assert!(load.is_full());
        drop(cheap);
        assert!(next.await.is_ok());
    }

    #[tokio::test]
    async fn patience_ends() {
        let bounds = Bounds {
            places: 1,
            reserved: 0,
            queue: 1,
            patience: Duration::from_millis(10),
            time: Duration::from_secs(20),
        };
        let load = Load::new(bounds);
        let _first = load.enter(false).await.expect("a place");
        assert_eq!(load.enter(false).await.err(), Some(Shed::Crowded));
        assert!(!load.is_full(), "its turn is given back");
    }
}
