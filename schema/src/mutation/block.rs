//! Blocking.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::block;

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::User;

#[derive(Default)]
pub(crate) struct BlockMutation;

/// Whom to block.
#[derive(InputObject)]
pub(crate) struct BlockUserInput {
    /// Somebody else.
    user_id: ID,
}

payload! {
    /// What came of `blockUser`.
    BlockUserPayload {
        /// The person, whose `viewerFollowState` is `BLOCKED` now.
        user: User,
    }
}

/// Whom to block no longer.
#[derive(InputObject)]
pub(crate) struct UnblockUserInput {
    /// Somebody whom you block.
    user_id: ID,
}

payload! {
    /// What came of `unblockUser`.
    UnblockUserPayload {
        /// The person, with your new `viewerFollowState`.
        user: User,
    }
}

#[Object]
impl BlockMutation {
    /// Blocks a person, who is not told: from now on neither of you sees anything of the other, and they find you no more than
    /// a name that nobody has. Follows and requests, either way, and places among close friends end at once; likes and comments
    /// that you left with each other are removed within minutes. Doing it twice changes nothing.
    async fn block_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BlockUserInput,
    ) -> Result<BlockUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { block::block(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(BlockUserPayload { user: user.map(User::Row), user_errors })
    }

    /// Takes a block back. What it ended does not come back. Doing it twice changes nothing.
    async fn unblock_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UnblockUserInput,
    ) -> Result<UnblockUserPayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let done = async { block::unblock(app, viewer, Kind::User.parse("userId", &input.user_id)?).await };
        let (user, user_errors) = settle(done.await)?;
        Ok(UnblockUserPayload { user: user.map(User::Row), user_errors })
    }
}
