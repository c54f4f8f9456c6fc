//! What can be changed.
//!
//! Every mutation takes one input and returns one payload: what changed, and `userErrors`, of which one entry means that
//! nothing was changed.

mod account;
mod archive;
mod block;
mod close_friend;
mod collection;
mod comment;
mod follow;
mod like;
mod media;
mod mute;
mod notification;
mod pin;
mod post;
mod save;
mod session;
mod setting;
mod story;
mod upload;

/// What can be changed.
#[derive(Default, async_graphql::MergedObject)]
pub struct Mutation(
    account::AccountMutation,
    session::SessionMutation,
    media::MediaMutation,
    upload::UploadMutation,
    post::PostMutation,
    like::LikeMutation,
    follow::FollowMutation,
    block::BlockMutation,
    mute::MuteMutation,
    close_friend::CloseFriendMutation,
    archive::ArchiveMutation,
    pin::PinMutation,
    story::StoryMutation,
    comment::CommentMutation,
    save::SaveMutation,
    collection::CollectionMutation,
    notification::NotificationMutation,
    setting::SettingMutation,
);

/// Declares a payload: what changed, and what was wrong.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $name {
            $($(#[$field_doc])* $field: Option<$type>,)*
            /// What kept it from being carried out; empty if it was.
            user_errors: Vec<crate::error::UserError>,
        }
    };
}
pub(crate) use payload;
