//! What every role of the program shares: the outside, and the few things that bound its use.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use darkroom_platform::clock::Clock;
use darkroom_platform::config::{Config, Networks};
use darkroom_platform::database::{Database, Rows};
use darkroom_platform::events::Events;
use darkroom_platform::objects::Objects;
use darkroom_platform::snapshots::Snapshots;
use darkroom_platform::timelines::Timelines;
use darkroom_platform::transport::Transport;
use darkroom_platform::{Cache, Platform, Rates};
use darkroom_sandbox::Sandbox;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::card::{Cards, Circles, Known, Statements};
use crate::error::Result;
use crate::feed::Rebuilds;
use crate::idempotency::Step;
use crate::job::ledger::Claimed;
use crate::media::{Run, UrlSigner};
use crate::password::Hasher;
use crate::ranking::{Items, Notes};
use crate::session::{Owed, Seen};
use crate::transaction::Transaction;
use crate::upload::PartSigner;

/// The application: one value serves every role. A copy shares everything ([`Shared`]) and costs a count, and knows besides what it
/// is used for.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
    /// Which step of a request with a key this value serves, if any.
    pub(crate) step: Option<Arc<Step>>,
    /// Which run of a job this value serves, if any.
    pub(crate) run: Option<Run>,
    /// The proof of who asks that this value's reads are to bring along, if any.
    pub(crate) owed: Option<Arc<Owed>>,
    /// Where the reads of the query that this value serves go, if a replica may answer them.
    aside: Option<Rows>,
}

/// What all copies of an application have in common: the outside, and what a process knows of it.
#[derive(Clone)]
pub struct Shared {
    /// What is in force.
    pub config: Arc<Config>,
    /// Rows.
    pub database: Database,
    /// Media bytes.
    pub objects: Objects,
    /// Hints that jobs are due.
    pub transport: Transport,
    /// Newest post ids for each person.
    pub timelines: Timelines,
    /// Orders of ranked feeds.
    pub snapshots: Snapshots,
    /// What happened, for those who listen.
    pub events: Events,
    /// Copies that processes share, for whoever can do without them.
    pub cache: Cache,
    /// Limits of how much somebody may ask for.
    pub(crate) rates: Rates,
    /// The time.
    pub clock: Clock,
    /// Work that goes on after its caller has left; shutdown waits for it.
    pub tasks: TaskTracker,
    /// What posts and people look like to everyone.
    pub(crate) cards: Arc<Cards>,
    /// Statements for pages of feeds.
    pub(crate) statements: Arc<Statements>,
    /// Whose posts stand in whose feed, as far as this process has seen.
    pub(crate) circles: Arc<Circles>,
    /// What is known of posts that people have been shown.
    pub(crate) known: Arc<Known>,
    /// What posts bring to ranked orders.
    pub(crate) items: Arc<Items>,
    /// What is noted at most once an hour.
    pub(crate) notes: Arc<Notes>,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) signer: Arc<UrlSigner>,
    pub(crate) part_signer: Arc<PartSigner>,
    pub(crate) rebuilds: Arc<Rebuilds>,
    /// Where pixels are worked on: off the async threads, no more at once than there are cores.
    pub(crate) sandbox: Sandbox,
    /// Uploads under way at once.
    pub(crate) uploads: Arc<Semaphore>,
    /// Addresses from which one may ask as often as one likes.
    pub(crate) exempt: Arc<Networks>,
    /// Sessions that this process has served feeds to.
    pub(crate) seen: Arc<Seen>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl App {
    /// Puts the application together. Photos are decoded in this process, until [`App::decoding_in`] says otherwise.
    pub fn new(platform: Platform) -> Self {
        let Platform { config, database, objects, transport, timelines, snapshots, events, cache, rates, clock } =
            platform;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let shared = Shared {
            cards: Arc::new(Cards::new(&config, cache.clone())),
            statements: Arc::default(),
            circles: Arc::default(),
            known: Arc::default(),
            items: Arc::new(Items::new(config.ranking.item_memory_max_bytes)),
            notes: Arc::new(Notes::new(cache.clone())),
            hasher: Arc::new(Hasher::new(cores)),
            signer: Arc::new(UrlSigner::new(&config)),
            part_signer: Arc::new(PartSigner::new(&config)),
            cache,
            rebuilds: Arc::default(),
            sandbox: Sandbox::in_process(cores),
            uploads: Arc::new(Semaphore::new(config.limits.uploads_concurrent)),
            tasks: TaskTracker::new(),
            // Settings were validated: nothing that can't be read comes here, and if it did nobody would be exempt.
            exempt: Arc::new(config.exempt().unwrap_or_default()),
            seen: Arc::default(),
            config,
            database,
            objects,
            transport,
            timelines,
            snapshots,
            events,
            rates,
            clock,
        };
        Self { shared: Arc::new(shared), step: None, run: None, owed: None, aside: None }
    }

    /// Decodes photos there from now on: [`media::sandbox`](crate::media::sandbox) makes what the settings ask for.
    #[must_use]
    pub fn decoding_in(mut self, sandbox: Sandbox) -> Self {
        // Nobody else has it yet; if somebody had, it would be a copy from here on.
        Arc::make_mut(&mut self.shared).sandbox = sandbox;
        self
    }

    /// The same application, for one step of a request with a key: a verb that it is given to is carried out once.
    #[must_use]
    pub fn at_step(&self, step: Step) -> Self {
        Self { step: Some(Arc::new(step)), ..self.clone() }
    }

    /// The same application, for one run of a job.
    #[must_use]
    pub fn in_run(&self, job: &Claimed) -> Self {
        Self { run: Some(Run::of(job)), ..self.clone() }
    }

    /// The same application, for one operation that only reads: a replica of the database may answer, which shows everything
    /// that had been acknowledged when the operation read first. None where no replica is set.
    #[must_use]
    pub fn aside(&self) -> Option<Self> {
        let rows = self.database.aside()?;
        Some(Self { aside: Some(rows), ..self.clone() })
    }

    /// The same application, which reads what is true now: for what is kept longer than an operation, so that nothing is kept
    /// that was out of date already.
    pub(crate) fn at_truth(&self) -> Cow<'_, Self> {
        match self.aside {
            None => Cow::Borrowed(self),
            Some(_) => Cow::Owned(Self { aside: None, ..self.clone() }),
        }
    }

    /// The same application, which reads whatever has been acknowledged until now, and not only until its operation read first:
    /// for what is kept longer than an operation, and need not be the truth of this very moment.
    pub(crate) fn anew(&self) -> Cow<'_, Self> {
        match self.aside.as_ref().and_then(|_| self.aside()) {
            None => Cow::Borrowed(self),
            Some(anew) => Cow::Owned(anew),
        }
    }

    /// The same application, whose next read of posts proves who asks.
    pub(crate) fn owing(&self, owed: Arc<Owed>) -> Self {
        Self { owed: Some(owed), ..self.clone() }
    }

    /// What came of this step, if an earlier attempt at the request got as far.
    pub(crate) fn done_before(&self) -> Option<Uuid> {
        self.step.as_ref()?.done_before()
    }

    /// Where reads go.
    pub fn rows(&self) -> &Rows {
        self.aside.as_ref().unwrap_or_else(|| self.database.connection())
    }

    /// Begins a change. Nothing of it is seen by anyone, and none of its jobs is announced, before
    /// [`Transaction::commit`]; dropping it takes everything back.
    pub async fn begin(&self) -> Result<Transaction<'_>> {
        Transaction::begin(self).await
    }

    /// Waits until everything that was left to finish on its own has finished.
    pub async fn settle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
