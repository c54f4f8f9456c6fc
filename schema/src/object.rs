//! What the API returns.

mod collection;
mod comment;
mod feed;
mod hot;
mod instance;
mod media;
mod node;
mod notification;
mod post;
mod session;
mod setting;
mod story;
mod upload;
mod url;
mod user;
mod viewer;

pub(crate) use collection::{Collection, CollectionConnection};
pub(crate) use comment::{Comment, CommentConnection};
pub(crate) use feed::{FeedConnection, FeedMode};
pub(crate) use instance::Instance;
pub(crate) use media::{Media, MediaFailure, MediaFormat, MediaSize, MediaStatus};
pub(crate) use node::Node;
pub(crate) use notification::{
    Notification, NotificationConnection, NotificationKind, NotificationSenders, NotificationSetting,
};
pub(crate) use post::{Audience, Commenters, Post, PostConnection};
pub(crate) use session::{DeviceSession, DeviceSessionConnection, Session};
pub(crate) use setting::ViewerSettings;
pub(crate) use story::{Story, StoryReelConnection};
pub(crate) use upload::MediaUpload;
pub(crate) use url::Url;
pub(crate) use user::{User, UserConnection};
pub(crate) use viewer::Viewer;
