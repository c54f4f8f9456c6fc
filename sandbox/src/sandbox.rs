//! The parent: hands files to children, a few at a time.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use darkroom_media::{Failure, Limits, Photo, Rendition};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::child::{Child, Confinement};
use crate::keeper::Keeper;
use crate::lost::Lost;
use crate::task::{Made, Task};

/// A white picture in GIF.
const PIXEL: &[u8] = b"GIF87a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02\x4C\x01\0;";

/// What decoding may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Children at once for photos that somebody waits for, at least 1: one a core, since each keeps one busy. Half as many
    /// (at least 1) are there besides for what nobody waits for.
    pub children: usize,
    /// Address space of a child in bytes: the program itself, the file, and what its pixels take.
    pub memory_bytes: u64,
    /// Longest time for one file, from its first byte sent to the last one of the answer.
    pub time: Duration,
}

/// Where photos are decoded. Cheap to clone; the clones share their children, which end with the last of them.
#[derive(Debug, Clone)]
pub struct Sandbox(Where);

#[derive(Debug, Clone)]
enum Where {
    /// One place a thread.
    Here(Places),
    Children(Arc<Pool>),
}

/// How much may be under way at once. What nobody waits for has places of its own, so that it never stands in the way of
/// what somebody waits for.
#[derive(Debug, Clone)]
struct Places {
    urgent: Arc<Semaphore>,
    patient: Arc<Semaphore>,
}

impl Places {
    fn new(urgent: usize) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)));
        Self { urgent: places(urgent), patient: places(urgent / 2) }
    }

    async fn take(&self, task: Task) -> Result<OwnedSemaphorePermit, Lost> {
        let places = if task.is_urgent() { &self.urgent } else { &self.patient };
        // Nobody closes them.
        Arc::clone(places).acquire_owned().await.map_err(|error| Lost::Unavailable(io::Error::other(error)))
    }
}

/// Children, started when they are needed and kept for the next file.
#[derive(Debug)]
struct Pool {
    program: PathBuf,
    bounds: Bounds,
    places: Places,
    /// The one used last is on top: those below stay idle when there is little to do.
    idle: Mutex<Vec<Child>>,
    keeper: Mutex<Option<Keeper>>,
}

impl Sandbox {
    /// Decodes on up to `threads` threads of this process: what ends the decoder ends the process, and what hangs holds
    /// its thread.
    #[must_use]
    pub fn in_process(threads: usize) -> Self {
        Self(Where::Here(Places::new(threads)))
    }

    /// Decodes in children that run `program`, whose `main` begins with [`serve_if_child`](crate::serve_if_child).
    #[must_use]
    pub fn children(program: impl Into<PathBuf>, bounds: Bounds) -> Self {
        let places = Places::new(bounds.children);
        let (idle, keeper) = (Mutex::default(), Mutex::default());
        Self(Where::Children(Arc::new(Pool { program: program.into(), bounds, places, idle, keeper })))
    }

    /// [`Sandbox::children`] that run this program again.
    ///
    /// # Errors
    /// When the system does not say where this program lies.
    pub fn this_program(bounds: Bounds) -> io::Result<Self> {
        // Names the very file that runs, also once an upgrade has put another one, or none, in its place.
        let link = PathBuf::from("/proc/self/exe");
        let program = if cfg!(target_os = "linux") && link.exists() { link } else { std::env::current_exe()? };
        Ok(Self::children(program, bounds))
    }

    /// Makes everything that is shown of a photo: [`darkroom_media::process`], behind a wall. Waits for a free place.
    ///
    /// A file that can't be used is the inner error. When this future is dropped, work on the file ends.
    ///
    /// # Errors
    /// [`Lost`]: there is no answer about the file.
    pub async fn process(&self, bytes: Bytes, limits: &Limits) -> Result<Result<Photo, Failure>, Lost> {
        Ok(match self.run(Task::Photo, bytes, limits).await? {
            Ok(Made::Photo(photo)) => Ok(*photo),
            Ok(Made::Webp(_)) => return Err(other()),
            Err(failure) => Err(failure),
        })
    }

