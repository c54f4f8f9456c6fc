//! Keeping people out.

use async_graphql::{Context, InputObject, Object};
use darkroom_service::account;

use crate::admin::actor;
use crate::admin::object::Person;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::mutation::payload;

#[derive(Default)]
pub(crate) struct PersonMutation;

/// Whom to keep out.
#[derive(InputObject)]
pub(crate) struct SuspendPersonInput {
    /// Their username, whatever the case. Not your own.
    username: String,
}

payload! {
    /// What came of `suspendPerson`.
    SuspendPersonPayload {
        /// The person as they are now.
        person: Person,
    }
}

/// Whom to let in again.
#[derive(InputObject)]
pub(crate) struct ReinstatePersonInput {
    /// Their username, whatever the case.
    username: String,
}

payload! {
    /// What came of `reinstatePerson`.
    ReinstatePersonPayload {
        /// The person as they are now.
        person: Person,
    }
}

#[Object]
impl PersonMutation {
    /// Keeps a person out: their sessions end, they can't sign in, and nobody sees anything of them. Nothing is deleted. Doing it
    /// twice changes nothing.
    async fn suspend_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SuspendPersonInput,
    ) -> Result<SuspendPersonPayload> {
        let suspended = account::suspend(ctx.app()?, actor(ctx)?, &input.username).await;
        let (person, user_errors) = settle(suspended)?;
        Ok(SuspendPersonPayload { person: person.map(Person), user_errors })
    }

    /// Lets a suspended person in again, with everything as it was. They sign in anew. Doing it twice changes nothing.
    async fn reinstate_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: ReinstatePersonInput,
    ) -> Result<ReinstatePersonPayload> {
        let reinstated = account::reinstate(ctx.app()?, actor(ctx)?, &input.username).await;
        let (person, user_errors) = settle(reinstated)?;
        Ok(ReinstatePersonPayload { person: person.map(Person), user_errors })
    }
}
