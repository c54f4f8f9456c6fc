//! People.

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::account;
use darkroom_service::follow::{self, Side};
use darkroom_service::{Page, Viewer, post as posts};
use uuid::Uuid;

use super::media::{self, MediaSize};
use super::{Post, PostConnection, Story, Url};
use crate::context::RequestContext;
use crate::cursor::List;
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{
    AccountById, AvatarById, FollowStateOf, FollowsViewer, MutedOf, PinnedPostsOf, RenditionsOfMedia, StoriesOfAuthor,
    ViewersCloseFriend,
};
use crate::page::{self, connection};

/// How you stand to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum FollowState {
    /// You don't follow them.
    None,
    /// You asked to follow them; theirs is a private account.
    Requested,
    /// You follow them.
    Following,
    /// It is you.
    #[graphql(name = "SELF")]
    Own,
    /// You block them.
    Blocked,
}

impl From<follow::FollowState> for FollowState {
    fn from(state: follow::FollowState) -> Self {
        match state {
            follow::FollowState::None => Self::None,
            follow::FollowState::Requested => Self::Requested,
            follow::FollowState::Following => Self::Following,
            follow::FollowState::Own => Self::Own,
            follow::FollowState::Blocked => Self::Blocked,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct User(pub(crate) account::Model);

/// A person. Name, picture, bio and counts are public; posts, stories and lists of a private account are for its
/// followers only.
#[Object]
impl User {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::User.id(self.0.id)
    }

    /// At most 30 characters; unique whatever the case.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// At most 100 characters; may be empty.
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }

    /// What they say of themselves; may be empty.
    async fn bio(&self) -> &str {
        &self.0.bio
    }

    /// Their picture; null if they have none or it is not ready.
    async fn avatar(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of its sizes.", default_with = "MediaSize::Thumbnail")] size: MediaSize,
    ) -> Result<Option<Url>> {
        let Some(media_id) = self.0.avatar_media_id else { return Ok(None) };
        let loader = ctx.loader()?;
        let Some(media) = loader.load_one(AvatarById(media_id)).await? else { return Ok(None) };
        let renditions = loader.load_one(RenditionsOfMedia(media_id)).await?.unwrap_or_default();
        Ok(media::link(ctx.app()?, &media, &renditions, size, None))
    }

    /// Whether only accepted followers see their posts and stories.
    async fn is_private(&self) -> bool {
        self.0.is_private
    }

    /// Whether it was verified that they are who they say.
    async fn is_verified(&self) -> bool {
        self.0.is_verified
    }

    /// People who follow them.
    async fn follower_count(&self) -> i64 {
        self.0.follower_count
    }

    /// People whom they follow.
    async fn following_count(&self) -> i64 {
        self.0.following_count
    }

    /// Their published posts.
    async fn post_count(&self) -> i64 {
        self.0.post_count
    }

    /// How you stand to them; `NONE` when signed out.
    async fn viewer_follow_state(&self, ctx: &Context<'_>) -> Result<FollowState> {
        let state = ctx.loader()?.load_one(FollowStateOf(self.0.id)).await?;
        Ok(state.unwrap_or(follow::FollowState::None).into())
    }

    /// Whether they follow you; false when signed out.
    async fn follows_viewer(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(FollowsViewer(self.0.id)).await?.is_some())
    }

    /// Whether you keep their posts out of your feed; false when signed out. Only you see it.
    async fn viewer_mutes_posts(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(MutedOf(self.0.id)).await?.is_some_and(|muted| muted.posts))
    }

    /// Whether you keep their stories out of your tray; false when signed out. Only you see it.
    async fn viewer_mutes_stories(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(MutedOf(self.0.id)).await?.is_some_and(|muted| muted.stories))
    }

    /// Whether they are on your list of close friends; false when signed out. Only you see it: nobody learns whether they
    /// are on somebody's list.
    async fn is_viewers_close_friend(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(ViewersCloseFriend(self.0.id)).await?.is_some())
    }

    /// Their posts that stand first on their profile, as far as you may see them, the last pinned first: at most 3.
    #[graphql(complexity = "3 * child_complexity")]
    async fn pinned_posts(&self, ctx: &Context<'_>) -> Result<Vec<Post>> {
        let rows = ctx.loader()?.load_one(PinnedPostsOf(self.0.id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Post).collect())
    }

    /// Their posts that you may see, newest first. Your own include those that are not published yet, and never those that
    /// are archived.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<PostConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::Posts, first, after.as_deref())?;
        let posts = posts::by_author(app, ctx.viewer()?.map(Viewer::id), self.0.id, page).await?;
        Ok(PostConnection::new(posts.map(|row| (row.id, Post(row))), after.is_some()))
    }

    /// Those who follow them, newest first. Empty if it is a private account that you don't follow.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn followers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.0.id, Side::Followers, first, after).await
    }

    /// Those whom they follow, newest first. Empty if it is a private account that you don't follow.
    #[graphql(complexity = "first.max(1) as usize * child_complexity")]
    async fn following(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.0.id, Side::Following, first, after).await
    }

    /// Their live stories that you may see, oldest first, as they are watched; at most 100.
    async fn stories(&self, ctx: &Context<'_>) -> Result<Vec<Story>> {
        let rows = ctx.loader()?.load_one(StoriesOfAuthor(self.0.id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Story).collect())
    }

    /// When they signed up.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

connection! {
    /// A page of people.
    UserConnection of
    /// A person, and their place in the list.
    UserEdge { User } in List::Follows
}

/// A page of the people at the other ends of a person's follows.
pub(super) async fn people(
    ctx: &Context<'_>,
    subject: Uuid,
    side: Side,
    first: i32,
    after: Option<String>,
) -> Result<UserConnection> {
    let app = ctx.app()?;
    let page = page::request(app, List::Follows, first, after.as_deref())?;
    let entries = follow::list(app, ctx.viewer()?.map(Viewer::id), subject, side, page).await?;
    let keys = entries.items.iter().map(|entry| (entry.id, entry.account_id)).collect();
    let people = load_people(ctx, Page { items: keys, has_next: entries.has_next }).await?;
    Ok(UserConnection::new(people, after.is_some()))
}

/// Puts people in the place of their ids, in one batch.
pub(super) async fn load_people(ctx: &Context<'_>, page: Page<(Uuid, Uuid)>) -> Result<Page<(Uuid, User)>> {
    let keys = page.items.iter().map(|(_, account)| AccountById(*account));
    let mut found = ctx.loader()?.load_many(keys).await?;
    let items = page
        .items
        .into_iter()
        .filter_map(|(id, account)| found.remove(&AccountById(account)).map(|row| (id, User(row))))
        .collect();
    Ok(Page { items, has_next: page.has_next })
}
