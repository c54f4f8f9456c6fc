//! What one is told: marking it as read, choosing what to be told.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::notification::{self, Setting};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{NotificationKind, NotificationSenders, NotificationSetting, Viewer};

#[derive(Default)]
pub(crate) struct NotificationMutation;

/// Up to where you have read.
#[derive(InputObject)]
pub(crate) struct MarkNotificationsReadInput {
    /// The newest that you have read: it and everything before it, its whole group too. Without it: everything so far.
    up_to_id: Option<ID>,
}

payload! {
    /// What came of `markNotificationsRead`.
    MarkNotificationsReadPayload {
        /// You, with your new `unreadNotificationCount`.
        viewer: Viewer,
        /// How many are unread now, up to 100.
        unread_notification_count: i32,
    }
}

/// What you want to be told of one kind.
#[derive(InputObject)]
pub(crate) struct NotificationSettingInput {
    /// What happened.
    kind: NotificationKind,
    /// By whose doings you want to be told.
    senders: NotificationSenders,
}

/// What you want to be told.
#[derive(InputObject)]
pub(crate) struct UpdateNotificationSettingsInput {
    /// The kinds to change, each once; the others stay as they are.
    settings: Vec<NotificationSettingInput>,
}

payload! {
    /// What came of `updateNotificationSettings`.
    UpdateNotificationSettingsPayload {
        /// Your settings of all kinds as they are now.
        settings: Vec<NotificationSetting>,
        /// You.
        viewer: Viewer,
    }
}

#[Object]
impl NotificationMutation {
    /// Marks what you were told as read. Doing it twice changes nothing.
    async fn mark_notifications_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MarkNotificationsReadInput,
    ) -> Result<MarkNotificationsReadPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let marked = async {
            let up_to = input.up_to_id.map(|id| Kind::Notification.parse("upToId", &id)).transpose()?;
            notification::mark_read(app, viewer, up_to).await?;
            notification::unread_count(app, viewer).await
        };
        let (unread, user_errors) = settle(marked.await)?;
        Ok(MarkNotificationsReadPayload {
            viewer: unread.map(|_| Viewer(viewer.clone())),
            unread_notification_count: unread.map(|count| count as i32),
            user_errors,
        })
    }

    /// Chooses by whose doings you want to be told, kind by kind. It counts for what happens from now on. Doing it twice
    /// changes nothing.
    async fn update_notification_settings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UpdateNotificationSettingsInput,
    ) -> Result<UpdateNotificationSettingsPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let changes = input.settings.into_iter();
        let changes = changes.map(|one| Setting { kind: one.kind.into(), senders: one.senders.into() }).collect();
        let (settings, user_errors) = settle(notification::update_settings(app, viewer, changes).await)?;
        Ok(UpdateNotificationSettingsPayload {
            viewer: settings.as_ref().map(|_| Viewer(viewer.clone())),
            settings: settings.map(|all| all.into_iter().map(NotificationSetting::from).collect()),
            user_errors,
        })
    }
}
