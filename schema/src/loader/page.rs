//! Batches of lists: one page of each of many, in one query for all that ask for the same stretch.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use darkroom_entity::comment;
use darkroom_service::{Error, Page, PageRequest, collection as collections, comment as comments, like};
use uuid::Uuid;

use super::Loaders;

/// Declares a key, an id and which page, and the service call that answers for many ids. Lists without entries are absent.
macro_rules! load_page {
    ($(#[$doc:meta])* $key:ident -> $value:ty, |$app:ident, $viewer:ident, $ids:ident, $page:ident| $call:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) struct $key(pub(crate) Uuid, pub(crate) PageRequest);

        impl Loader<$key> for Loaders {
            type Value = Page<$value>;
            type Error = Arc<Error>;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Self::Value>, Self::Error> {
                let ($app, $viewer) = (&self.app, self.viewer);
                let mut found = HashMap::new();
                for ($page, ids) in by_page(keys.iter().map(|key| (key.0, key.1))) {
                    let $ids: &[Uuid] = &ids;
                    let lists = $call.await.map_err(Arc::new)?;
                    found.extend(lists.into_iter().map(|(id, list)| ($key(id, $page), list)));
                }
                Ok(found)
            }
        }
    };
}

load_page! {
    /// A page of a post's top comments, newest first.
    CommentsOfPost -> comment::Model, |app, viewer, ids, page| comments::of_posts(app, viewer, ids, page)
}
load_page! {
    /// A page of a comment's replies, oldest first.
    RepliesOfComment -> comment::Model, |app, viewer, ids, page| comments::replies(app, viewer, ids, page)
}
load_page! {
    /// A page of those who like a post: the like and the person.
    LikersOfPost -> (Uuid, Uuid), |app, viewer, ids, page| like::likers(app, viewer, ids, page)
}
load_page! {
    /// A page of those who like a comment: the like and the person.
    LikersOfComment -> (Uuid, Uuid), |app, viewer, ids, page| like::comment_likers(app, viewer, ids, page)
}
load_page! {
    /// A page of what lies in a collection: the entry and the post.
    PostsOfCollection -> (Uuid, Uuid), |app, viewer, ids, page| collections::posts(app, viewer, ids, page)
}

/// Ids that ask for the same page, together. In one document there are as many pages as it spells.
fn by_page(keys: impl Iterator<Item = (Uuid, PageRequest)>) -> HashMap<PageRequest, Vec<Uuid>> {
    let mut pages: HashMap<PageRequest, Vec<Uuid>> = HashMap::new();
    for (id, page) in keys {
        pages.entry(page).or_default().push(id);
    }
    pages
}
