//! Sessions that this process has served feeds to: who asks is presumed, and proved by the statement that answers.
//!
//! To know who asks costs a statement before every other. What is asked most is one statement itself, the feed's, and it can
//! prove on its way what was presumed. So a token that was seen a while ago is taken for the same person, and nothing is shown
//! to anyone before the database has said that the session stands, and that everything by which the feed was read is still so.
//!
//! ```text
//!   token ──► seen? ──► presumed ──► read ──► proved by a column of its rows ──► shown
//!               │                      └──► no row, or not so any more ──► authenticate, read again
//!               └──► no ──► authenticate
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use moka::sync::Cache;

use super::proof::{Proof, Reader};
use super::{Viewer, authenticate_hash, hash, is_token};
use crate::app::App;
use crate::error::{Error, Result};

/// Most sessions that one process remembers, at about 1 KiB each.
const MOST: u64 = 10_000;

/// A session that nobody has used for so long is forgotten.
const IDLE: Duration = Duration::from_secs(600);

/// Sessions that this process has served feeds to, by the hashes of their tokens.
pub(crate) struct Seen(Cache<Vec<u8>, Arc<Viewer>>);

impl Default for Seen {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_idle(IDLE).build())
    }
}

impl Seen {
    pub(super) fn forget(&self, token_hash: &Vec<u8>) {
        self.0.invalidate(token_hash);
    }
}

/// Who probably asks. Nothing of it is to be shown to anyone until it is proved.
#[derive(Debug)]
pub struct Presumed {
    viewer: Arc<Viewer>,
    token_hash: Vec<u8>,
    /// Who it is in truth; none if the session has ended.
    truth: OnceLock<Option<Arc<Viewer>>>,
}

/// Remembers who sent this token, for the next time. For those who read their feed: whoever only listens would lie in memory for
/// nothing.
pub fn remember(app: &App, token: &str, viewer: &Arc<Viewer>) {
    app.seen.0.insert(hash(token), Arc::clone(viewer));
}

/// Who sent this token when they were last [remembered](remember); none if they were not.
#[must_use]
pub fn presume(app: &App, token: &str) -> Option<Presumed> {
    if !is_token(token) {
        return None;
    }
    let token_hash = hash(token);
    let viewer = app.seen.0.get(&token_hash)?;
    Some(Presumed { viewer, token_hash, truth: OnceLock::new() })
}

impl Presumed {
    /// Whose points a request takes, and whom its loaders ask for once it is proved.
    #[must_use]
    pub fn probably(&self) -> &Arc<Viewer> {
        &self.viewer
    }

    /// Who asks, once it is proved.
    #[must_use]
    pub fn proved(&self) -> Option<&Viewer> {
        self.truth.get()?.as_deref()
    }

    /// Whether the session has ended. It is looked up where nothing that was read has proved that it stands: a page may end
    /// before it is read, by a cursor that is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_ended(&self, app: &App) -> Result<bool> {
        let truth = match self.truth.get() {
            Some(truth) => truth,
            None => {
                let truth = self.look_up(app).await?;
                self.truth.get_or_init(|| truth)
            }
        };
        Ok(truth.is_none())
    }

    /// Who it is in truth, remembered for the next time.
    async fn look_up(&self, app: &App) -> Result<Option<Arc<Viewer>>> {
        let truth = authenticate_hash(app, self.token_hash.clone()).await?.map(Arc::new);
        if let Some(viewer) = &truth {
            app.seen.0.insert(self.token_hash.clone(), Arc::clone(viewer));
        }
        Ok(truth)
    }

    fn owed(&self) -> Arc<Owed> {
        Arc::new(Owed {
            viewer: Arc::clone(&self.viewer),
            token_hash: self.token_hash.clone(),
            paid: AtomicBool::new(false),
            refused: AtomicBool::new(false),
        })
    }
}

/// A reading as the person who probably asks. What came of it is shown when [`Asking::settle`] has said whose it is.
#[derive(Debug)]
pub struct Asking<'a> {
    presumed: &'a Presumed,
    owed: Arc<Owed>,
    /// The application to read with: its statement brings the proof along.
    pub app: App,
}

/// What becomes of a reading.
#[derive(Debug)]
pub enum Settled<'a, T> {
    /// It is theirs who ask.
    Proved(Result<T>),
    /// Something by which it was read is not so any more, or could not be read for somebody who is only presumed: it is to be
    /// read again, for this person.
    Again(&'a Viewer),
}

impl<'a> Asking<'a> {
    /// Begins to read.
    #[must_use]
    pub fn new(app: &App, presumed: &'a Presumed) -> Self {
        let owed = presumed.owed();
        Self { app: app.owing(Arc::clone(&owed)), owed, presumed }
    }

    /// For whom to read.
    #[must_use]
    pub fn viewer(&self) -> &'a Viewer {
        &self.presumed.viewer
    }

    /// Whose it is that was read. If no row proved it, or one disproved it, the session is looked up.
    ///
    /// # Errors
    /// Unauthenticated if the session has ended.
    pub async fn settle<T>(self, outcome: Result<T>) -> Result<Settled<'a, T>> {
        let Self { presumed, owed, app } = self;
        if owed.is_paid() {
            presumed.truth.get_or_init(|| Some(Arc::clone(&presumed.viewer)));
            return Ok(Settled::Proved(outcome));
        }
        let truth = presumed.look_up(&app).await?;
        let Some(viewer) = presumed.truth.get_or_init(|| truth) else { return Err(Error::Unauthenticated) };
        Ok(match outcome {
            Ok(read) if owed.holds_for(viewer) => Settled::Proved(Ok(read)),
            _ => Settled::Again(viewer),
        })
    }
}

/// A proof that a statement is to bring along.
#[derive(Debug)]
pub(crate) struct Owed {
    viewer: Arc<Viewer>,
    token_hash: Vec<u8>,
    paid: AtomicBool,
    refused: AtomicBool,
}

impl Owed {
    /// What a statement is to prove.
    pub(crate) fn proof(&self, app: &App) -> Proof {
        Proof { token_hash: self.token_hash.clone(), now: app.clock.now(), reader: Reader::of(&self.viewer.account) }
    }

    /// The rows of a statement say so.
    pub(crate) fn pay(&self) {
        self.paid.store(true, Ordering::Release);
    }

    /// The rows of a statement say that it is not so: whatever else was read is not shown either.
    pub(crate) fn refuse(&self) {
        self.refused.store(true, Ordering::Release);
    }

    fn is_paid(&self) -> bool {
        self.paid.load(Ordering::Acquire) && !self.refused.load(Ordering::Acquire)
    }

    /// The same, of a row that was read.
    fn holds_for(&self, viewer: &Viewer) -> bool {
        Reader::of(&self.viewer.account) == Reader::of(&viewer.account)
    }
}
