//! What operators see.

mod action;
mod feature;
mod job;
mod media;
mod person;
mod queue;
mod work;

pub(super) use action::{Action, ActionConnection};
pub(super) use feature::{Feature, FeatureName};
pub(super) use job::{Job, JobConnection, JobState};
pub(super) use media::MediaTrace;
pub(super) use person::Person;
pub(super) use queue::{Queue, QueueName};
pub(super) use work::Work;
