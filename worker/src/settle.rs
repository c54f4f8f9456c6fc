//! Jobs that are done leave the ledger in groups: one statement for many, several times cheaper than one for each.

use std::time::Duration;

use darkroom_service::App;
use darkroom_service::job::ledger;
use tokio::sync::mpsc;

use crate::lease::Lease;
use crate::trouble::{Trouble, reason};

/// Rows removed by one statement.
const MOST: usize = 100;

/// How long the first of a group waits for others.
const WAIT: Duration = Duration::from_millis(5);

/// Takes in what is done. When it is full the ledger is behind, and jobs keep their slots until it is not.
#[derive(Debug, Clone)]
pub(crate) struct Settler {
    done: mpsc::Sender<Lease>,
}

impl Settler {
    /// The way in, and the task behind it: it ends when every way in is gone and everything has been written.
    pub(crate) fn new(app: App) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (done, waiting) = mpsc::channel(2 * MOST);
        (Self { done }, write(app, waiting))
    }

    /// Removes a job that is done, soon. Its lease is prolonged until then.
    pub(crate) async fn complete(&self, lease: Lease) {
        // Fails only when the task is gone with the process; the lease ends then, and the second run changes nothing.
        let _ = self.done.send(lease).await;
    }
}

async fn write(app: App, mut waiting: mpsc::Receiver<Lease>) {
    let mut trouble = Trouble::new("jobs that are done can't be removed: the ledger does not answer");
    let mut group = Vec::with_capacity(MOST);
    while waiting.recv_many(&mut group, MOST).await > 0 {
        let until = tokio::time::Instant::now() + WAIT;
        while group.len() < MOST {
            let room = MOST - group.len();
            match tokio::time::timeout_at(until, waiting.recv_many(&mut group, room)).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        let claims: Vec<_> = group.iter().map(Lease::claim).collect();
        while let Err(error) = ledger::complete(&app, &claims).await {
            tokio::time::sleep(trouble.failed(&reason(&error))).await;
        }
        trouble.over();
        group.clear();
    }
}
