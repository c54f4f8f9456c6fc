//! What can be listened to: a file a subscription.
//!
//! ```text
//!   watch      the loop of all of them: listen, wake, is the session still there, look, say
//!   arrivals   lists that grow: what is new since a place, nothing twice, nothing left out
//!   track      which place that is
//!   common     what many listeners ask at one moment, asked once
//!   apart      what holds something that others wait for, in a task of its own
//!   turn       what a field is called for: to begin, or to say something
//! ```

mod apart;
mod arrivals;
mod comment;
mod common;
mod feed;
mod media;
mod notification;
mod track;
mod turn;
mod watch;

use std::borrow::Cow;
use std::pin::Pin;

use async_graphql::registry::Registry;
use async_graphql::{Context, MergedObject, OutputType, Response, SubscriptionType};
use futures::stream::Stream;

pub(crate) use apart::apart;
pub(crate) use common::Common;
pub(crate) use turn::{Thing, Turn};

/// What can be listened to.
#[derive(Default, MergedObject)]
#[graphql(name = "Subscription")]
pub(crate) struct Root(
    media::MediaSubscription,
    feed::FeedSubscription,
    notification::NotificationSubscription,
    comment::CommentSubscription,
);

/// What can be listened to, as the schema shows it. Executions have a root of their own.
pub struct Subscription;

impl SubscriptionType for Subscription {
    fn type_name() -> Cow<'static, str> {
        Root::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Root::create_type_info(registry)
    }

    fn create_field_stream<'a>(
        &'a self,
        _: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        None
    }
}
