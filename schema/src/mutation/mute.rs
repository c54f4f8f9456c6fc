//! Muting.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::mute::{self, Muted};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::User;

#[derive(Default)]
pub(crate) struct MuteMutation;

/// Whom to mute.
#[derive(InputObject)]
pub(crate) struct MuteUserInput {
    /// Somebody else, whether you follow them or not.
    user_id: ID,
    /// Whether to keep their posts out of your feed.
    #[graphql(default = true)]
    posts: bool,
    /// Whether to keep their stories out of your tray.
    #[graphql(default = true)]
    stories: bool,
}

payload! {
    /// What came of `muteUser`.
    MuteUserPayload {
        /// The person, with your new `viewerMutesPosts` and `viewerMutesStories`.
        user: User,
    }
}

/// Whom to mute no longer.
#[derive(InputObject)]
pub(crate) struct UnmuteUserInput {
    /// Somebody whom you mute.
    user_id: ID,
}

payload! {
    /// What came of `unmuteUser`.
    UnmuteUserPayload {
        /// The person, whose posts and stories come to you again if you follow them.
        user: User,
    }
}

#[Object]
impl MuteMutation {
    /// Keeps a person's posts out of your feed, their stories out of your tray, or both; it replaces what you muted of them
    /// before. They are not told, and everything of theirs stays where it is. Doing it twice changes nothing.
    async fn mute_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MuteUserInput,
    ) -> Result<MuteUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let what = Muted { posts: input.posts, stories: input.stories };
        let done = async { mute::mute(app, viewer, Kind::User.parse("userId", &input.user_id)?, what).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(MuteUserPayload { user: user.map(User::Row), user_errors })
    }

    /// Mutes a person no longer: their posts and stories are back at once, those of the meantime too. Doing it twice changes
    /// nothing.
    async fn unmute_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnmuteUserInput,
    ) -> Result<UnmuteUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { mute::unmute(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(UnmuteUserPayload { user: user.map(User::Row), user_errors })
    }
}
