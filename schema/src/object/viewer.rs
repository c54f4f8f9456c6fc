//! The person who asks.

use async_graphql::{Context, Object};
use darkroom_service::follow::Side;
use darkroom_service::{collection, save, session};

use super::post::load_posts;
use super::user::people;
use super::{
    Collection, CollectionConnection, DeviceSession, DeviceSessionConnection, PostConnection, User, UserConnection,
};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::page;

#[derive(Debug, Clone)]
pub(crate) struct Viewer(pub(crate) darkroom_service::Viewer);

/// You: what only you see of yourself.
#[Object]
impl Viewer {
    /// What everyone sees of you.
    async fn user(&self) -> User {
        User(self.0.account.clone())
    }

    /// Your e-mail address.
    async fn email(&self) -> &str {
        &self.0.account.email
    }

    /// Those who ask to follow you, newest first.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn follow_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.0.id(), Side::Requests, first, after).await
    }

    /// What you have saved and may still see, the last saved first. For you alone.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn saved_posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<PostConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::SavedPosts, first, after.as_deref())?;
        let saved = load_posts(ctx, save::list(app, &self.0, page).await?).await?;
        Ok(PostConnection::of(List::SavedPosts, saved, after.is_some()))
    }

    /// Your collections of saved posts, newest first; at most 200. For you alone.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<CollectionConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::Collections, first, after.as_deref())?;
        let rows = collection::list(app, &self.0, page).await?;
        Ok(CollectionConnection::new(rows.map(|row| (row.id, Collection(row))), after.is_some()))
    }

    /// Where you are signed in, newest first.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<DeviceSessionConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::Sessions, first, after.as_deref())?;
        let rows = session::list(app, &self.0, page).await?;
        let current = self.0.session_id;
        let sessions = rows.map(|row| (row.id, DeviceSession { is_current: row.id == current, row }));
        Ok(DeviceSessionConnection::new(sessions, after.is_some()))
    }
}
