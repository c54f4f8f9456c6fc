//! Signing in and out.

use async_graphql::{Context, ID, InputObject, Object};
use darkroom_service::{account, session};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Session, Viewer};

#[derive(Default)]
pub(crate) struct SessionMutation;

/// Who you are.
#[derive(InputObject)]
pub(crate) struct SignInInput {
    /// Your username or e-mail address, whatever the case.
    login: String,
    /// Your password.
    password: String,
}

payload! {
    /// What came of `signIn`.
    SignInPayload {
        /// You.
        viewer: Viewer,
        /// Your session on this device.
        session: Session,
    }
}

payload! {
    /// What came of `signOut`.
    SignOutPayload {}
}

/// Which session to end.
#[derive(InputObject)]
pub(crate) struct RevokeSessionInput {
    /// One of `Viewer.sessions`.
    session_id: ID,
}

payload! {
    /// What came of `revokeSession`.
    RevokeSessionPayload {}
}

#[Object]
impl SessionMutation {
    /// Signs you in. An unknown login and a wrong password get the same answer.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let app = ctx.acting()?;
        let signed_in = account::sign_in(&app, &input.login, input.password, ctx.caller()?.origin()).await;
        let (made, user_errors) = settle(signed_in)?;
        let (viewer, session) = made.map(|(viewer, session)| (Viewer(viewer), session.into())).unzip();
        Ok(SignInPayload { viewer, session, user_errors })
    }

    /// Ends the session that asks: its token is worth nothing from now on.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        session::close(ctx.app()?, ctx.signed_in()?).await?;
        Ok(SignOutPayload { user_errors: Vec::new() })
    }

    /// Ends one of your sessions, for instance that of a lost phone.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: RevokeSessionInput,
    ) -> Result<RevokeSessionPayload> {
        let (app, viewer) = (ctx.acting()?, ctx.signed_in()?);
        let revoked = async {
            let id = Kind::Session.parse("sessionId", &input.session_id)?;
            session::revoke(&app, viewer, id).await
        };
        let (_, user_errors) = settle(revoked.await)?;
        Ok(RevokeSessionPayload { user_errors })
    }
}
