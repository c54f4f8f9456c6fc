//! Asking by id.

use async_graphql::{Context, ID, Object};
use darkroom_service::Error;
use uuid::Uuid;

use crate::context::RequestContext;
use crate::error::Result;
use crate::id::{self, Kind};
use crate::loader::{AccountById, CollectionById, CommentById, MediaById, NotificationById, PostById, StoryById};
use crate::object::{Collection, Comment, Media, Node, Notification, Post, Story, User};

/// Ids of one `nodes`.
const NODES: usize = 100;

#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// What has this id; null if nothing has, or if it is not yours to see.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An id that this API gave.")] id: ID,
    ) -> Result<Option<Node>> {
        let (kind, uuid) = parse("id", &id)?;
        load(ctx, kind, uuid).await
    }

    /// What has these ids, in their order; null in the place of what does not exist or is not yours to see.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 ids that this API gave.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > NODES {
            return Err(Error::invalid("ids", format!("At most {NODES} ids at once.")).into());
        }
        let parsed = ids.iter().map(|id| parse("ids", id)).collect::<Result<Vec<_>>>()?;
        futures::future::try_join_all(parsed.into_iter().map(|(kind, uuid)| load(ctx, kind, uuid))).await
    }
}

fn parse(field: &'static str, id: &ID) -> Result<(Kind, Uuid)> {
    id::parse(id).ok_or_else(|| Error::invalid(field, "This is not an id of this API.").into())
}

async fn load(ctx: &Context<'_>, kind: Kind, uuid: Uuid) -> Result<Option<Node>> {
    let loader = ctx.loader()?;
    Ok(match kind {
        Kind::User => loader.load_one(AccountById(uuid)).await?.map(|row| Node::User(User::Row(row))),
        Kind::Post => loader.load_one(PostById(uuid)).await?.map(|row| Node::Post(Post::Row(row))),
        Kind::Media => loader.load_one(MediaById(uuid)).await?.map(|row| Node::Media(Media::Row(row))),
        Kind::Story => loader.load_one(StoryById(uuid)).await?.map(|row| Node::Story(Story::from(row))),
        Kind::Comment => loader.load_one(CommentById(uuid)).await?.map(|row| Node::Comment(Comment(row))),
        Kind::Collection => loader.load_one(CollectionById(uuid)).await?.map(|row| Node::Collection(Collection(row))),
        Kind::Notification => {
            loader.load_one(NotificationById(uuid)).await?.map(|row| Node::Notification(Notification(row)))
        }
        // No nodes: a session's id is for `revokeSession`, an upload's for `Viewer.upload` and the mutations on it.
        Kind::Session | Kind::Upload | Kind::Job | Kind::OperatorAction => None,
    })
}
