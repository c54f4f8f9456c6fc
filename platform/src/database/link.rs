//! Connections of one engine that are kept open, at most so many at once.
//!
//! A pool of our own for one reason: the driver's asks each connection that comes back whether it still stands. That is a
//! round trip and a task for each statement, and was half of the round trips of a page of the feed (decision 0025). Here a
//! connection whose last statement has been answered is used again as it is; only one whose statement was given up on its
//! way, or that has idled, is asked.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::error::ConnAcquireErr;
use sea_orm::sqlx::{self, ConnectOptions as _};
use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Connections;
use super::place::Place;
use super::setup::Setup;
use super::speak::Speak;

/// One that was used a moment ago is not asked whether it still stands. One that has idled may have died with its server.
const TEST_IF_IDLE_FOR: Duration = Duration::from_secs(1);

/// One that has idled for so long is closed when another one comes back.
const CLOSE_IF_IDLE_FOR: Duration = Duration::from_secs(600);

/// One is closed after so long, so that what a server keeps for it does not grow for ever.
const LIFETIME: Duration = Duration::from_secs(1800);

/// First pause between two tries to reach a server that refuses; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The connections.
pub(super) struct Links<C: Speak>(Arc<Shared<C>>);

impl<C: Speak> Clone for Links<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Speak> std::fmt::Debug for Links<C> {
    // The options hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("most", &self.0.most).finish_non_exhaustive()
    }
}

struct Shared<C: Speak> {
    setup: Setup<C::Options>,
    /// The last one used is at the back and is used next, so that those beyond need fall idle.
    idle: Mutex<VecDeque<Idle<C>>>,
    places: Arc<Semaphore>,
    most: u32,
    patience: Duration,
    closed: AtomicBool,
}

struct Idle<C> {
    connection: C,
    opened: Instant,
    since: Instant,
    reached: Place,
}

impl<C: Speak> Links<C> {
    /// At most `most`, each waited for as long as `patience`. Opens none yet.
    pub(super) fn new(setup: Setup<C::Options>, most: u32, patience: Duration) -> Self {
        Self(Arc::new(Shared {
            setup,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(most as usize)),
            most,
            patience,
            closed: AtomicBool::new(false),
        }))
    }

    /// How one is opened for what needs a session of its own, if there is a way.
    pub(super) fn apart(&self) -> Option<&C::Options> {
        self.0.setup.apart.as_ref()
    }

    /// How many there are now; of those that are taken, some may still be opened.
    pub(super) fn connections(&self) -> Connections {
        let free = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let used = self.0.most.saturating_sub(free);
        Connections { open: used.saturating_add(u32::try_from(idle).unwrap_or(u32::MAX)), used }
    }

    /// A connection that stands.
    ///
    /// # Errors
    /// When none comes free or can be opened in time, or all are being closed.
    pub(super) async fn take(&self) -> Result<Link<C>, DbErr> {
        // Who waits already has its turn before the end, which waits behind it.
        if self.0.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let deadline = Instant::now() + self.0.patience;
        let place = match Arc::clone(&self.0.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => timeout_at(deadline, Arc::clone(&self.0.places).acquire_owned())
                .await
                .map_err(|_| late())?
                .map_err(|_| closed())?,
        };
        while let Some(mut idle) = self.0.pop() {
            if idle.opened.elapsed() > LIFETIME {
                part(idle.connection);
                continue;
            }
            let stands = idle.since.elapsed() < TEST_IF_IDLE_FOR
                || timeout_at(deadline, idle.connection.ping()).await.map_err(|_| late())?.is_ok();
            if stands {
                let mut link = Link::new(self, place, idle.connection, idle.opened);
                link.reached = idle.reached;
                return Ok(link);
            }
        }
        let connection = self.open(deadline).await?;
        Ok(Link::new(self, place, connection, Instant::now()))
    }

    /// A new connection. A server that refuses may be about to come back: it is tried again while there is time.
    async fn open(&self, deadline: Instant) -> Result<C, DbErr> {
        let mut pause = PAUSE;
        loop {
            let refused = match timeout_at(deadline, self.0.setup.options.connect()).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(refused)) => refused,
                Err(_) => return Err(late()),
            };
            let transient = match &refused {
                sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
                sqlx::Error::Database(error) => error.is_transient_in_connect_phase(),
                _ => false,
            };
            if !transient || Instant::now() + pause >= deadline {
                return Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(refused))));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives out no more, waits for those that are used, and closes all.
    ///
    /// # Errors
    /// The first that the driver reports.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        self.0.closed.store(true, Ordering::Release);
        // An error means that somebody else has closed all.
        let Ok(_all) = self.0.places.acquire_many(self.0.most).await else { return Ok(()) };
        self.0.places.close();
        let mut outcome = Ok(());
        while let Some(idle) = self.0.pop() {
            outcome = outcome.and(idle.connection.close().await);
        }
        outcome.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
    }
}

impl<C: Speak> Shared<C> {
    fn pop(&self) -> Option<Idle<C>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_back()
    }

    fn keep(&self, connection: C, opened: Instant, reached: Place) {
        let now = Instant::now();
        let surplus = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push_back(Idle { connection, opened, since: now, reached });
            let stale = idle.front().is_some_and(|oldest| now - oldest.since > CLOSE_IF_IDLE_FOR);
            if stale { idle.pop_front() } else { None }
        };
        if let Some(surplus) = surplus {
            part(surplus.connection);
        }
    }

    /// Whatever broke one has probably broken those that idle too.
    fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Closes a connection in order, behind whoever has come upon it.
