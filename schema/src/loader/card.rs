//! Batches of cards: by the revisions that the rows at hand have.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use darkroom_service::Error;
use darkroom_service::card::{self, AuthorCard, PostCard, Wanted};

use super::Loaders;

/// The card of a post that was found visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PostCardOf(pub(crate) Wanted);

impl Loader<PostCardOf> for Loaders {
    type Value = Arc<PostCard>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[PostCardOf]) -> Result<HashMap<PostCardOf, Self::Value>, Self::Error> {
        let wanted: Vec<Wanted> = keys.iter().map(|key| key.0).collect();
        let found = card::of_posts(&self.app, &wanted).await.map_err(Arc::new)?;
        Ok(keys.iter().filter_map(|key| Some((*key, Arc::clone(found.get(&key.0.id)?)))).collect())
    }
}

/// The card of a person who was found visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AuthorCardOf(pub(crate) Wanted);

impl Loader<AuthorCardOf> for Loaders {
    type Value = Arc<AuthorCard>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[AuthorCardOf]) -> Result<HashMap<AuthorCardOf, Self::Value>, Self::Error> {
        let wanted: Vec<Wanted> = keys.iter().map(|key| key.0).collect();
        let found = card::of_authors(&self.app, &wanted).await.map_err(Arc::new)?;
        Ok(keys.iter().filter_map(|key| Some((*key, Arc::clone(found.get(&key.0.id)?)))).collect())
    }
}
