//! What a tray is asked for, looked up before its reels are made: one batch a kind, of which a list can then be written at
//! once.
//!
//! They are the look-ups of the resolvers, by the same loaders, so the same is seen. What is not found, or fails, is left to
//! the resolvers, who say so where it was asked for.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Lookahead};
use darkroom_entity::{account, media, story};
use darkroom_service::card::{Author, Wanted};
use darkroom_service::story::Reel;
use darkroom_service::{Error, Viewer};
use futures::future::try_join;
use uuid::Uuid;

use super::{Ahead, Story, StoryReel};
use crate::context::RequestContext;
use crate::error::Result;
use crate::loader::{
    AccountById, AuthorCardOf, Loaders, RenditionsOfMedia, SeenStory, StoriesOfAuthor, StoryMediaById,
};
use crate::object::media::FullMedia;

/// The reels of a page, with what the field that is being answered asks of them.
///
/// # Errors
/// When the request was not prepared.
pub(super) async fn look(ctx: &Context<'_>, viewer: &Viewer, reels: Vec<Reel>) -> Result<Vec<StoryReel>> {
    let asked = Asked::of(ctx);
    let authors: Vec<Uuid> = reels.iter().map(|reel| reel.key.author_id).collect();
    let looking = Looking { loaders: ctx.loader()?.loader(), viewer: viewer.id(), asked };
    let mut found = Box::pin(looking.look(&authors)).await.unwrap_or_default();
    let reel = |reel: Reel| StoryReel {
        user: found.people.get(&reel.key.author_id).cloned(),
        stories: found.stories.as_mut().map(|stories| stories.remove(&reel.key.author_id).unwrap_or_default()),
        reel,
    };
    Ok(reels.into_iter().map(reel).collect())
}

/// What a selection asks of reels: whatever it asks for under any condition, since that costs no more than asking once too often.
#[derive(Debug, Clone, Copy)]
struct Asked {
    users: bool,
    stories: bool,
    authors: bool,
    media: bool,
    seen: bool,
}

impl Asked {
    fn of(ctx: &Context<'_>) -> Self {
        let tray = ctx.look_ahead();
        let reels = [tray.field("nodes"), tray.field("edges").field("node")];
        let stories = reels.each_ref().map(|reel| reel.field("stories"));
        let asks = |lists: &[Lookahead<'_>; 2], name| lists.iter().any(|list| list.field(name).exists());
        Self {
            users: asks(&reels, "user"),
            stories: asks(&reels, "stories"),
            authors: asks(&stories, "author"),
            media: asks(&stories, "media"),
            seen: asks(&stories, "viewerHasSeen"),
        }
    }
}

#[derive(Default)]
struct Found {
    people: HashMap<Uuid, Author>,
    /// None if nobody asks for stories.
    stories: Option<HashMap<Uuid, Vec<Story>>>,
}

type Looked<T> = std::result::Result<T, Arc<Error>>;

struct Looking<'a> {
    loaders: &'a Loaders,
    viewer: Uuid,
    asked: Asked,
}

impl Looking<'_> {
    async fn look(&self, authors: &[Uuid]) -> Looked<Found> {
        // Boxed: each holds the futures of several statements.
        let (people, mut stories) = try_join(Box::pin(self.people(authors)), Box::pin(self.stories(authors))).await?;
        for story in stories.iter_mut().flatten().flat_map(|(_, stories)| stories) {
            story.ahead.author = people.get(&story.row.author_id).cloned();
        }
        Ok(Found { people, stories })
    }

    async fn people(&self, ids: &[Uuid]) -> Looked<HashMap<Uuid, Author>> {
        if ids.is_empty() || !(self.asked.users || self.asked.authors) {
            return Ok(HashMap::new());
        }
        let rows = self.loaders.load(&keys(ids, AccountById)).await?;
        let with_picture = rows.values().filter(|row| row.avatar_media_id.is_some());
        let wanted: Vec<AuthorCardOf> =
            with_picture.map(|row| AuthorCardOf(Wanted { id: row.id, revision: row.card_revision })).collect();
        let mut cards = if wanted.is_empty() { HashMap::new() } else { self.loaders.load(&wanted).await? };
        let person = |row: account::Model| {
            let wanted = Wanted { id: row.id, revision: row.card_revision };
            Some((row.id, Author::of(row, cards.remove(&AuthorCardOf(wanted)))?))
        };
        Ok(rows.into_values().filter_map(person).collect())
    }

    async fn stories(&self, authors: &[Uuid]) -> Looked<Option<HashMap<Uuid, Vec<Story>>>> {
        if !self.asked.stories {
            return Ok(None);
        }
        if authors.is_empty() {
            return Ok(Some(HashMap::new()));
        }
        let rows = self.loaders.load(&keys(authors, StoriesOfAuthor)).await?;
        let all = || rows.values().flatten();
        let media: Vec<Uuid> = all().map(|row| row.media_id).collect();
        let of_others: Vec<Uuid> = all().filter(|row| row.author_id != self.viewer).map(|row| row.id).collect();
        let (media, seen) = try_join(Box::pin(self.media(&media)), Box::pin(self.seen(&of_others))).await?;
        let story = |row: story::Model| {
            let is_viewers = row.author_id == self.viewer;
            let ahead = Ahead {
                author: None,
                media: media.get(&row.media_id).cloned(),
                has_seen: seen.as_ref().map(|seen| is_viewers || seen.contains_key(&SeenStory(row.id))),
                is_viewers: Some(is_viewers),
            };
            Story { row, ahead }
        };
        let of_author = |(StoriesOfAuthor(author), rows): (_, Vec<story::Model>)| {
            (author, rows.into_iter().map(story).collect::<Vec<Story>>())
        };
        Ok(Some(rows.into_iter().map(of_author).collect()))
    }

    async fn media(&self, ids: &[Uuid]) -> Looked<HashMap<Uuid, Arc<FullMedia>>> {
        if ids.is_empty() || !self.asked.media {
            return Ok(HashMap::new());
        }
        let (rows, renditions) = (keys(ids, StoryMediaById), keys(ids, RenditionsOfMedia));
        let (rows, mut renditions) = try_join(self.loaders.load(&rows), self.loaders.load(&renditions)).await?;
        let full = |row: media::Model| {
            let renditions = renditions.remove(&RenditionsOfMedia(row.id)).unwrap_or_default();
            (row.id, Arc::new(FullMedia::new(row, renditions)))
        };
        Ok(rows.into_values().map(full).collect())
    }

    /// Of these stories those that the viewer has seen; none if nobody asks.
    async fn seen(&self, ids: &[Uuid]) -> Looked<Option<HashMap<SeenStory, ()>>> {
        if !self.asked.seen {
            return Ok(None);
        }
        if ids.is_empty() {
            return Ok(Some(HashMap::new()));
        }
        Ok(Some(self.loaders.load(&keys(ids, SeenStory)).await?))
    }
}

fn keys<K>(ids: &[Uuid], key: impl Fn(Uuid) -> K) -> Vec<K> {
    ids.iter().copied().map(key).collect()
}
