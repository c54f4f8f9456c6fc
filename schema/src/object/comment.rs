//! Comments.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::comment;
use darkroom_service::Error;

use super::User;
use crate::context::RequestContext;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::AccountById;

#[derive(Debug, Clone)]
pub(crate) struct Comment(pub(crate) comment::Model);

/// What a person says below a post, or in reply to another comment there.
#[Object]
impl Comment {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::Comment.id(self.0.id)
    }

    /// Who says it.
    async fn author(&self, ctx: &Context<'_>) -> Result<User> {
        let author = ctx.loader()?.load_one(AccountById(self.0.author_id)).await?;
        Ok(User(author.ok_or_else(|| Error::not_found("id", "comment"))?))
    }

    /// At most 1,000 characters.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// When it was said.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}
