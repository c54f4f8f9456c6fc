//! Where cards are kept: in this process, bounded by the bytes they take, and in Redis for all processes.
//!
//! Of many who miss the same card at once, one reads it and the others wait for that: a stampede costs one look a process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use darkroom_platform::cache::{Cache, CacheKey};
use darkroom_platform::config::Config;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Memory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::content::{AuthorCard, PostCard};
use super::load;
use crate::app::App;
use crate::error::Result;
use crate::id_map::{self, IdMap};
use crate::sight;

/// Of the memory for cards, the part for people: they are smaller, fewer, and kept longer.
const AUTHORS_SHARE: u64 = 4;

/// How long a page waits for copies: the database has them too, and a Redis that hangs was waited for once already, for the
/// timeline.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often a reader waits for another one's look, before it looks for itself whatever the others do.
const WAITS: usize = 2;

/// A card of one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Whose: a post's id or a person's.
    pub id: Uuid,
    /// The row's `card_revision`.
    pub revision: i64,
}

/// Something that is kept.
trait Card: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is called in Redis, with the version of its form: another version looks elsewhere.
    const KIND: &'static str;

    fn wanted(&self) -> Wanted;
    fn weight(&self) -> usize;
}

impl Card for PostCard {
    const KIND: &'static str = "post-card-1";

    fn wanted(&self) -> Wanted {
        Wanted { id: self.id, revision: self.revision }
    }

    fn weight(&self) -> usize {
        Self::weight(self)
    }
}

impl Card for AuthorCard {
    const KIND: &'static str = "author-card-1";

    fn wanted(&self) -> Wanted {
        Wanted { id: self.id, revision: self.revision }
    }

    fn weight(&self) -> usize {
        Self::weight(self)
    }
}

/// A card in this process, until it is looked up anew.
struct Kept<C> {
    card: Arc<C>,
    until: Instant,
    /// Counters of the row, if it is known to be as this card says ([`Known`](super::known::Known)).
    current: Option<Current>,
}

/// That a row is as its card says, with counters, for as long as the log of changes says nothing about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Current {
    generation: u64,
    counts: [i64; 3],
}

impl Current {
    pub(super) fn new(generation: u64, counts: [i64; 3]) -> Self {
        Self { generation, counts }
    }
}

impl<C> Clone for Kept<C> {
    fn clone(&self) -> Self {
        Self { card: Arc::clone(&self.card), until: self.until, current: self.current }
    }
}

/// By the bytes that cards take.
#[derive(Clone)]
struct ByBytes;

impl<C: Card> Weighter<Uuid, Kept<C>> for ByBytes {
    fn weight(&self, _: &Uuid, kept: &Kept<C>) -> u64 {
        kept.card.weight() as u64
    }
}

/// About how many bytes a card takes: how many places there are to begin with.
const USUAL_WEIGHT: u64 = 2048;

/// The cards of one kind in this process.
struct Shelf<C: Card> {
    memory: Memory<Uuid, Kept<C>, ByBytes>,
    /// What is being looked up, until its receiver's sender is gone.
    under_way: Mutex<HashMap<Wanted, watch::Receiver<()>>>,
    ttl_seconds: u32,
}

impl<C: Card> Shelf<C> {
    fn new(bytes: u64, ttl_seconds: u32) -> Self {
        let places = usize::try_from(bytes / USUAL_WEIGHT).unwrap_or(usize::MAX);
        Self { memory: Memory::with_weighter(places, bytes, ByBytes), under_way: Mutex::default(), ttl_seconds }
    }

    /// Moves what is at hand from `missing` to `found`.
    fn look(&self, missing: &mut Vec<Wanted>, found: &mut IdMap<Arc<C>>) {
        let (wanted, now) = (missing.len(), Instant::now());
        missing.retain(|wanted| match self.memory.get(&wanted.id) {
            Some(kept) if kept.card.wanted() == *wanted && now < kept.until => {
                found.insert(wanted.id, kept.card);
                false
            }
            _ => true,
        });
        sight::cards("memory", wanted - missing.len());
    }

    /// Of what is missing, what nobody is looking up yet is the caller's to look up; the rest is waited for.
    fn claim(&self, missing: &[Wanted]) -> (Claim<'_, C>, Vec<watch::Receiver<()>>) {
        let (done, receiver) = watch::channel(());
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        for wanted in missing {
            match under_way.get(wanted) {
                Some(other) => others.push(other.clone()),
                None => {
                    under_way.insert(*wanted, receiver.clone());
                    mine.push(*wanted);
                }
            }
        }
        drop(under_way);
        (Claim { shelf: self, mine, _done: done }, others)
    }

