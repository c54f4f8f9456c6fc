//! Collections of saved posts.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::collection;
use darkroom_service::Page;

use super::PostConnection;
use super::post::load_posts;
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::PostsOfCollection;
use crate::page::{self, connection};

#[derive(Debug, Clone)]
pub(crate) struct Collection(pub(crate) collection::Model);

/// A named shelf for saved posts. Only its owner sees it.
#[Object]
impl Collection {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Collection.id(self.0.id)
    }

    /// At most 100 characters; unique among your collections, whatever the case.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// What lies in it and you may still see, the last added first.
    async fn posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<PostConnection> {
        let page = page::request(ctx.app()?, List::CollectionPosts, first, after.as_deref())?;
        let entries = ctx.loader()?.load_one(PostsOfCollection(self.0.id, page)).await?.unwrap_or_else(Page::empty);
        Ok(PostConnection::of(List::CollectionPosts, load_posts(ctx, entries).await?, after.is_some()))
    }
}

connection! {
    /// A page of your collections.
    CollectionConnection of
    /// A collection, and its place in the list.
    CollectionEdge { Collection } in List::Collections
}
