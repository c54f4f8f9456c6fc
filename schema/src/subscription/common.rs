//! What many listeners ask at one moment: collected for a few milliseconds and asked once.
//!
//! One event wakes everyone who listens to its topic. Whether their sessions stand is one query for up to 500 of them, and
//! so is which of them may see the row that it is about, so that five thousand listeners cost twenty statements and not
//! ten thousand. Those who begin to listen are asked about in the same way: after a restart all come back at once. What
//! they select below it (authors, mentions, pictures, whether they like it) is asked together as well: their requests'
//! loaders ask here.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use darkroom_entity::{account, comment, media, rendition};
use darkroom_service::live::Asked;
use darkroom_service::{App, Error, comment as comments, like, live, media as photos, session};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// How long questions are collected.
const COLLECTED_FOR: Duration = Duration::from_millis(5);

/// Questions in one batch.
const BATCH: usize = 500;

/// Listeners who look, or say something, at once: those whose questions make a batch.
const AT_ONCE: usize = BATCH;

/// The questions of this process's listeners. Nothing is kept: an answer holds for the moment of its question.
pub(crate) struct Common {
    app: App,
    loader: OnceLock<DataLoader<Questions>>,
    places: Semaphore,
}

struct Questions(App);

/// What was found, by its id.
type Found<T> = Result<HashMap<Uuid, T>, Arc<Error>>;

/// Whether a session stands: present if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct StandingSession(Uuid);

/// A comment, if the one who asks may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SeenComment(Asked);

/// A person, if the one who asks may see their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SeenPerson(Asked);

/// Whom a comment mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NamedInComment(Uuid);

/// Whether a person likes a comment: present if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CommentLike((Uuid, Uuid));

/// A profile picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Avatar(Uuid);

/// A photo's renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RenditionsOf(Uuid);

/// Whether the one who asks may see a post: present if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SeenPost(Asked);

/// The comments below a post after a place, up to so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CommentsAfter {
    post_id: Uuid,
    place: Uuid,
    limit: u64,
}

impl Common {
    pub(crate) fn new(app: App) -> Self {
        Self { app, loader: OnceLock::new(), places: Semaphore::new(AT_ONCE) }
    }

    /// A place among those who look or say something at one moment; the others wait for theirs. What a look and an execution
    /// hold comes for each of so many, and not for each of the thousands whom one event wakes.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.places.acquire().await.ok()
    }

    fn loader(&self) -> &DataLoader<Questions> {
        // Made by the first listener: there is a runtime by then.
        self.loader.get_or_init(|| {
            DataLoader::new(Questions(self.app.clone()), TokioSpawner::current(), TokioTimer::default())
                .delay(COLLECTED_FOR)
                .max_batch_size(BATCH)
        })
    }

    /// Whether the session stands and its person is not suspended.
    pub(crate) async fn stands(&self, session_id: Uuid) -> Result<bool, Arc<Error>> {
        Ok(self.loader().load_one(StandingSession(session_id)).await?.is_some())
    }

    /// Those of these comments that the viewer may see.
    pub(crate) async fn comments(&self, viewer: Option<Uuid>, ids: &[Uuid]) -> Found<comment::Model> {
        let found = self.loader().load_many(ids.iter().map(|id| SeenComment((viewer, *id)))).await?;
        Ok(found.into_iter().map(|(key, row)| (key.0.1, row)).collect())
    }

    /// Those of these people whose account the viewer may see.
    pub(crate) async fn people(&self, viewer: Option<Uuid>, ids: &[Uuid]) -> Found<account::Model> {
        let found = self.loader().load_many(ids.iter().map(|id| SeenPerson((viewer, *id)))).await?;
        Ok(found.into_iter().map(|(key, row)| (key.0.1, row)).collect())
    }

    /// The people whom these comments mention and whom the viewer may see, in the order of their texts.
    pub(crate) async fn mentions(&self, viewer: Option<Uuid>, ids: &[Uuid]) -> Found<Vec<account::Model>> {
        let named = self.loader().load_many(ids.iter().map(|id| NamedInComment(*id))).await?;
        let named: HashMap<Uuid, Vec<Uuid>> = named.into_iter().map(|(key, people)| (key.0, people)).collect();
        let ids: Vec<Uuid> = named.values().flatten().copied().collect();
        let people = if ids.is_empty() { HashMap::new() } else { self.people(viewer, &ids).await? };
        Ok(comments::known(named, &people))
    }

    /// Which of these comments the viewer likes.
    pub(crate) async fn liked_comments(&self, viewer: Option<Uuid>, ids: &[Uuid]) -> Found<()> {
        let Some(viewer) = viewer else { return Ok(HashMap::new()) };
        let found = self.loader().load_many(ids.iter().map(|id| CommentLike((viewer, *id)))).await?;
        Ok(found.into_keys().map(|key| (key.0.1, ())).collect())
    }

    /// These profile pictures.
    pub(crate) async fn avatars(&self, ids: &[Uuid]) -> Found<media::Model> {
        let found = self.loader().load_many(ids.iter().map(|id| Avatar(*id))).await?;
        Ok(found.into_iter().map(|(key, row)| (key.0, row)).collect())
    }

    /// The renditions of these photos.
    pub(crate) async fn renditions(&self, ids: &[Uuid]) -> Found<Vec<rendition::Model>> {
        let found = self.loader().load_many(ids.iter().map(|id| RenditionsOf(*id))).await?;
        Ok(found.into_iter().map(|(key, rows)| (key.0, rows)).collect())
    }

    /// The ids of the comments below a post after a place, whoever may see them.
    pub(super) async fn comment_ids(&self, post_id: Uuid, place: Uuid, limit: u64) -> Result<Vec<Uuid>, Arc<Error>> {
        let found = self.loader().load_one(CommentsAfter { post_id, place, limit }).await?;
        Ok(found.map(|ids| ids.to_vec()).unwrap_or_default())
    }

    /// Whether the viewer may see the post.
    pub(super) async fn sees_post(&self, viewer: Option<Uuid>, post_id: Uuid) -> Result<bool, Arc<Error>> {
        Ok(self.loader().load_one(SeenPost((viewer, post_id))).await?.is_some())
    }
}

