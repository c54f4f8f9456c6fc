//! Signing up, and one's profile.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use darkroom_service::account::{self, NewAccount, ProfileChange};

use super::payload;
use crate::context::RequestContext;
use crate::error::{Result, settle};
use crate::id::Kind;
use crate::object::{Session, User, Viewer};

#[derive(Default)]
pub(crate) struct AccountMutation;

/// Who you want to be.
#[derive(InputObject)]
pub(crate) struct SignUpInput {
    /// 1–30 letters a–z, digits, dots and underscores; unique whatever the case.
    username: String,
    /// At most 255 characters; unique whatever the case.
    email: String,
    /// 8–256 characters.
    password: String,
    /// At most 100 characters.
    #[graphql(default)]
    full_name: String,
}

payload! {
    /// What came of `signUp`.
    SignUpPayload {
        /// You.
        viewer: Viewer,
        /// Your session on this device.
        session: Session,
    }
}

/// What to change of your profile. What is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateProfileInput {
    /// At most 100 characters.
    full_name: Option<String>,
    /// At most `Instance.bioMaxChars` characters.
    bio: Option<String>,
    /// One of your uploaded photos that is not in use; null removes your picture.
    avatar_media_id: MaybeUndefined<ID>,
    /// Whether only accepted followers see your posts and stories. Once it is false, all who asked to follow you do.
    is_private: Option<bool>,
}

payload! {
    /// What came of `updateProfile`.
    UpdateProfilePayload {
        /// You, as others see you now.
        user: User,
    }
}

#[Object]
impl AccountMutation {
    /// Makes an account and signs you in.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: SignUpInput,
    ) -> Result<SignUpPayload> {
        let SignUpInput { username, email, password, full_name } = input;
        let new = NewAccount { username, email, password, full_name };
        let app = ctx.acting()?;
        let (made, user_errors) = settle(account::sign_up(&app, new, ctx.caller()?.origin()).await)?;
        let (viewer, session) = made.map(|(viewer, session)| (Viewer(viewer), session.into())).unzip();
        Ok(SignUpPayload { viewer, session, user_errors })
    }

    /// Changes your profile.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: UpdateProfileInput,
    ) -> Result<UpdateProfilePayload> {
        let (app, viewer) = (ctx.app()?, ctx.signed_in()?);
        let changed = async {
            let avatar = match &input.avatar_media_id {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(id) => Some(Some(Kind::Media.parse("avatarMediaId", id)?)),
            };
            let change = ProfileChange {
                full_name: input.full_name,
                bio: input.bio,
                avatar_media_id: avatar,
                is_private: input.is_private,
            };
            account::update_profile(app, viewer, change).await
        };
        let (account, user_errors) = settle(changed.await)?;
        Ok(UpdateProfilePayload { user: account.map(User::Row), user_errors })
    }
}
