//! Following.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::follow;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::User;

#[derive(Default)]
pub(crate) struct FollowMutation;

/// Whom to follow.
#[derive(InputObject)]
pub(crate) struct FollowUserInput {
    /// Somebody else.
    user_id: ID,
}

payload! {
    /// What came of `followUser`.
    FollowUserPayload {
        /// The person, with your new `viewerFollowState`.
        user: User,
    }
}

/// Whom to follow no longer.
#[derive(InputObject)]
pub(crate) struct UnfollowUserInput {
    /// Somebody else.
    user_id: ID,
}

payload! {
    /// What came of `unfollowUser`.
    UnfollowUserPayload {
        /// The person, with your new `viewerFollowState`.
        user: User,
    }
}

/// Whom to have as a follower no longer.
#[derive(InputObject)]
pub(crate) struct RemoveFollowerInput {
    /// Somebody who follows you, or asks to.
    user_id: ID,
}

payload! {
    /// What came of `removeFollower`.
    RemoveFollowerPayload {
        /// The person, whose `followsViewer` is false now.
        user: User,
    }
}

/// Whom to let in.
#[derive(InputObject)]
pub(crate) struct AcceptFollowRequestInput {
    /// One of `Viewer.followRequests`.
    user_id: ID,
}

payload! {
    /// What came of `acceptFollowRequest`.
    AcceptFollowRequestPayload {
        /// The person, who follows you now.
        user: User,
    }
}

/// Whom not to let in.
#[derive(InputObject)]
pub(crate) struct DeclineFollowRequestInput {
    /// One of `Viewer.followRequests`.
    user_id: ID,
}

payload! {
    /// What came of `declineFollowRequest`.
    DeclineFollowRequestPayload {
        /// The person, who is not told.
        user: User,
    }
}

#[Object]
impl FollowMutation {
    /// Follows a person at once, or asks a private account to be let in. Doing it twice changes nothing.
    ///
    /// You can't follow whom you block (`CONFLICT`). There is a limit to how many you follow, to how many answers you wait
    /// for (`CONFLICT`), and to how many follows you begin within an hour (a top-level error `RATE_LIMITED`).
    async fn follow_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: FollowUserInput,
    ) -> Result<FollowUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { follow::follow(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(FollowUserPayload { user: user.map(User::Row), user_errors })
    }

    /// Ends a follow, or takes a request back. Doing it twice changes nothing.
    async fn unfollow_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnfollowUserInput,
    ) -> Result<UnfollowUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { follow::unfollow(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(UnfollowUserPayload { user: user.map(User::Row), user_errors })
    }

    /// Ends a person's follow of you, or refuses their request. They are not told, and may follow you again. Doing it twice
    /// changes nothing.
    async fn remove_follower(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RemoveFollowerInput,
    ) -> Result<RemoveFollowerPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { follow::remove_follower(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(RemoveFollowerPayload { user: user.map(User::Row), user_errors })
    }

    /// Lets a person in who asked to follow you.
    async fn accept_follow_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AcceptFollowRequestInput,
    ) -> Result<AcceptFollowRequestPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let done = async { follow::accept(&app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(AcceptFollowRequestPayload { user: user.map(User::Row), user_errors })
    }

    /// Refuses a person who asked to follow you.
    async fn decline_follow_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: DeclineFollowRequestInput,
    ) -> Result<DeclineFollowRequestPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let done = async { follow::decline(&app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(DeclineFollowRequestPayload { user: user.map(User::Row), user_errors })
    }
}