impl Loader<StandingSession> for Questions {
    type Value = ();
    type Error = Arc<Error>;

    async fn load(&self, keys: &[StandingSession]) -> Result<HashMap<StandingSession, ()>, Arc<Error>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let standing = session::live_among(&self.0, &ids).await?;
        Ok(standing.into_iter().map(|id| (StandingSession(id), ())).collect())
    }
}

impl Loader<SeenComment> for Questions {
    type Value = comment::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[SeenComment]) -> Result<HashMap<SeenComment, comment::Model>, Arc<Error>> {
        let asked: Vec<Asked> = keys.iter().map(|key| key.0).collect();
        let seen = live::comments_among(&self.0, &asked).await?;
        Ok(seen.into_iter().map(|(asked, row)| (SeenComment(asked), row)).collect())
    }
}

impl Loader<SeenPost> for Questions {
    type Value = ();
    type Error = Arc<Error>;

    async fn load(&self, keys: &[SeenPost]) -> Result<HashMap<SeenPost, ()>, Arc<Error>> {
        let asked: Vec<Asked> = keys.iter().map(|key| key.0).collect();
        let seen = live::posts_among(&self.0, &asked).await?;
        Ok(seen.into_iter().map(|asked| (SeenPost(asked), ())).collect())
    }
}

impl Loader<CommentsAfter> for Questions {
    type Value = Arc<[Uuid]>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CommentsAfter]) -> Result<HashMap<CommentsAfter, Arc<[Uuid]>>, Arc<Error>> {
        let mut found = HashMap::with_capacity(keys.len());
        // Many begin to listen to one post in one second: they ask the same.
        for key in keys {
            let ids = live::comment_ids_after(&self.0, key.post_id, key.place, key.limit).await?;
            found.insert(*key, ids.into());
        }
        Ok(found)
    }
}

impl Loader<SeenPerson> for Questions {
    type Value = account::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[SeenPerson]) -> Result<HashMap<SeenPerson, account::Model>, Arc<Error>> {
        let asked: Vec<Asked> = keys.iter().map(|key| key.0).collect();
        let seen = live::people_among(&self.0, &asked).await?;
        Ok(seen.into_iter().map(|(asked, row)| (SeenPerson(asked), row)).collect())
    }
}

impl Loader<NamedInComment> for Questions {
    type Value = Vec<Uuid>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[NamedInComment]) -> Result<HashMap<NamedInComment, Vec<Uuid>>, Arc<Error>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let named = comments::mentioned_in(&self.0, &ids).await?;
        Ok(named.into_iter().map(|(id, people)| (NamedInComment(id), people)).collect())
    }
}

impl Loader<CommentLike> for Questions {
    type Value = ();
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CommentLike]) -> Result<HashMap<CommentLike, ()>, Arc<Error>> {
        let pairs = keys.iter().map(|key| key.0).collect();
        let likes = like::comment_likes_among(&self.0, &pairs).await?;
        Ok(likes.into_iter().map(|pair| (CommentLike(pair), ())).collect())
    }
}

impl Loader<Avatar> for Questions {
    type Value = media::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Avatar]) -> Result<HashMap<Avatar, media::Model>, Arc<Error>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = photos::avatars(&self.0, &ids).await?;
        Ok(found.into_iter().map(|(id, row)| (Avatar(id), row)).collect())
    }
}

impl Loader<RenditionsOf> for Questions {
    type Value = Vec<rendition::Model>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[RenditionsOf]) -> Result<HashMap<RenditionsOf, Vec<rendition::Model>>, Arc<Error>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = photos::renditions(&self.0, &ids).await?;
        Ok(found.into_iter().map(|(id, rows)| (RenditionsOf(id), rows)).collect())
    }
}
