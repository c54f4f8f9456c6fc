//! What can be asked.

mod account;
mod feed;
mod instance;
mod node;
mod story;

/// What can be asked.
#[derive(Default, async_graphql::MergedObject)]
pub struct Query(account::AccountQuery, feed::FeedQuery, instance::InstanceQuery, node::NodeQuery, story::StoryQuery);
