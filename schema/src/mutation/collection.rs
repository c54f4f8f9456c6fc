//! Collecting.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::collection;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Collection, Post};

#[derive(Default)]
pub(crate) struct CollectionMutation;

/// What to call it.
#[derive(InputObject)]
pub(crate) struct CreateCollectionInput {
    /// 1–100 characters; not that of another of your collections, whatever the case.
    name: String,
}

payload! {
    /// What came of `createCollection`.
    CreateCollectionPayload {
        /// The collection, empty.
        collection: Collection,
    }
}

/// Which collection to call otherwise.
#[derive(InputObject)]
pub(crate) struct RenameCollectionInput {
    /// One of your collections.
    collection_id: ID,
    /// 1–100 characters; not that of another of your collections, whatever the case.
    name: String,
}

payload! {
    /// What came of `renameCollection`.
    RenameCollectionPayload {
        /// The collection as it is now.
        collection: Collection,
    }
}

/// Which collection to delete.
#[derive(InputObject)]
pub(crate) struct DeleteCollectionInput {
    /// One of your collections.
    collection_id: ID,
}

payload! {
    /// What came of `deleteCollection`.
    DeleteCollectionPayload {
        /// The id of the collection that is gone.
        deleted_collection_id: ID,
    }
}

/// Which post to put where.
#[derive(InputObject)]
pub(crate) struct AddToCollectionInput {
    /// One of your collections.
    collection_id: ID,
    /// A post that you may see.
    post_id: ID,
}

payload! {
    /// What came of `addToCollection`.
    AddToCollectionPayload {
        /// The collection as it is now.
        collection: Collection,
        /// The post, saved.
        post: Post,
    }
}

/// Which post to take out.
#[derive(InputObject)]
pub(crate) struct RemoveFromCollectionInput {
    /// One of your collections.
    collection_id: ID,
    /// A post.
    post_id: ID,
}

payload! {
    /// What came of `removeFromCollection`.
    RemoveFromCollectionPayload {
        /// The collection as it is now.
        collection: Collection,
    }
}

#[Object]
impl CollectionMutation {
    /// Makes a collection for saved posts, for you alone; at most 200.
    async fn create_collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: CreateCollectionInput,
    ) -> Result<CreateCollectionPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let (collection, user_errors) = settle(collection::create(&app, viewer, &input.name).await)?;
        Ok(CreateCollectionPayload { collection: collection.map(Collection), user_errors })
    }

    /// Gives a collection another name.
    async fn rename_collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RenameCollectionInput,
    ) -> Result<RenameCollectionPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let renamed = async {
            let id = Kind::Collection.parse("collectionId", &input.collection_id)?;
            collection::rename(app, viewer, id, &input.name).await
        };
        let (collection, user_errors) = settle(renamed.await)?;
        Ok(RenameCollectionPayload { collection: collection.map(Collection), user_errors })
    }

    /// Deletes a collection. The posts in it stay saved.
    async fn delete_collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: DeleteCollectionInput,
    ) -> Result<DeleteCollectionPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let deleted = async {
            let id = Kind::Collection.parse("collectionId", &input.collection_id)?;
            collection::delete(&app, viewer, id).await.map(|()| Kind::Collection.id(id))
        };
        let (deleted_collection_id, user_errors) = settle(deleted.await)?;
        Ok(DeleteCollectionPayload { deleted_collection_id, user_errors })
    }

    /// Puts a post into a collection, and saves it. Doing it twice changes nothing.
    async fn add_to_collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AddToCollectionInput,
    ) -> Result<AddToCollectionPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let added = async {
            let id = Kind::Collection.parse("collectionId", &input.collection_id)?;
            collection::add(app, viewer, id, Kind::Post.parse("postId", &input.post_id)?).await
        };
        let (added, user_errors) = settle(added.await)?;
        let (collection, post) = added.unzip();
        Ok(AddToCollectionPayload { collection: collection.map(Collection), post: post.map(Post::Row), user_errors })
    }

    /// Takes a post out of a collection; it stays saved. Doing it twice changes nothing.
    async fn remove_from_collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RemoveFromCollectionInput,
    ) -> Result<RemoveFromCollectionPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let removed = async {
            let id = Kind::Collection.parse("collectionId", &input.collection_id)?;
            collection::remove(app, viewer, id, Kind::Post.parse("postId", &input.post_id)?).await
        };
        let (collection, user_errors) = settle(removed.await)?;
        Ok(RemoveFromCollectionPayload { collection: collection.map(Collection), user_errors })
    }
}
