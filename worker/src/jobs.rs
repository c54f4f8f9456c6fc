//! The jobs of Darkroom: one thin file a job. A new one is a payload in `service/job.rs`, a verb in `service`, a file here
//! and a line in [`Registry::all`].

mod accept_follow_requests;
mod audit_feeds;
mod change_delivery;
mod clean_block;
mod encode_webp;
mod expire_story;
mod fan_out_post;
mod heartbeat;
mod notify;
mod process_media;
mod purge_collection;
mod purge_comment;
mod purge_objects;
mod purge_post;
mod recount;
mod sweep_changes;
mod sweep_follows;
mod sweep_idempotency;
mod sweep_impressions;
mod sweep_media;
mod sweep_notifications;
mod sweep_objects;
mod sweep_operator_actions;
mod sweep_sessions;
mod sweep_stories;
mod sweep_uploads;
mod warm_feeds;

use darkroom_service::job::{
    AcceptFollowRequests, AuditFeeds, ChangeDelivery, CleanBlock, EncodeWebp, ExpireStory, FanOutPost, Heartbeat,
    Notify, ProcessMedia, PurgeCollection, PurgeComment, PurgeObjects, PurgePost, Recount, SweepChanges, SweepFollows,
    SweepIdempotency, SweepImpressions, SweepMedia, SweepNotifications, SweepObjects, SweepOperatorActions,
    SweepSessions, SweepStories, SweepUploads, WarmFeeds,
};

use crate::registry::Registry;

impl Registry {
    /// Every job of Darkroom.
    #[must_use]
    pub fn all() -> Self {
        Self::new()
            .with::<ProcessMedia>()
            .with::<EncodeWebp>()
            .with::<FanOutPost>()
            .with::<ChangeDelivery>()
            .with::<AuditFeeds>()
            .with::<WarmFeeds>()
            .with::<Notify>()
            .with::<AcceptFollowRequests>()
            .with::<CleanBlock>()
            .with::<PurgePost>()
            .with::<PurgeComment>()
            .with::<PurgeCollection>()
            .with::<Recount>()
            .with::<PurgeObjects>()
            .with::<ExpireStory>()
            .with::<SweepStories>()
            .with::<SweepFollows>()
            .with::<SweepImpressions>()
            .with::<SweepMedia>()
            .with::<SweepUploads>()
            .with::<SweepObjects>()
            .with::<SweepChanges>()
            .with::<SweepSessions>()
            .with::<SweepIdempotency>()
            .with::<SweepNotifications>()
            .with::<SweepOperatorActions>()
            .with::<Heartbeat>()
    }
}

#[cfg(test)]
mod tests {
    use darkroom_service::job::SCHEDULES;

    use super::*;

    #[test]
    fn everything_that_comes_back_has_a_handler_that_reads_an_empty_payload() {
        let registry = Registry::all();
        for schedule in SCHEDULES {
            assert!(registry.get(schedule.name).is_some(), "{} has no handler", schedule.name);
        }
    }
}