fn part<C: Speak>(connection: C) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(connection.close());
    }
}

fn late() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// What is known of a connection that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything that was asked has been answered.
    Clean,
    /// A statement is on its way, or was given up there.
    Asked,
    /// A transaction is open.
    Open,
    /// It is no use any more.
    Broken,
}

/// A connection that is taken. It goes back when it is dropped, at once if it is clean; otherwise when it has answered,
/// and what transaction was open has been rolled back.
pub(super) struct Link<C: Speak> {
    connection: Option<C>,
    opened: Instant,
    /// How far in the primary's log its server is at the least, where anybody has asked: it stays with the connection.
    pub(super) reached: Place,
    state: State,
    shared: Arc<Shared<C>>,
    /// Given back last: nobody is let in for a connection that is still to be mended.
    place: Option<OwnedSemaphorePermit>,
    /// What else is held until then, the turn to write.
    turn: Option<OwnedSemaphorePermit>,
}

impl<C: Speak> std::fmt::Debug for Link<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<C: Speak> Link<C> {
    fn new(links: &Links<C>, place: OwnedSemaphorePermit, connection: C, opened: Instant) -> Self {
        let shared = Arc::clone(&links.0);
        let connection = Some(connection);
        let reached = Place::default();
        Self { connection, opened, reached, state: State::Clean, shared, place: Some(place), turn: None }
    }

    /// Has it do something. If the future is dropped on the way, the connection is asked before it is used again.
    pub(super) async fn ask<T, F>(&mut self, what: F) -> Result<T, sqlx::Error>
    where
        F: AsyncFnOnce(&mut C) -> Result<T, sqlx::Error>,
    {
        let before = std::mem::replace(&mut self.state, State::Asked);
        let inside = before == State::Open;
        if inside {
            self.state = State::Open;
        }
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let outcome = what(connection).await;
        self.state = match &outcome {
            Err(error) if is_fatal(error) => State::Broken,
            _ if inside => State::Open,
            Err(error) if error.as_database_error().is_none() => State::Asked,
            _ => State::Clean,
        };
        outcome
    }

    /// Has it do something of one statement, by itself or within the transaction that is open. `what` is told whether what
    /// it prepares may stay with the connection.
    pub(super) async fn run<T, F>(&mut self, what: F) -> Result<T, sqlx::Error>
    where
        F: AsyncFnOnce(&mut C, bool) -> Result<T, sqlx::Error>,
    {
        let stays = self.shared.setup.stays;
        // The driver prepares and executes in two rounds; outside of a transaction they may reach two server processes, and
        // the second one executes whatever somebody else has prepared there.
        let wrapped = !stays && self.state != State::Open;
        if wrapped {
            self.begin(None).await?;
        }
        let outcome = self.ask(async |connection| what(connection, stays).await).await;
        if !wrapped {
            return outcome;
        }
        match outcome {
            Ok(value) => self.end("COMMIT").await.map(|()| value),
            Err(error) => {
                // Where this fails the connection is mended or closed as it is given back.
                let _undone = if self.state == State::Open { self.end("ROLLBACK").await } else { Ok(()) };
                Err(error)
            }
        }
    }

    /// Begins a transaction, which holds `turn` until it is over and undone if need be.
    pub(super) async fn begin(&mut self, turn: Option<OwnedSemaphorePermit>) -> Result<(), sqlx::Error> {
        self.turn = turn;
        self.state = State::Open;
        let shared = Arc::clone(&self.shared);
        let begun = self.ask(async |connection| connection.batch(&shared.setup.begin).await.map(drop)).await;
        if begun.as_ref().is_err_and(|error| error.as_database_error().is_some()) && self.state == State::Open {
            self.state = State::Clean;
        }
        begun
    }

    /// Ends it, one way or the other.
    pub(super) async fn end(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.ask(async |connection| connection.batch(sql).await.map(drop)).await?;
        self.state = State::Clean;
        Ok(())
    }
}

/// Whether a connection is of no use after this.
pub(super) fn is_fatal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // Class 08: connection exception; class 57P: the server was told to end, or has crashed (PostgreSQL, appendix A).
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")))
        }
        _ => false,
    }
}

impl<C: Speak> Drop for Link<C> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let undo = match self.state {
            State::Clean => return self.shared.keep(connection, self.opened, self.reached),
            State::Broken => return self.shared.forget(),
            State::Asked => false,
            State::Open => true,
        };
        // Without a runtime the program ends: so does the connection.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let held = (self.place.take(), self.turn.take());
        let (shared, opened, reached) = (Arc::clone(&self.shared), self.opened, self.reached);
        runtime.spawn(async move {
            let mending =
                async { if undo { connection.batch("ROLLBACK").await.map(drop) } else { connection.ping().await } };
            let mended = timeout_at(Instant::now() + shared.patience, mending).await;
            match mended {
                Ok(Ok(())) => shared.keep(connection, opened, reached),
                Ok(Err(error)) => tracing::debug!(%error, "a connection whose statement was given up is closed"),
                Err(_) => tracing::debug!("a connection whose statement was given up does not answer; it is closed"),
            }
            drop(held);
        });
    }
}
