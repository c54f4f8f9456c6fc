//! What can be listened to: a file a subscription.
//!
//! ```text
//!   watch      the loop of all of them: listen, wake, is the session still there, look, say
//!   arrivals   lists that grow: what is new since a place, nothing twice, nothing left out
//!   track      which place that is
//!   common     what many listeners ask at one moment, asked once
//! ```

mod arrivals;
mod comment;
mod common;
mod feed;
mod media;
mod notification;
mod track;
mod watch;

pub(crate) use common::Common;

/// What can be listened to.
#[derive(Default, async_graphql::MergedSubscription)]
pub struct Subscription(
    media::MediaSubscription,
    feed::FeedSubscription,
    notification::NotificationSubscription,
    comment::CommentSubscription,
);
