//! What people are told.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use darkroom_entity::{notification, notification_setting};
use darkroom_service::Error;
use darkroom_service::notification::{self as rules, ACTORS, Group};

use super::{Comment, Post, User};
use crate::context::RequestContext;
use crate::cursor::{self, List};
use crate::error::Result;
use crate::id::Kind;
use crate::loader::{AccountById, CommentById, GroupOfNotification, PostById};
use crate::page::connection;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "notification::Kind")]
pub(crate) enum NotificationKind {
    /// People like your post.
    PostLike,
    /// People like your comment.
    CommentLike,
    /// People commented on your post.
    Comment,
    /// People answered your comment.
    Reply,
    /// Somebody mentions you, in a caption (then `comment` is null) or in a comment.
    Mention,
    /// People follow you.
    Follow,
    /// People ask to follow you: see `Viewer.followRequests`.
    FollowRequest,
    /// People let you follow them.
    FollowAccepted,
}

/// By whose doings you want to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "notification_setting::Senders")]
pub(crate) enum NotificationSenders {
    /// Everyone's.
    Everyone,
    /// Those of people whom you follow.
    Following,
    /// Nobody's: you are not told of this kind.
    Nobody,
}

/// What you want to be told of one kind.
#[derive(Debug, Clone, SimpleObject)]
pub(crate) struct NotificationSetting {
    /// What happened.
    kind: NotificationKind,
    /// By whose doings; `EVERYONE` unless you chose otherwise.
    senders: NotificationSenders,
}

impl From<rules::Setting> for NotificationSetting {
    fn from(setting: rules::Setting) -> Self {
        Self { kind: setting.kind.into(), senders: setting.senders.into() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Notification(pub(crate) notification::Model);

impl Notification {
    async fn group(&self, ctx: &Context<'_>) -> Result<Group> {
        Ok(ctx.loader()?.load_one(GroupOfNotification(self.0.id)).await?.unwrap_or_default())
    }
}

/// Something that you were told: one event, and with it everything of its group up to it. A group is what happened in the
/// same way to the same thing on one UTC day, so that it reads "ada, ben and 12 others like your post". Only you see it.
#[Object]
impl Notification {
    /// Opaque, and the same for ever. When more happens, the group goes on as another notification with the same
    /// `groupKey`.
    pub(crate) async fn id(&self) -> ID {
        Kind::Notification.id(self.0.id)
    }

    /// Its place, for `notificationAdded(after:)`. Pages of `Viewer.notifications` go on after a cursor of theirs.
    async fn cursor(&self) -> String {
        cursor::encode(List::Notifications, self.0.id)
    }

    /// Opaque, the same for all of its group: show the newest of them only.
    async fn group_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0.group_key)
    }

    /// What happened.
    async fn kind(&self) -> NotificationKind {
        self.0.kind.into()
    }

    /// Whose doing it was; of a group the newest.
    async fn actor(&self, ctx: &Context<'_>) -> Result<User> {
        let actor = ctx.loader()?.load_one(AccountById(self.0.actor_id)).await?;
        Ok(User::Row(actor.ok_or_else(|| Error::not_found("id", "notification"))?))
    }

    /// The people behind it whom you may see, newest first, each once.
    async fn actors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1–10.", default = 3)] first: i32,
    ) -> Result<Vec<User>> {
        let first = usize::try_from(first).ok().filter(|first| (1..=ACTORS).contains(first));
        let first = first.ok_or_else(|| Error::invalid("first", format!("1 to {ACTORS} are told by name.")))?;
        let newest = self.group(ctx).await?.actors.into_iter().take(first);
        let keys: Vec<AccountById> = newest.map(AccountById).collect();
        let mut people = ctx.loader()?.load_many(keys.iter().copied()).await?;
        Ok(keys.iter().filter_map(|key| people.remove(key)).map(User::Row).collect())
    }

    /// How many people stand behind it whom you may see, `actor` among them. Counted among the newest 100 events of its
    /// group: 100 means 100 or more.
    async fn actor_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.group(ctx).await?.actor_count)
    }

    /// The post that it is about, or below which the comment stands; null if it is about no post.
    async fn post(&self, ctx: &Context<'_>) -> Result<Option<Post>> {
        let Some(post_id) = self.0.post_id else { return Ok(None) };
        Ok(ctx.loader()?.load_one(PostById(post_id)).await?.map(Post::Row))
    }

    /// The comment that it is about: the newest that was said, or yours that is liked; null if it is about none.
    async fn comment(&self, ctx: &Context<'_>) -> Result<Option<Comment>> {
        let Some(comment_id) = self.0.comment_id else { return Ok(None) };
        Ok(ctx.loader()?.load_one(CommentById(comment_id)).await?.map(Comment))
    }

    /// When you marked it as read; null if it is unread.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }

    /// When you were told.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

connection! {
    /// A page of what you were told.
    NotificationConnection of
    /// Something that you were told, and its place in the list.
    NotificationEdge { Notification } in List::Notifications
}
