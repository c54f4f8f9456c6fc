//! What is noted at most once an hour, behind the request that it follows from.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use darkroom_platform::cache::{Cache as Shared, CacheKey};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::affinity::{Signal, note_author};
use crate::app::App;
use crate::error::Result;
use crate::session::Viewer;

/// Things that a process remembers to have noted; each takes some hundred bytes.
const REMEMBERED: u64 = 100_000;

/// Notes that a process writes at once. Nothing depends on one of them: what comes when all are busy is left.
const AT_ONCE: usize = 4;

const HOUR: i64 = 3600;

/// What was noted lately.
pub(crate) struct Notes {
    noted: Cache<Uuid, ()>,
    shared: Shared,
    permits: Arc<Semaphore>,
}

impl Notes {
    pub(crate) fn new(shared: Shared) -> Self {
        let noted = Cache::builder().max_capacity(REMEMBERED).build();
        Self { noted, shared, permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether this is the first time in this hour of the clock, in this process, that this is asked.
    fn is_first(&self, name: Uuid) -> bool {
        // Mostly it is not, which a look says without a place being made for it.
        !self.noted.contains_key(&name) && self.noted.entry(name).or_insert(()).is_fresh()
    }
}

/// The name of something that is noted once an hour.
fn name(what: &str, people: [Uuid; 2], at: DateTime<Utc>) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(what);
    people.iter().for_each(|person| hash.update(person));
    hash.update(at.timestamp().div_euclid(HOUR).to_be_bytes());
    let mut name = [0; 16];
    name.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(name)
}

/// Writes a note behind the request, unless the same was noted in this hour by any process. If it fails, it is left.
pub(super) fn once_an_hour<F>(
    app: &App,
    what: &'static str,
    people: [Uuid; 2],
    write: impl FnOnce(App, DateTime<Utc>) -> F + Send + 'static,
) where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let now = app.clock.now();
    let name = name(what, people, now);
    if !app.notes.is_first(name) {
        return;
    }
    let Ok(permit) = Arc::clone(&app.notes.permits).try_acquire_owned() else { return };
    let (app, tasks) = (app.at_truth().into_owned(), app.tasks.clone());
    tasks.spawn(async move {
        // Without Redis each process may note it once.
        let is_first = app.notes.shared.claim(CacheKey { kind: what, id: name }, HOUR).await.unwrap_or(true);
        if is_first && let Err(error) = write(app, now).await {
            tracing::debug!(%error, what, "a note was not written");
        }
        drop(permit);
    });
}

/// Notes that the viewer looked at somebody's profile: at most once an hour, behind the request.
pub fn visited(app: &App, viewer: &Viewer, account_id: Uuid) {
    let viewer_id = viewer.id();
    if !viewer.account.is_personalised || viewer_id == account_id {
        return;
    }
    once_an_hour(app, "visit", [viewer_id, account_id], move |app, at| async move {
        let tx = app.begin().await?;
        note_author(tx.rows(), viewer_id, Signal::Visited, account_id, at).await?;
        tx.commit().await
    });
}