    fn keys(wanted: &[Wanted]) -> impl Iterator<Item = CacheKey> {
        wanted.iter().map(|wanted| CacheKey { kind: C::KIND, id: wanted.id })
    }

    /// Takes the copies that are of the wanted revisions; gives back what is still missing.
    fn read(&self, wanted: &[Wanted], copies: &[Option<Bytes>], found: &mut IdMap<Arc<C>>) -> Vec<Wanted> {
        let mut missing = Vec::new();
        for (wanted, copy) in wanted.iter().zip(copies) {
            let card = copy.as_ref().and_then(|copy| serde_json::from_slice::<C>(copy).ok());
            match card.filter(|card| card.wanted() == *wanted) {
                Some(card) => self.keep(card, found),
                None => missing.push(*wanted),
            }
        }
        missing
    }

    fn keep(&self, card: C, found: &mut IdMap<Arc<C>>) {
        let (id, card) = (card.wanted().id, Arc::new(card));
        self.put(&card, None);
        found.insert(id, card);
    }

    fn put(&self, card: &Arc<C>, current: Option<Current>) {
        let until = Instant::now() + Duration::from_secs(u64::from(self.ttl_seconds));
        self.memory.insert(card.wanted().id, Kept { card: Arc::clone(card), until, current });
    }

    /// The card, with counters, of a row that is known to be as it says.
    fn current(&self, id: Uuid, generation: u64) -> Option<(Arc<C>, [i64; 3])> {
        let Kept { card, current, .. } = self.memory.get(&id)?;
        Some((card, current.filter(|current| current.generation == generation)?.counts))
    }

    /// The row may have become another one.
    fn doubt(&self, id: Uuid) {
        if let Some(kept) = self.memory.get(&id).filter(|kept| kept.current.is_some()) {
            self.memory.insert(id, Kept { current: None, ..kept });
        }
    }

    fn copy(&self, card: &C) -> Option<(CacheKey, Bytes, i64)> {
        let bytes = serde_json::to_vec(card).ok()?;
        Some((CacheKey { kind: C::KIND, id: card.wanted().id }, bytes.into(), i64::from(self.ttl_seconds)))
    }
}

/// What one reader looks up. Dropping it, however that comes about, lets those who wait look themselves.
struct Claim<'a, C: Card> {
    shelf: &'a Shelf<C>,
    mine: Vec<Wanted>,
    _done: watch::Sender<()>,
}

impl<C: Card> Drop for Claim<'_, C> {
    fn drop(&mut self) {
        let mut under_way = self.shelf.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        for wanted in &self.mine {
            under_way.remove(wanted);
        }
    }
}

/// Posts' cards and authors' by their ids.
type Found = (IdMap<Arc<PostCard>>, IdMap<Arc<AuthorCard>>);

/// All cards.
pub(crate) struct Cards {
    posts: Shelf<PostCard>,
    authors: Shelf<AuthorCard>,
    shared: Cache,
}

impl Cards {
    pub(crate) fn new(config: &Config, shared: Cache) -> Self {
        let card = &config.card;
        let for_authors = card.memory_max_bytes / AUTHORS_SHARE;
        Self {
            posts: Shelf::new(card.memory_max_bytes - for_authors, card.post_ttl_seconds),
            authors: Shelf::new(for_authors, card.author_ttl_seconds),
            shared,
        }
    }

    /// About how many bytes they take in this process.
    pub(crate) fn weight(&self) -> u64 {
        self.posts.memory.weight() + self.authors.memory.weight()
    }

    /// Who posted these, if that is known of each of them: a card of whatever revision says it.
    pub(super) fn authors_of(&self, posts: &[Uuid]) -> Option<Vec<Uuid>> {
        posts.iter().map(|id| self.posts.memory.get(id).map(|kept| kept.card.author_id)).collect()
    }

    /// The card of a post of which everything is known, likes and comments.
    pub(super) fn current_post(&self, id: Uuid, generation: u64) -> Option<(Arc<PostCard>, [i64; 3])> {
        self.posts.current(id, generation)
    }

