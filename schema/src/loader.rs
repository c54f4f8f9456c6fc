//! Batches: what many objects of one response look up is fetched in one query a kind.

mod card;
mod page;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use darkroom_entity::{account, collection, comment, media, notification, post, rendition, story};
use darkroom_service::follow::FollowState;
use darkroom_service::mute::Muted;
use darkroom_service::{
    App, Error, account as accounts, close_friend, collection as collections, comment as comments, follow, like,
    media as photos, mute, notification as notifications, post as posts, save, story as stories,
};
use uuid::Uuid;

use crate::subscription::Common;

pub(crate) use card::{AuthorCardOf, PostCardOf};
pub(crate) use page::{CommentsOfPost, LikersOfComment, LikersOfPost, PostsOfCollection, RepliesOfComment};

/// Keys of one batch: well below the variables that either database takes.
const BATCH: usize = 500;

/// The loaders of one request: they see what its viewer may see.
pub(crate) struct Loaders {
    app: App,
    viewer: Option<Uuid>,
    /// Whom to ask instead, where many requests ask the same at one moment.
    common: OnceLock<Arc<Common>>,
}

impl Loaders {
    /// From now on asks together with everyone else who listens, as far as [`Common`] can.
    pub(crate) fn share(&self, common: Arc<Common>) {
        let _ = self.common.set(common);
    }
}

/// New loaders. Without a delay: a batch is what the resolvers of one level ask for.
pub(crate) fn loaders(app: App, viewer: Option<Uuid>) -> DataLoader<Loaders> {
    DataLoader::new(Loaders { app, viewer, common: OnceLock::new() }, TokioSpawner::current(), TokioTimer::default())
        .delay(Duration::ZERO)
        .max_batch_size(BATCH)
}

