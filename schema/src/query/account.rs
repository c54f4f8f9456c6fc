//! Asking for people.

use async_graphql::{Context, Object};
use darkroom_service::account;

use crate::context::RequestContext;
use crate::error::Result;
use crate::object::{User, Viewer};

#[derive(Default)]
pub(crate) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// You; null when signed out.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        Ok(ctx.viewer()?.cloned().map(Viewer))
    }

    /// The person of that name, whatever the case; null if there is none.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 30 characters, without `@`.")] username: String,
    ) -> Result<Option<User>> {
        Ok(account::by_username(ctx.app()?, &username).await?.map(User))
    }
}
