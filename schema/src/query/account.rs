//! Asking for people.

use async_graphql::{Context, Object};
use darkroom_service::{account, ranking};

use crate::context::RequestContext;
use crate::error::Result;
use crate::object::{self, User};

#[derive(Default)]
pub(crate) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// You; null when signed out.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<object::Viewer>> {
        Ok(ctx.viewer()?.cloned().map(object::Viewer))
    }

    /// The person of that name, whatever the case; null if there is none that you may see.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 30 characters, without `@`.")] username: String,
    ) -> Result<Option<User>> {
        let (app, viewer) = (ctx.app()?, ctx.viewer()?);
        let found = account::by_username(app, viewer.map(|viewer| viewer.id()), &username).await?;
        if let (Some(viewer), Some(found)) = (viewer, &found) {
            ranking::visited(app, viewer, found.id);
        }
        Ok(found.map(User::Row))
    }
}