    /// Makes a photo's renditions in WebP: [`darkroom_media::encode_webp`], in the same way. Waits for a place that no
    /// photo needs.
    ///
    /// # Errors
    /// [`Lost`]: there is no answer about the file.
    pub async fn encode_webp(&self, bytes: Bytes, limits: &Limits) -> Result<Result<Vec<Rendition>, Failure>, Lost> {
        Ok(match self.run(Task::Webp, bytes, limits).await? {
            Ok(Made::Webp(renditions)) => Ok(renditions),
            Ok(Made::Photo(_)) => return Err(other()),
            Err(failure) => Err(failure),
        })
    }

    async fn run(&self, task: Task, bytes: Bytes, limits: &Limits) -> Result<Result<Made, Failure>, Lost> {
        match &self.0 {
            Where::Children(pool) => pool.run(task, &bytes, limits).await,
            Where::Here(places) => {
                let place = places.take(task).await?;
                let limits = limits.clone();
                // The place is taken for as long as the work takes, whether anybody waits for it or not.
                let work = tokio::task::spawn_blocking(move || {
                    let _place = place;
                    task.run(&bytes, &limits)
                });
                work.await.map_err(|error| Lost::Crashed { how: error.to_string() })
            }
        }
    }

    /// Decodes a picture of one pixel, in a new child if there are children, and says what holds decoders back.
    ///
    /// # Errors
    /// [`Lost`]: photos can't be decoded here.
    pub async fn check(&self) -> Result<Confinement, Lost> {
        let limits = Limits::default();
        let (result, confinement) = match &self.0 {
            Where::Here(_) => (self.run(Task::Photo, Bytes::from_static(PIXEL), &limits).await?, Confinement::None),
            Where::Children(pool) => {
                let _place = pool.places.take(Task::Photo).await?;
                let child = pool.child(true).await?;
                let confinement = child.confinement();
                (child.decode(Task::Photo, PIXEL, &limits, pool.bounds.time).await?.0, confinement)
            }
        };
        let refused = |failure: Failure| Lost::Crashed { how: format!("a refusal of a good picture: {failure}") };
        result.map(|_| confinement).map_err(refused)
    }
}

impl Pool {
    async fn run(&self, task: Task, bytes: &[u8], limits: &Limits) -> Result<Result<Made, Failure>, Lost> {
        let _place = self.places.take(task).await?;
        let alone = is_decoded_in_c(bytes);
        let (result, child) = self.child(alone).await?.decode(task, bytes, limits, self.bounds.time).await?;
        if let Some(child) = child
            && !alone
        {
            self.keep(child);
        }
        Ok(result)
    }

    /// A child that lives: an idle one, or a new one, which no other file has been in.
    async fn child(&self, new: bool) -> Result<Child, Lost> {
        while !new && let Some(child) = self.take() {
            if !child.is_spent() {
                return Ok(child);
            }
        }
        let keeper = self.keeper().map_err(Lost::Unavailable)?;
        Child::start(keeper, &self.program, &self.bounds).await.map_err(Lost::Unavailable)
    }

    fn take(&self) -> Option<Child> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, child: Child) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
    }

    fn keeper(&self) -> io::Result<Keeper> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_none() {
            *keeper = Some(Keeper::new()?);
        }
        keeper.clone().ok_or_else(|| io::Error::other("no thread to start child processes"))
    }
}

/// An answer to another question than was asked; a child's is refused before it comes to this.
fn other() -> Lost {
    Lost::Crashed { how: "an answer to another question".to_owned() }
}

/// Whether a file goes to a library in C, as HEIC and AVIF do. By a flaw there its author could make the child work for
/// them: it is to hold nothing of anybody else's photos, before or after.
fn is_decoded_in_c(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
}
