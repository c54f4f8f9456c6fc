//! The person who asks.

use async_graphql::{Context, ID, Object};
use darkroom_service::follow::Side;
use darkroom_service::{
    App, Error, Page, PageRequest, block, close_friend, collection, mute, notification, post, ranking, save, session,
    upload,
};
use uuid::Uuid;

use super::post::load_posts;
use super::user::{load_people, people};
use super::{
    Collection, CollectionConnection, DeviceSession, DeviceSessionConnection, MediaUpload, Notification,
    NotificationConnection, NotificationSetting, Post, PostConnection, User, UserConnection, ViewerSettings,
};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::page;

#[derive(Debug, Clone)]
pub(crate) struct Viewer(pub(crate) darkroom_service::Viewer);

/// You: what only you see of yourself.
#[Object]
impl Viewer {
    /// What everyone sees of you.
    async fn user(&self) -> User {
        User::Row(self.0.account.clone())
    }

    /// Your e-mail address.
    async fn email(&self) -> &str {
        &self.0.account.email
    }

    /// Those who ask to follow you, newest first.
    async fn follow_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.0.id(), Side::Requests, first, after).await
    }

    /// Those whom you block, the latest first. Only you see it.
    async fn blocked_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        listed(ctx, List::BlockedUsers, first, after, async |app, page| block::list(app, &self.0, page).await).await
    }

    /// Those whom you mute, the latest first. Only you see it.
    async fn muted_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        listed(ctx, List::MutedUsers, first, after, async |app, page| mute::list(app, &self.0, page).await).await
    }

    /// Your list of close friends, the latest first. Only you see it.
    async fn close_friends(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        listed(ctx, List::CloseFriends, first, after, async |app, page| close_friend::list(app, &self.0, page).await)
            .await
    }

    /// Your posts that you put aside, newest first. Only you see them.
    async fn archived_posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<PostConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::ArchivedPosts, first, after.as_deref())?;
        let posts = post::archived(app, &self.0, page).await?.map(|row| (row.id, Post::Row(row)));
        Ok(PostConnection::of(List::ArchivedPosts, posts, after.is_some()))
    }

    /// What you have saved and may still see, the last saved first. For you alone.
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

    /// What you were told, newest first, in groups: what happened in the same way to the same thing on one UTC day stands
    /// as one, where its newest event was told. What you may not see any more, or is so no longer, is not in it. Kept for
    /// 90 days.
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<NotificationConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::Notifications, first, after.as_deref())?;
        let rows = notification::list(app, &self.0, page).await?;
        Ok(NotificationConnection::new(rows.map(|(place, row)| (place, Notification(row))), after.is_some()))
    }

    /// How many events you were told of and have not marked as read, up to 100: 100 means 100 or more. Each event of a
    /// group counts.
    async fn unread_notification_count(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(notification::unread_count(ctx.app()?, &self.0).await? as i32)
    }

    /// What you want to be told, a setting for every kind.
    async fn notification_settings(&self, ctx: &Context<'_>) -> Result<Vec<NotificationSetting>> {
        let settings = notification::settings(ctx.app()?, &self.0).await?;
        Ok(settings.into_iter().map(NotificationSetting::from).collect())
    }

    /// What holds for your feed: whether what you do is noted for it, and how much each factor counts.
    async fn settings(&self, ctx: &Context<'_>) -> Result<ViewerSettings> {
        Ok(ranking::settings(ctx.app()?, &self.0).await?.into())
    }

    /// One of your large files that are on their way, or arrived within the last day; null if there is none, or if its time
    /// is over. What an app needs to go on with after it was interrupted.
    async fn upload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id that `createUpload` gave.")] id: ID,
    ) -> Result<Option<MediaUpload>> {
        let upload_id = Kind::Upload.parse("id", &id)?;
        Ok(upload::find(ctx.app()?, &self.0, upload_id).await?.map(MediaUpload))
    }

    /// Where you are signed in, newest first.
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

/// A page of people of one of your own lists, which `read` gives.
async fn listed(
    ctx: &Context<'_>,
    list: List,
    first: i32,
    after: Option<String>,
    read: impl AsyncFnOnce(&App, PageRequest) -> Result<Page<(Uuid, Uuid)>, Error>,
) -> Result<UserConnection> {
    let page = page::request(ctx.app()?, list, first, after.as_deref())?;
    let entries = read(ctx.app()?, page).await?;
    Ok(UserConnection::of(list, load_people(ctx, entries).await?, after.is_some()))
}