    /// The same of a person: followers, people followed and posts.
    pub(super) fn current_author(&self, id: Uuid, generation: u64) -> Option<(Arc<AuthorCard>, [i64; 3])> {
        self.authors.current(id, generation)
    }

    /// Notes that a post is as its card says.
    pub(super) fn learn_post(&self, card: &Arc<PostCard>, current: Current) {
        self.posts.put(card, Some(current));
    }

    /// The same of a person.
    pub(super) fn learn_author(&self, card: &Arc<AuthorCard>, current: Current) {
        self.authors.put(card, Some(current));
    }

    /// Forgets everything that this process holds.
    pub(super) fn clear(&self) {
        self.posts.memory.clear();
        self.authors.memory.clear();
    }

    /// A post or a person looks another way.
    pub(super) fn doubt(&self, id: Uuid) {
        self.posts.doubt(id);
        self.authors.doubt(id);
    }

    /// The cards of exactly these revisions: what is not found has changed or gone meanwhile. A bounded number.
    pub(super) async fn of(&self, app: &App, posts: &[Wanted], authors: &[Wanted]) -> Result<Found> {
        let mut found = (id_map::with_capacity(posts.len()), id_map::with_capacity(authors.len()));
        let (mut posts, mut authors) = (posts.to_vec(), authors.to_vec());
        for wait in 0..=WAITS {
            self.posts.look(&mut posts, &mut found.0);
            self.authors.look(&mut authors, &mut found.1);
            if posts.is_empty() && authors.is_empty() {
                break;
            }
            if wait == WAITS {
                self.look_up(app, &posts, &authors, &mut found).await?;
                break;
            }
            let ((of_posts, posts_of_others), (of_authors, authors_of_others)) =
                (self.posts.claim(&posts), self.authors.claim(&authors));
            self.look_up(app, &of_posts.mine, &of_authors.mine, &mut found).await?;
            // What was not there under this revision will not be.
            posts.retain(|wanted| !of_posts.mine.contains(wanted));
            authors.retain(|wanted| !of_authors.mine.contains(wanted));
            drop((of_posts, of_authors));
            for mut other in posts_of_others.into_iter().chain(authors_of_others) {
                // Nothing is ever sent: it ends with its claim.
                let _ = other.changed().await;
            }
        }
        Ok(found)
    }

    /// Looks in Redis, for both kinds in one round trip, and in the database for the rest.
    async fn look_up(&self, app: &App, posts: &[Wanted], authors: &[Wanted], found: &mut Found) -> Result<()> {
        let (mut posts, mut authors) = (posts.to_vec(), authors.to_vec());
        if posts.is_empty() && authors.is_empty() {
            return Ok(());
        }
        if self.shared.is_shared() {
            let keys = Shelf::<PostCard>::keys(&posts).chain(Shelf::<AuthorCard>::keys(&authors));
            match timeout(PATIENCE, self.shared.get(&keys.collect::<Vec<_>>())).await {
                Ok(Ok(copies)) => {
                    let wanted = posts.len() + authors.len();
                    let (of_posts, of_authors) = copies.split_at(posts.len());
                    posts = self.posts.read(&posts, of_posts, &mut found.0);
                    authors = self.authors.read(&authors, of_authors, &mut found.1);
                    sight::cards("redis", wanted - posts.len() - authors.len());
                }
                Ok(Err(error)) => tracing::debug!(%error, "the cache is away; the database answers"),
                Err(_) => tracing::debug!("the cache is slow; the database answers"),
            }
        }
        let (of_posts, of_authors) = futures::try_join!(load::posts(app, &posts), load::authors(app, &authors))?;
        sight::cards("database", of_posts.len() + of_authors.len());
        let copies = || {
            let posts = of_posts.iter().filter_map(|card| self.posts.copy(card));
            posts.chain(of_authors.iter().filter_map(|card| self.authors.copy(card))).collect::<Vec<_>>()
        };
        let copies = if self.shared.is_shared() { copies() } else { Vec::new() };
        of_posts.into_iter().for_each(|card| self.posts.keep(card, &mut found.0));
        of_authors.into_iter().for_each(|card| self.authors.keep(card, &mut found.1));
        if !copies.is_empty() {
            let shared = self.shared.clone();
            // Nobody waits for it.
            app.tasks.spawn(async move {
                if let Err(error) = shared.put(copies).await {
                    tracing::debug!(%error, "cards were not shared");
                }
            });
        }
        Ok(())
    }
}
