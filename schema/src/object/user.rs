//! People.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use darkroom_entity::account;
use darkroom_service::card::{Author, AuthorCard, Wanted};
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
    AccountById, AuthorCardOf, FollowStateOf, FollowsViewer, MutedOf, PinnedPostsOf, StoriesOfAuthor,
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
#[expect(clippy::large_enum_variant, reason = "rows are as frequent as cards: a box each would cost more")]
pub(crate) enum User {
    /// What it does not hold is looked up when it is asked for.
    Row(account::Model),
    /// With everything that everyone sees.
    Card(Author),
}

/// What either form knows.
struct Facts<'a> {
    id: Uuid,
    username: &'a str,
    full_name: &'a str,
    bio: &'a str,
    is_private: bool,
    is_verified: bool,
    follower_count: i64,
    following_count: i64,
    post_count: i64,
    created_at: DateTime<Utc>,
}

impl User {
    fn facts(&self) -> Facts<'_> {
        match self {
            Self::Row(row) => Facts {
                id: row.id,
                username: &row.username,
                full_name: &row.full_name,
                bio: &row.bio,
                is_private: row.is_private,
                is_verified: row.is_verified,
                follower_count: row.follower_count,
                following_count: row.following_count,
                post_count: row.post_count,
                created_at: row.created_at,
            },
            Self::Card(author) => Facts {
                id: author.card.id,
                username: &author.card.username,
                full_name: &author.card.full_name,
                bio: &author.card.bio,
                is_private: author.card.is_private,
                is_verified: author.card.is_verified,
                follower_count: author.follower_count,
                following_count: author.following_count,
                post_count: author.post_count,
                created_at: author.card.created_at,
            },
        }
    }

    /// What everyone sees of them; none if they are gone by now.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Arc<AuthorCard>>> {
        match self {
            // Most have no picture: no need to look.
            Self::Row(row) if row.avatar_media_id.is_none() => Ok(None),
            Self::Row(row) => {
                let wanted = Wanted { id: row.id, revision: row.card_revision };
                Ok(ctx.loader()?.load_one(AuthorCardOf(wanted)).await?)
            }
            Self::Card(author) => Ok(Some(Arc::clone(&author.card))),
        }
    }
}

/// A person. Name, picture, bio and counts are public; posts, stories and lists of a private account are for its
/// followers only.
#[Object]
impl User {
    /// Opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        Kind::User.id(self.facts().id)
    }

    /// At most 30 characters; unique whatever the case.
    async fn username(&self) -> &str {
        self.facts().username
    }

    /// At most 100 characters; may be empty.
    async fn full_name(&self) -> &str {
        self.facts().full_name
    }

    /// What they say of themselves; may be empty.
    async fn bio(&self) -> &str {
        self.facts().bio
    }

    /// Their picture; null if they have none or it is not ready.
    async fn avatar(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of its sizes.", default_with = "MediaSize::Thumbnail")] size: MediaSize,
    ) -> Result<Option<Url>> {
        let Some(card) = self.card(ctx).await? else { return Ok(None) };
        let app = ctx.app()?;
        Ok(card.avatar.as_ref().and_then(|photo| media::link_of_card(app, photo, size, None)))
    }

    /// Whether only accepted followers see their posts and stories.
    async fn is_private(&self) -> bool {
        self.facts().is_private
    }

    /// Whether it was verified that they are who they say.
    async fn is_verified(&self) -> bool {
        self.facts().is_verified
    }

    /// People who follow them.
    async fn follower_count(&self) -> i64 {
        self.facts().follower_count
    }

    /// People whom they follow.
    async fn following_count(&self) -> i64 {
        self.facts().following_count
    }

    /// Their published posts.
    async fn post_count(&self) -> i64 {
        self.facts().post_count
    }

    /// How you stand to them; `NONE` when signed out.
    async fn viewer_follow_state(&self, ctx: &Context<'_>) -> Result<FollowState> {
        let state = ctx.loader()?.load_one(FollowStateOf(self.facts().id)).await?;
        Ok(state.unwrap_or(follow::FollowState::None).into())
    }

    /// Whether they follow you; false when signed out.
    async fn follows_viewer(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(FollowsViewer(self.facts().id)).await?.is_some())
    }

    /// Whether you keep their posts out of your feed; false when signed out. Only you see it.
    async fn viewer_mutes_posts(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(MutedOf(self.facts().id)).await?.is_some_and(|muted| muted.posts))
    }

    /// Whether you keep their stories out of your tray; false when signed out. Only you see it.
    async fn viewer_mutes_stories(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(MutedOf(self.facts().id)).await?.is_some_and(|muted| muted.stories))
    }

    /// Whether they are on your list of close friends; false when signed out. Only you see it: nobody learns whether they
    /// are on somebody's list.
    async fn is_viewers_close_friend(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.loader()?.load_one(ViewersCloseFriend(self.facts().id)).await?.is_some())
    }

    /// Their posts that stand first on their profile, as far as you may see them, the last pinned first: at most 3.
    async fn pinned_posts(&self, ctx: &Context<'_>) -> Result<Vec<Post>> {
        let rows = ctx.loader()?.load_one(PinnedPostsOf(self.facts().id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Post::Row).collect())
    }

    /// Their posts that you may see, newest first. Your own include those that are not published yet, and never those that
    /// are archived.
    async fn posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<PostConnection> {
        let app = ctx.app()?;
        let page = page::request(app, List::Posts, first, after.as_deref())?;
        let posts = posts::by_author(app, ctx.viewer()?.map(Viewer::id), self.facts().id, page).await?;
        Ok(PostConnection::new(posts.map(|row| (row.id, Post::Row(row))), after.is_some()))
    }

    /// Those who follow them, newest first. Empty if it is a private account that you don't follow.
    async fn followers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.facts().id, Side::Followers, first, after).await
    }

    /// Those whom they follow, newest first. Empty if it is a private account that you don't follow.
    async fn following(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which the page begins.")] after: Option<String>,
    ) -> Result<UserConnection> {
        people(ctx, self.facts().id, Side::Following, first, after).await
    }

    /// Their live stories that you may see, oldest first, as they are watched; at most 100.
    async fn stories(&self, ctx: &Context<'_>) -> Result<Vec<Story>> {
        let rows = ctx.loader()?.load_one(StoriesOfAuthor(self.facts().id)).await?;
        Ok(rows.unwrap_or_default().into_iter().map(Story::from).collect())
    }

    /// When they signed up.
    async fn created_at(&self) -> DateTime<Utc> {
        self.facts().created_at
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
        .filter_map(|(id, account)| found.remove(&AccountById(account)).map(|row| (id, User::Row(row))))
        .collect();
    Ok(Page { items, has_next: page.has_next })
}
