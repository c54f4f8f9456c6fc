//! Leases: while this process lives, nobody else takes what it has claimed.
//!
//! One task prolongs everything that is in hand, three times in the life of a lease, so that two renewals may fail before
//! a job is given to another worker. If it comes to that all the same, nothing breaks: every write after the claim is
//! fenced by (id, attempts), and handlers are idempotent.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use darkroom_service::App;
use darkroom_service::job::ledger::{self, Claimed};
use uuid::Uuid;

use crate::trouble::{Trouble, reason};

/// Claims prolonged by one statement.
const AT_ONCE: usize = 100;

/// What this process holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leases {
    held: Arc<Mutex<HashSet<(Uuid, i32)>>>,
}

/// One claim that is being prolonged, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    leases: Leases,
    claim: (Uuid, i32),
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, HashSet<(Uuid, i32)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to prolong a claim.
    pub(crate) fn hold(&self, claimed: &Claimed) -> Lease {
        let claim = (claimed.id, claimed.attempts);
        self.lock().insert(claim);
        Lease { leases: self.clone(), claim }
    }

    /// Prolongs what is held, for ever.
    pub(crate) async fn keep(self, app: App) -> Infallible {
        let third = Duration::from_secs(app.config.worker.lease_seconds) / 3;
        let mut trouble = Trouble::new("leases can't be prolonged: the ledger does not answer");
        let mut pause = third;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.renew(&app).await {
                Ok(()) => {
                    trouble.over();
                    third
                }
                Err(error) => trouble.failed(&reason(&error)).min(third),
            };
        }
    }

    async fn renew(&self, app: &App) -> darkroom_service::Result<()> {
        let held: Vec<(Uuid, i32)> = self.lock().iter().copied().collect();
        for some in held.chunks(AT_ONCE) {
            ledger::renew(app, some).await?;
        }
        Ok(())
    }
}

impl Lease {
    /// The row and the attempt: what fences each write.
    pub(crate) fn claim(&self) -> (Uuid, i32) {
        self.claim
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.lock().remove(&self.claim);
    }
}