/// Declares a key and the service call that answers for many of it; `shared`, if there is one, answers those who listen.
macro_rules! load {
    ($(#[$doc:meta])* $key:ident -> $value:ty, |$app:ident, $viewer:ident, $ids:ident| $call:expr
        $(, shared |$common:ident| $shared:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) struct $key(pub(crate) Uuid);

        impl Loader<$key> for Loaders {
            type Value = $value;
            type Error = Arc<Error>;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Self::Value>, Self::Error> {
                let $ids: &[Uuid] = &keys.iter().map(|key| key.0).collect::<Vec<_>>();
                let ($app, $viewer) = (&self.app, self.viewer);
                let _ = $viewer;
                $(if let Some($common) = self.common.get() {
                    let found = $shared.await?;
                    return Ok(found.into_iter().map(|(id, value)| ($key(id), value)).collect());
                })?
                let found = $call.await.map_err(Arc::new)?;
                Ok(found.into_iter().map(|(id, value)| ($key(id), value)).collect())
            }
        }
    };
}

load! {
    /// A person.
    AccountById -> account::Model, |app, viewer, ids| accounts::by_ids(app, viewer, ids),
        shared |common| common.people(viewer, ids)
}
load! {
    /// A post that the viewer may see.
    PostById -> post::Model, |app, viewer, ids| posts::by_ids(app, viewer, ids)
}
load! {
    /// A photo that the viewer may see.
    MediaById -> media::Model, |app, viewer, ids| photos::by_ids(app, viewer, ids)
}
load! {
    /// A profile picture.
    AvatarById -> media::Model, |app, viewer, ids| photos::avatars(app, ids),
        shared |common| common.avatars(ids)
}
load! {
    /// The photo of a story that was found visible.
    StoryMediaById -> media::Model, |app, viewer, ids| photos::of_stories(app, ids)
}
load! {
    /// A story that the viewer may see.
    StoryById -> story::Model, |app, viewer, ids| stories::by_ids(app, viewer, ids)
}
load! {
    /// A person's live stories.
    StoriesOfAuthor -> Vec<story::Model>, |app, viewer, ids| stories::by_authors(app, viewer, ids)
}
load! {
    /// A photo's renditions.
    RenditionsOfMedia -> Vec<rendition::Model>, |app, viewer, ids| photos::renditions(app, ids),
        shared |common| common.renditions(ids)
}
load! {
    /// The people whom a post mentions.
    MentionsOfPost -> Vec<account::Model>, |app, viewer, ids| posts::mentions_of(app, viewer, ids)
}
load! {
    /// Whether the viewer likes a post: present if so.
    LikedPost -> (), |app, viewer, ids| present(viewer, |viewer| like::liked_among(app, viewer, ids))
}
load! {
    /// Whether the viewer has saved a post: present if so.
    SavedPost -> (), |app, viewer, ids| present(viewer, |viewer| save::saved_among(app, viewer, ids))
}
load! {
    /// A comment that the viewer may see.
    CommentById -> comment::Model, |app, viewer, ids| comments::by_ids(app, viewer, ids),
        shared |common| common.comments(viewer, ids)
}
load! {
    /// The comments that a post's author put first.
    PinnedOfPost -> Vec<comment::Model>, |app, viewer, ids| comments::pinned_of(app, viewer, ids)
}
load! {
    /// The people whom a comment mentions.
    MentionsOfComment -> Vec<account::Model>, |app, viewer, ids| comments::mentions_of(app, viewer, ids),
        shared |common| common.mentions(viewer, ids)
}
load! {
    /// Whether the viewer likes a comment: present if so.
    LikedComment -> (), |app, viewer, ids| present(viewer, |viewer| like::liked_comments_among(app, viewer, ids)),
        shared |common| common.liked_comments(viewer, ids)
}
load! {
    /// A collection of the viewer's.
    CollectionById -> collection::Model, |app, viewer, ids| collections::by_ids(app, viewer, ids)
}
load! {
    /// Whether the viewer has seen a story: present if so.
    SeenStory -> (), |app, viewer, ids| present(viewer, |viewer| stories::seen_among(app, viewer, ids))
}
load! {
    /// Whether a person follows the viewer: present if so.
    FollowsViewer -> (), |app, viewer, ids| present(viewer, |viewer| follow::followers_among(app, viewer, ids))
}
load! {
    /// How the viewer stands to a person.
    FollowStateOf -> FollowState, |app, viewer, ids| async move {
        match viewer {
            Some(viewer) => follow::states(app, viewer, ids).await,
            None => Ok(HashMap::new()),
        }
    }
}

load! {
    /// What the viewer mutes of a person: present if anything.
    MutedOf -> Muted, |app, viewer, ids| async move {
        match viewer {
            Some(viewer) => mute::muted_among(app, viewer, ids).await,
            None => Ok(HashMap::new()),
        }
    }
}
load! {
    /// One of the viewer's notifications.
    NotificationById -> notification::Model, |app, viewer, ids| async move {
        match viewer {
            Some(viewer) => notifications::by_ids(app, viewer, ids).await,
            None => Ok(HashMap::new()),
        }
    }
}
load! {
    /// Who stands behind a notification.
    GroupOfNotification -> notifications::Group, |app, viewer, ids| async move {
        match viewer {
            Some(viewer) => notifications::groups(app, viewer, ids).await,
            None => Ok(HashMap::new()),
        }
    }
}
load! {
    /// Whether a person is on the viewer's list of close friends: present if so.
    ViewersCloseFriend -> (), |app, viewer, ids| present(viewer, |viewer| close_friend::listed_among(app, viewer, ids))
}
load! {
    /// A person's pinned posts that the viewer may see.
    PinnedPostsOf -> Vec<post::Model>, |app, viewer, ids| posts::pinned_by(app, viewer, ids)
}

/// A set as a map, empty for those who are not signed in.
async fn present<F>(viewer: Option<Uuid>, find: impl FnOnce(Uuid) -> F) -> Result<HashMap<Uuid, ()>, Error>
where
    F: Future<Output = Result<std::collections::HashSet<Uuid>, Error>>,
{
    match viewer {
        Some(viewer) => Ok(find(viewer).await?.into_iter().map(|id| (id, ())).collect()),
        None => Ok(HashMap::new()),
    }
}
