//! What operators can do.

mod feature;
mod job;
mod person;
mod queue;

/// What operators can do.
#[derive(Default, async_graphql::MergedObject)]
#[graphql(name = "Mutation")]
pub struct Mutation(job::JobMutation, queue::QueueMutation, person::PersonMutation, feature::FeatureMutation);
