//! Everything that has an id.

use async_graphql::{ID, Interface};

use super::{Collection, Comment, Media, Post, Story, User};

/// Something that can be looked up by its id.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque, and the same for ever."))]
pub(crate) enum Node {
    /// A person.
    User(User),
    /// A post.
    Post(Post),
    /// A photo.
    Media(Media),
    /// A story.
    Story(Story),
    /// A comment.
    Comment(Comment),
    /// A collection of yours.
    Collection(Collection),
}
