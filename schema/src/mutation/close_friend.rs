//! Close friends.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::close_friend;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::User;

#[derive(Default)]
pub(crate) struct CloseFriendMutation;

/// Whom to count among your close friends.
#[derive(InputObject)]
pub(crate) struct AddCloseFriendInput {
    /// Somebody else, whether they follow you or not.
    user_id: ID,
}

payload! {
    /// What came of `addCloseFriend`.
    AddCloseFriendPayload {
        /// The person, whose `isViewersCloseFriend` is true now.
        user: User,
    }
}

/// Whom to count among your close friends no longer.
#[derive(InputObject)]
pub(crate) struct RemoveCloseFriendInput {
    /// Somebody on your list.
    user_id: ID,
}

payload! {
    /// What came of `removeCloseFriend`.
    RemoveCloseFriendPayload {
        /// The person, whose `isViewersCloseFriend` is false now.
        user: User,
    }
}

#[Object]
impl CloseFriendMutation {
    /// Puts a person on your list of close friends, of at most 1,000: they see what you post for close friends, what is there
    /// already too, and have it in their feed if they follow you. Nobody is told. Doing it twice changes nothing.
    async fn add_close_friend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AddCloseFriendInput,
    ) -> Result<AddCloseFriendPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { close_friend::add(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(AddCloseFriendPayload { user: user.map(User::Row), user_errors })
    }

    /// Takes a person off your list of close friends: they see nothing for close friends any more, at once and everywhere.
    /// Nobody is told. Doing it twice changes nothing.
    async fn remove_close_friend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RemoveCloseFriendInput,
    ) -> Result<RemoveCloseFriendPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { close_friend::remove(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(RemoveCloseFriendPayload { user: user.map(User::Row), user_errors })
    }
}
